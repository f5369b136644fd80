import type { BucketLocation } from '../aws/s3-objects';
import type { RuntimeConfig } from '../base/config';
import { ConfigError } from '../base/errors';
import { shown } from '../base/shown';

/** The name of the bootstrap step that gives access to the results. */
export const RESULTS_STEP = 'results';

/** The characters are those of a manifest's key. Synthesis has the same rule. */
const LOCATION = /^s3:\/\/([^/?#]+)\/((?:(?!\.{1,2}\/)[\w.=:@-]+\/)+)$/;

/** Where results are written. */
export interface ResultLocation extends BucketLocation {
  readonly bucket: string;
  /** Ends with a slash. */
  readonly prefix: string;
}

/** Reads `s3://bucket/prefix/`. Throws `CONFIG` for anything else; `name` is the setting's name. */
export function resultLocation(url: string, name: string, { steps, settings }: RuntimeConfig): ResultLocation {
  const [, bucket, prefix] = LOCATION.exec(url) ?? [];
  if (bucket === undefined || prefix === undefined) {
    throw new ConfigError(`${name} is ${shown(url)}, expected a bucket and folders, such as "s3://my-bucket/results/", which end with "/": letters, digits and `
      + '_ - . = : @, without a folder "." or ".."');
  }
  const { ca_cert_file: caFile } = settings;
  const { region, endpoint } = steps.find((step) => step.name === RESULTS_STEP && step.type === 's3')?.config ?? {};
  return { bucket, prefix, ...(typeof region === 'string' && { region }), ...(typeof endpoint === 'string' && { endpoint }), ...(caFile && { caFile }) };
}
