import type { DuckDBDecimalType, DuckDBEnumType, DuckDBType } from '@duckdb/node-api';
import { decimalText, floatText, wholeText } from './number-text';
import { checkText } from './parameter-text';
import { storableJson } from './storable-json';
import { dateText, intervalText, timestampText, timestampWithOffsetText, timeText, timeWithOffsetText } from './temporal-text';
import { loadApi } from '../client/client';
import { isJson } from '../values/json-parameter';

/** How JSON values become values of a type. */
export interface Scalar {
  /** What the type expects, for messages. */
  readonly expected: string;
  /** The text that DuckDB casts to the type without a loss; undefined if `value` is none of its values. */
  text(value: unknown): string | undefined;
}

/** DuckDB's and JavaScript's conversions take time in proportion to the square of the digits. */
const MOST_DIGITS = 4096;
const MOST_LISTED = 10;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const BOOLEANS: readonly unknown[] = [true, false, 'true', 'false'];

/** Types whose values are not made of one text. */
type Make = (type: DuckDBType) => Scalar;

let makers: ReadonlyMap<number, Make> | undefined;
const scalars = new WeakMap<DuckDBType, Scalar>();

/** How values of `type` are read; undefined for nested types, and for types whose values cannot be parameters. */
export function scalarOf(type: DuckDBType): Scalar | undefined {
  if (isJson(type)) return JSON_VALUE;
  const known = scalars.get(type);
  if (known) return known;
  const scalar = (makers ??= makersById()).get(type.typeId)?.(type);
  if (scalar) scalars.set(type, scalar);
  return scalar;
}

function makersById(): ReadonlyMap<number, Make> {
  const { DuckDBTypeId: id } = loadApi();
  const always = (scalar: Scalar): Make => () => scalar;
  return new Map<number, Make>([
    [id.BOOLEAN, always({ expected: 'true or false', text: (value) => (BOOLEANS.includes(value) ? String(value) : undefined) })],
    [id.TINYINT, always(signed(8n))], [id.SMALLINT, always(signed(16n))], [id.INTEGER, always(signed(32n))], [id.BIGINT, always(signed(64n))],
    [id.HUGEINT, always(signed(128n))],
    [id.UTINYINT, always(unsigned(8n))], [id.USMALLINT, always(unsigned(16n))], [id.UINTEGER, always(unsigned(32n))],
    [id.UBIGINT, always(unsigned(64n))], [id.UHUGEINT, always(unsigned(128n))],
    [id.BIGNUM, always({ expected: `a whole number of at most ${MOST_DIGITS} digits`, text: (value) => within(wholeText(value), MOST_DIGITS) })],
    [id.FLOAT, always({ expected: `${NUMBER}, from 1.4e-45 to 3.4e38 or 0`, text: (value) => floatText(value, Math.fround) })],
    [id.DOUBLE, always({ expected: `${NUMBER}, from 4.9e-324 to 1.8e308 or 0`, text: (value) => floatText(value, Number) })],
    [id.DECIMAL, (type) => decimal(type as DuckDBDecimalType)],
    [id.VARCHAR, always({ expected: 'text', text: textOf })],
    [id.BLOB, always({ expected: 'bytes as base64 text', text: base64Text })],
    [id.BIT, always({ expected: 'text of the digits 0 and 1', text: matching(/^[01]+$/) })],
    [id.UUID, always({ expected: 'a UUID as text, such as 123e4567-e89b-42d3-a456-426614174000', text: matching(UUID) })],
    [id.DATE, always({ expected: 'a date as text, such as 2025-01-31', text: dateText })],
    [id.TIME, always(time('a time', '', 6, timeText))],
    [id.TIME_NS, always(time('a time', '', 9, timeText))],
    [id.TIME_TZ, always(time('a time with its offset', '+01:00', 6, timeWithOffsetText))],
    ...([[id.TIMESTAMP, 6], [id.TIMESTAMP_S, 0], [id.TIMESTAMP_MS, 3], [id.TIMESTAMP_NS, 9]] as const).map(([typeId, digits]): [number, Make] => (
      [typeId, always(time('a timestamp without an offset other than Z', '', digits, timestampText, '2025-01-31T'))]
    )),
    [id.TIMESTAMP_TZ, always(time('a timestamp with its offset', '+01:00', 6, timestampWithOffsetText, '2025-01-31T'))],
    [id.INTERVAL, always({ expected: 'an interval as text, such as 1 year 2 months 3 days 04:05:06.789', text: intervalText })],
    [id.ENUM, (type) => enumeration(type as DuckDBEnumType)],
  ]);
}

const NUMBER = 'one of the texts NaN, Infinity and -Infinity, or a number, as such or as text';

const JSON_VALUE: Scalar = {
  expected: 'a list, an object, a number, true, false, or JSON as text: a text within it has quotes of its own, as in "\\"a\\""',
  text: storableJson,
};

function signed(bits: bigint): Scalar {
  return integer(-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n);
}

function unsigned(bits: bigint): Scalar {
  return integer(0n, 2n ** bits - 1n);
}

function integer(least: bigint, most: bigint): Scalar {
  return {
    expected: `a whole number from ${least} to ${most}, as a number or as text`,
    text: (value) => {
      const text = within(wholeText(value), String(most).length);
      return text !== undefined && BigInt(text) >= least && BigInt(text) <= most ? text : undefined;
    },
  };
}

/** `text`, a number, if it has at most `digits` digits. */
function within(text: string | undefined, digits: number): string | undefined {
  return text !== undefined && text.replace('-', '').length <= digits ? text : undefined;
}

function decimal({ width, scale }: DuckDBDecimalType): Scalar {
  return {
    expected: `a number, as such or as text, with at most ${width - scale} digits before the point and ${scale} after it`,
    text: (value) => decimalText(value, width, scale),
  };
}

function time(what: string, offset: string, digits: number, read: (value: unknown, digits: number) => string | undefined, date = ''): Scalar {
  const fraction = digits === 0 ? 'without fractions of a second' : `with at most ${digits} digits after the second`;
  return { expected: `${what} as text, such as ${date}12:34:56${offset}, ${fraction}`, text: (value) => read(value, digits) };
}

function enumeration({ values }: DuckDBEnumType): Scalar {
  const listed = values.slice(0, MOST_LISTED).map((each) => JSON.stringify(each)).join(', ');
  const rest = values.length > MOST_LISTED ? ` and ${values.length - MOST_LISTED} more` : '';
  return { expected: `one of: ${listed}${rest}`, text: (value) => (values.includes(value as string) ? value as string : undefined) };
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  checkText(value);
  return value;
}

/** Only text that these bytes would be written as, since Node.js skips what is not base64. */
function base64Text(value: unknown): string | undefined {
  return typeof value === 'string' && Buffer.from(value, 'base64').toString('base64') === value ? value : undefined;
}

function matching(form: RegExp): (value: unknown) => string | undefined {
  return (value) => (typeof value === 'string' && form.test(value) ? value : undefined);
}
