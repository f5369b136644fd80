import { isPlainKey, type ResultManifest } from './manifest';
import { RESULT_FORMATS } from './result-format';
import { messageOf, QueryError } from '../base/errors';
import { shown } from '../base/shown';

type Fields = Readonly<Record<string, unknown>>;

/**
 * `text`, which anyone may have written to `url`, as a manifest whose files lie below the URL `folder`. They are read with the function's permissions,
 * and DuckDB would read a path of the machine or a URL of another server just as well.
 *
 * Throws `QUERY` if it is anything else.
 */
export function parseManifest(text: string, url: string, folder: string): ResultManifest {
  const fault = faultOf(text, folder);
  if (typeof fault !== 'string') return fault;
  throw new QueryError(`${url} is not the manifest of a result: ${fault}; remove it, and let its worker run again`);
}

/** The manifest, or why it is not one. */
function faultOf(text: string, folder: string): ResultManifest | string {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    return messageOf(error);
  }
  if (!isFields(manifest)) return `it is ${shown(manifest)}, expected an object`;
  const wrong = Object.entries(EXPECTED).find(([name, [, isRight]]) => !isRight(manifest[name], folder));
  if (wrong !== undefined) return `${wrong[0]} is ${shown(manifest[wrong[0]])}, expected ${wrong[1][0]}`;
  const found = manifest as unknown as ResultManifest;
  for (const total of ['rows', 'bytes'] as const) {
    const sum = found.files.reduce((all, file) => all + file[total], 0);
    const stated = total === 'rows' ? found.rowCount : found.bytes;
    if (sum !== stated) return `its files have ${sum} ${total}, and it says ${stated}`;
  }
  return found;
}

const EXPECTED: Readonly<Record<string, readonly [expected: string, isRight: (value: unknown, folder: string) => boolean]>> = {
  version: ['1, which this runtime reads; the same release of the runtime writes and reads it', (value) => value === 1],
  query: ['the name of a query', isText],
  format: [`one of: ${RESULT_FORMATS.join(', ')}`, (value) => (RESULT_FORMATS as readonly unknown[]).includes(value)],
  rowCount: ['the number of rows', isCount],
  bytes: ['the number of bytes', isCount],
  columns: ['a list of { name, type }', (value) => isListOf(value, ({ name, type }) => isText(name) && isText(type))],
  files: ['a list of { url, rows, bytes } with URLs below the folder of the manifest\'s own data', (value, folder) => (
    isListOf(value, ({ url, rows, bytes }) => isBelow(url, folder) && isCount(rows) && isCount(bytes))
  )],
};

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, isRight: (item: Fields) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => isFields(item) && isRight(item));
}

function isBelow(url: unknown, folder: string): boolean {
  return isText(url) && url.startsWith(folder) && isPlainKey(url.slice(folder.length));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
