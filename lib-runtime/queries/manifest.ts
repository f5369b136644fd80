import type { ResultFormat } from './result-format';
import type { ResultLocation } from './result-location';
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

const PARTS = 'parts of letters, digits and _ - . = : @ between single slashes, none of them "." or ".."';

/** Whether `text` is a key, or a part of one, that everything reads as it is. */
export function isPlainKey(text: string): boolean {
  return KEY.test(text);
}

/** `key`, relative to the location of the results. Throws `CONFIG` if it cannot be the key of a manifest. */
export function manifestKey(key: unknown): string {
  if (typeof key === 'string' && key.length <= LONGEST_KEY && key.endsWith(EXTENSION) && isPlainKey(key.slice(0, -EXTENSION.length))) return key;
  throw new ConfigError(`output.key is ${shown(key)}, expected the key of a manifest below the location of the results, such as "2025-01/sales.json": ` +
    `${PARTS}, also without its "${EXTENSION}", "${EXTENSION}" at the end, at most ${LONGEST_KEY} characters. The key of a DuckDbMap contains the name of the state machine's execution`);
}

/** `manifests`, a prefix or a URL below the location of the results, relative to it. Throws `CONFIG` if manifests cannot lie directly below it. */
export function manifestsPrefix(manifests: unknown, location?: ResultLocation): string {
  const url = location && `s3://${location.bucket}/${location.prefix}`;
  const prefix = url !== undefined && typeof manifests === 'string' && manifests.startsWith(url) ? manifests.slice(url.length) : manifests;
  if (typeof prefix === 'string' && prefix.length <= LONGEST_KEY && prefix.endsWith('/') && isPlainKey(prefix.slice(0, -1))) return prefix;
  throw new ConfigError(`manifests is ${shown(manifests)}, expected the prefix of manifests below the location of the results${url ? `, ${url}` : ''}, such as "totals/2025-01/", or its URL: ` +
    `${PARTS}, a slash at the end, at most ${LONGEST_KEY} characters. The prefix of a DuckDbMap contains the name of the state machine's execution`);
}

/** The index in the name of a worker's manifest, `12` of `12.json`; undefined for every other name. */
export function manifestIndex(name: string): number | undefined {
  const [, index] = /^(0|[1-9]\d{0,14})\.json$/.exec(name) ?? [];
  return index === undefined ? undefined : Number(index);
}

/** The key of a manifest that the caller did not choose. */
export function defaultManifestKey(query: string, request: string): string {
  return `${query}/${request}/${FILE}`;
}

/** The prefix of a result's data, which belongs to one attempt: another attempt at the same manifest has another. */
export function attemptPrefix(key: string, attempt: string): string {
  return `${dataFolder(key)}${attempt}/`;
}

/** The folder of the data of all attempts at a manifest. */
export function dataFolder(key: string): string {
  return key.endsWith(`/${FILE}`) || key === FILE ? key.slice(0, -FILE.length) : `${key.slice(0, -EXTENSION.length)}/`;
}
