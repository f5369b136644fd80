import { shown } from '../checks/expect';

/** An image's registry, repository, tag and digest, as Docker writes them. */
const REFERENCE = /^(?:\[[0-9a-f:]+\](?::\d+)?\/)?[\w.-]+(?::\d+)?(?:\/[\w.-]+)*(?::[\w.-]+)?(?:@[\w+.-]+:[0-9a-f]+)?$/i;

/** Refuses text that is not the name of an image. The error does not repeat a URL, because it may contain a password. */
export function checkImageReference(image: string | undefined, what: string): void {
  if (image === undefined || REFERENCE.test(image)) return;
  throw new Error(`${what} ${/:\/\/|@/.test(image) ? 'as a URL or with credentials' : shown(image)}: `
    + 'expected the name of an image such as "public.ecr.aws/lambda/nodejs:24"; docker login keeps the credentials of a registry');
}
