import { checkDepth, numberText } from './exact-json';
import { checkText } from './parameter-text';
import { received } from './received';
import { messageOf } from '../base/errors';
import { jsonText } from '../values/json-parameter';
import { fieldPath, mapParts } from '../values/value-error';

/**
 * The text of a value that DuckDB's JSON holds with all of its digits. A text is JSON already; undefined if it is not.
 *
 * Throws for a part that DuckDB's JSON does not hold, or that JavaScript may have rounded. The error has the part's path.
 */
export function storableJson(value: unknown): string | undefined {
  const isText = typeof value === 'string';
  const parsed = isText ? parsedOrUndefined(value) : value;
  if (parsed === undefined) return undefined;
  try {
    checkDepth(parsed);
  } catch (error) {
    throw new RangeError(`is ${received(parsed)}: ${messageOf(error)}`);
  }
  check(parsed, !isText);
  // Of two fields with one name, JavaScript has read the second.
  if (isText) checkText(value);
  return isText ? value : jsonText(value);
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `mayBeRounded` says whether JavaScript has read the numbers, and only these are passed on. */
function check(value: unknown, mayBeRounded: boolean): void {
  if (typeof value === 'string') checkText(value);
  if (typeof value === 'number') checkNumber(value, mayBeRounded);
  if (typeof value !== 'object' || value === null || numberText(value) !== undefined) return;
  mapParts(Object.entries(value), ([key]) => (Array.isArray(value) ? `[${key}]` : fieldPath(key)), ([key, item]) => {
    checkText(key);
    check(item, mayBeRounded);
  });
}

function checkNumber(value: number, mayBeRounded: boolean): void {
  if (!Number.isFinite(value)) throw new RangeError('is a number beyond 1.8e308, which DuckDB does not read: pass it as text');
  if (!mayBeRounded || !Number.isInteger(value) || Number.isSafeInteger(value)) return;
  throw new RangeError(`is ${received(value)}, a number beyond 2^53, which JavaScript may have rounded: pass all of the JSON as text`);
}
