import { shown } from '../checks/expect';

/** Where an image is: registry, repository, tag and digest, as Docker writes it. */
const REFERENCE = /^(?:\[[0-9a-f:]+\](?::\d+)?\/)?[\w.-]+(?::\d+)?(?:\/[\w.-]+)*(?::[\w.-]+)?(?:@[\w+.-]+:[0-9a-f]+)?$/i;

/** Refuses what is not the name of an image. A URL is not repeated: it may hold a password. */
export function checkImageReference(image: string | undefined, what: string): void {
  if (image === undefined || REFERENCE.test(image)) return;
  throw new Error(`${what} ${/:\/\/|@/.test(image) ? 'as a URL or with credentials' : shown(image)}: `
    + 'expected the name of an image such as "public.ecr.aws/lambda/nodejs:24"; docker login keeps the credentials of a registry');
}
