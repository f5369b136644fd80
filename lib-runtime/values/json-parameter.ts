import type { DuckDBType } from '@duckdb/node-api';
import { base64 } from './bytes';
import { checkText } from './text-parameter';

/** Whether the statement wants JSON, which DuckDB's client tells as an alias of VARCHAR. */
export function isJson(type: DuckDBType | undefined): boolean {
  return type?.alias === 'JSON';
}

/** Stands before a bigint: half of a surrogate pair, which is refused in all other text. `JSON.stringify` escapes it. */
const BIGINT = '\ud800';
const ESCAPED_BIGINT = /"\\ud800(-?\d+)"/g;

/** `JSON.stringify` of `value`, in which a bigint is a number with all of its digits, a Map an object, and bytes are base64 text. */
export function jsonText(value: unknown): string {
  let hasBigint = false;
  const text: string | undefined = JSON.stringify(value, function (this: Record<string, unknown>, key: string, item: unknown): unknown {
    checkText(key);
    if (typeof item === 'string') checkText(item);
    if (typeof item === 'bigint') {
      hasBigint = true;
      return BIGINT + item;
    }
    if (item instanceof Map) return Object.fromEntries([...item].map(([name, inner]) => [checkKey(name), inner]));
    // Not `item`: a Buffer has made an object of itself by now.
    const original = this[key];
    return original instanceof Uint8Array ? base64(original) : item;
  });
  if (text === undefined) throw new TypeError('there is no JSON for the value: its toJSON gives undefined');
  return hasBigint ? text.replaceAll(ESCAPED_BIGINT, '$1') : text;
}

function checkKey(key: unknown): string {
  if (typeof key === 'string' || typeof key === 'number') return String(key);
  throw new TypeError(`a Map has a key that is not text (${key === null ? 'null' : typeof key}), and the keys of JSON are: make them text`);
}
