import type { DirectiveText } from './directive-text';
import { numberText, parseExactJson } from './exact-json';
import { messageOf } from '../base/errors';
import { shown } from '../base/shown';

const EXPECTED = "expected a text in single quotes, as in '2025-01', or JSON: a number, true, false, null, [...] or {...}";
const JSON_PIECE = /"(?:[^"\\]|\\.)*"|[[\]{}:]/g;

/** Reads the value at `from`: a SQL string, or JSON up to a colon that is neither in brackets nor in quotes. */
export function readDefault(text: DirectiveText, from: number): { readonly value: unknown; readonly end: number } {
  if (text.has("'", from)) {
    const [string, content] = text.match(/^'((?:[^']|'')*)'/, from) ?? text.fail(from, `received ' without its second one, ${EXPECTED}`);
    return { value: content!.replaceAll("''", "'"), end: from + string.length };
  }
  const end = endOfJson(text, from);
  const json = text.slice(from, end).trim();
  if (!isJson(json)) text.fail(from, `received ${json === '' ? 'nothing' : shown(json)} as the default, ${EXPECTED}`);
  try {
    return { value: parseExactJson(json), end };
  } catch (error) {
    return text.fail(from, `received ${shown(json)} as the default: ${messageOf(error)}`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function endOfJson(text: DirectiveText, from: number): number {
  let depth = 0;
  for (const { 0: piece, index } of text.slice(from).matchAll(JSON_PIECE)) {
    if (piece === '[' || piece === '{') depth += 1;
    else if (piece === ']' || piece === '}') depth -= 1;
    else if (piece === ':' && depth <= 0) return from + index;
  }
  return text.text.length;
}

/** What a default of a type may be, as far as its text tells. DuckDB decides the rest. */
interface Kind {
  readonly expected: string;
  readonly takes: (value: unknown) => boolean;
}

const INTEGER: Kind = {
  expected: 'a whole number',
  takes: (value) => (typeof value === 'string' ? /^-?\d+$/.test(value) : Number.isInteger(Number(numberText(value)))),
};
const NUMBER: Kind = {
  expected: 'a number',
  takes: (value) => (typeof value === 'string' ? /^-?(?:\.?\d|Infinity$|NaN$)/.test(value) : numberText(value) !== undefined),
};
const BOOLEAN: Kind = { expected: 'true or false', takes: (value) => [true, false, 'true', 'false'].includes(value as string) };
const TEXT: Kind = { expected: 'a text in single quotes', takes: (value) => typeof value === 'string' };
const LIST: Kind = { expected: 'a list in JSON', takes: Array.isArray };
const NESTED: Kind = { expected: 'an object or a list in JSON', takes: (value) => typeof value === 'object' && numberText(value) === undefined };

const KINDS: readonly [types: RegExp, kind: Kind][] = [
  [/(?:\]|\sARRAY)$/i, LIST],
  [/^(?:STRUCT|ROW|MAP|UNION)\b/i, NESTED],
  [/^U?(?:TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|INT(?:1|2|4|8|16|32|64|128)?)$|^(?:SHORT|SIGNED|LONG|OID)$/i, INTEGER],
  [/^(?:DECIMAL|NUMERIC|DEC|FLOAT[48]?|REAL|DOUBLE)\b/i, NUMBER],
  [/^(?:BOOLEAN|BOOL|LOGICAL)$/i, BOOLEAN],
  [/^(?:N?VARCHAR|B?PCHAR|CHAR|TEXT|STRING|DATE|TIME|TIMETZ|TIMESTAMP(?:TZ|_S|_MS|_US|_NS)?|DATETIME|INTERVAL|UUID|GUID|BLOB|BYTEA|BINARY|VARBINARY|ENUM|BIT|BITSTRING)\b/i, TEXT],
];

/** Calls `fail` if `value` cannot be of the type. null can always be. */
export function checkDefault(type: string, value: unknown, fail: (message: string) => never): void {
  const kind = KINDS.find(([types]) => types.test(type))?.[1];
  if (value !== null && kind !== undefined && !kind.takes(value)) {
    fail(`received the default ${shown(value)} for the type ${type}, expected ${kind.expected}`);
  }
}
