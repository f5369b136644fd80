import type { DuckDBType } from '@duckdb/node-api';
import { base64 } from './bytes';
import { checkText } from './text-parameter';

/** Whether the statement expects JSON. DuckDB's client reports JSON as an alias of VARCHAR. */
export function isJson(type: DuckDBType | undefined): boolean {
  return type?.alias === 'JSON';
}

/** Marks a bigint: half of a surrogate pair, which all other text refuses. `JSON.stringify` escapes it. */
const BIGINT = '\ud800';
const ESCAPED_BIGINT = /"\\ud800(-?\d+)"/g;

/** `JSON.stringify` of `value`, with a bigint as a number with all of its digits, a Map as an object, and bytes as base64 text. */
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
    // Does not use `item`: its toJSON has already turned a Buffer into an object.
    const original = this[key];
    return original instanceof Uint8Array ? base64(original) : item;
  });
  if (text === undefined) throw new TypeError('the value has no JSON: its toJSON returns undefined');
  return hasBigint ? text.replaceAll(ESCAPED_BIGINT, '$1') : text;
}

function checkKey(key: unknown): string {
  if (typeof key === 'string' || typeof key === 'number') return String(key);
  throw new TypeError(`a Map has a key that is not text (${key === null ? 'null' : typeof key}), but JSON needs text keys: convert them to text`);
}
