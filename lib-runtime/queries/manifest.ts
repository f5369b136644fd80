import type { ResultFormat } from './result-format';
import { ConfigError } from '../base/errors';
import { shown } from '../base/shown';
import type { Column } from '../values/column';

/** A file of a result. */
export interface ResultFile {
  /** Its `s3://` URL. */
  readonly url: string;
  readonly rows: number;
  readonly bytes: number;
}

/** What a `manifest.json` says of a result. It is written last: while there is none, the result does not exist. */
export interface ResultManifest {
  readonly version: 1;
  /** The query's name. */
  readonly query: string;
  /** The names of the parameters. Their values may be secret. */
  readonly parameters: readonly string[];
  readonly format: ResultFormat;
  readonly rowCount: number;
  /** Of all files. */
  readonly bytes: number;
  readonly columns: readonly Column[];
  readonly files: readonly ResultFile[];
}

const EXTENSION = '.json';
const FILE = 'manifest.json';
/** S3 allows 1,024 bytes, and the location's prefix and the name of the data file come in addition. */
const LONGEST_KEY = 512;
/** DuckDB reads ?, * and [ in a URL as something else, and HTTP clients resolve the parts . and .. as folders. */
const KEY = /^(?!\.{1,2}(?:\/|$))[\w.=:@-]+(?:\/(?!\.{1,2}(?:\/|$))[\w.=:@-]+)*$/;

/** `key`, relative to the location of the results. Throws `CONFIG` if it cannot be the key of a manifest. */
export function manifestKey(key: unknown): string {
  if (typeof key === 'string' && key.length <= LONGEST_KEY && key.endsWith(EXTENSION) && KEY.test(key.slice(0, -EXTENSION.length))) return key;
  throw new ConfigError(`output.key is ${shown(key)}, expected the key of a manifest below the location of the results, such as "2025-01/sales.json": ` +
    `parts of letters, digits and _ - . = : @ between single slashes, none of them "." or "..", also without its "${EXTENSION}", "${EXTENSION}" at the end, at most ${LONGEST_KEY} characters`);
}

/** The key of a manifest that the caller did not choose. */
export function defaultManifestKey(query: string, request: string): string {
  return `${query}/${request}/${FILE}`;
}

/** The prefix of a result's data, which belongs to one attempt: another attempt at the same manifest has another. */
export function attemptPrefix(key: string, attempt: string): string {
  const folder = key.endsWith(`/${FILE}`) || key === FILE ? key.slice(0, -FILE.length) : `${key.slice(0, -EXTENSION.length)}/`;
  return `${folder}${attempt}/`;
}
