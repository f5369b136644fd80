import type {
  DuckDBArrayType, DuckDBArrayValue, DuckDBBlobValue, DuckDBDateValue, DuckDBListType, DuckDBListValue, DuckDBMapType, DuckDBMapValue,
  DuckDBStructType, DuckDBStructValue, DuckDBTimestampMillisecondsValue, DuckDBTimestampNanosecondsValue, DuckDBTimestampSecondsValue,
  DuckDBTimestampValue, DuckDBType, DuckDBUnionType, DuckDBUnionValue, DuckDBValue, DuckDBVariantValue,
} from '@duckdb/node-api';
import { loadApi } from './client';
import { OutOfRangeError } from './errors';

/** From the client's value to JavaScript's. */
export type Convert = (value: DuckDBValue) => unknown;

/** DuckDB's infinities are the ends of the type's range. */
const INFINITE_DATE = 2 ** 31 - 1;
const INFINITE_TIME = 2n ** 63n - 1n;
const LARGEST_DATE_MS = 8_640_000_000_000_000n;

/**
 * The `'js'` form of a column's values: what always survives `JSON.stringify`.
 *
 * Made once a column, so that a type is looked at once and not for each value.
 */
export function jsConverter(type: DuckDBType, column: string): Convert {
  const convert = nonNullConverter(type, column);
  return (value) => (value === null || value === undefined ? null : convert(value));
}

function nonNullConverter(type: DuckDBType, column: string): Convert {
  const { DuckDBTypeId: id } = loadApi();
  switch (type.typeId) {
    case id.BIGINT:
    case id.UBIGINT:
    case id.HUGEINT:
    case id.UHUGEINT:
    case id.BIGNUM:
      return (value) => exactNumber(value as bigint, type, column);
    case id.DATE:
      return (value) => dateText(value as DuckDBDateValue);
    case id.TIMESTAMP:
    case id.TIMESTAMP_TZ:
      return (value) => date((value as DuckDBTimestampValue).micros, 1000n, value, type, column);
    case id.TIMESTAMP_MS:
      return (value) => date((value as DuckDBTimestampMillisecondsValue).millis, 1n, value, type, column);
    case id.TIMESTAMP_NS:
      return (value) => date((value as DuckDBTimestampNanosecondsValue).nanos, 1_000_000n, value, type, column);
    case id.TIMESTAMP_S:
      return (value) => dateFromSeconds((value as DuckDBTimestampSecondsValue).seconds, value, type, column);
    case id.BLOB:
    case id.GEOMETRY:
      return (value) => new Uint8Array((value as DuckDBBlobValue).bytes);
    case id.LIST:
    case id.ARRAY:
      return listConverter(type as DuckDBListType | DuckDBArrayType, column);
    case id.STRUCT:
      return structConverter(type as DuckDBStructType, column);
    case id.MAP:
      return mapConverter(type as DuckDBMapType, column);
    case id.UNION:
      return unionConverter(type as DuckDBUnionType, column);
    case id.VARIANT:
      return (value) => variant(value, column);
    case id.DECIMAL:
    case id.TIME:
    case id.TIME_NS:
    case id.TIME_TZ:
    case id.INTERVAL:
    case id.UUID:
    case id.BIT:
      return String;
    default:
      // Booleans, the narrower integers, floating point, text and enums are JavaScript's own.
      return (value) => value;
  }
}

function exactNumber(value: bigint, type: DuckDBType, column: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw outOfRange(column, String(type), String(value));
}

function dateText(value: DuckDBDateValue): string {
  if (value.days === INFINITE_DATE) return 'infinity';
  if (value.days === -INFINITE_DATE) return '-infinity';
  return String(value);
}

function date(time: bigint, perMillisecond: bigint, value: DuckDBValue, type: DuckDBType, column: string): Date | string {
  if (time === INFINITE_TIME) return 'infinity';
  if (time === -INFINITE_TIME) return '-infinity';
  return dateFromMilliseconds(floorDivide(time, perMillisecond), value, type, column);
}

function dateFromSeconds(seconds: bigint, value: DuckDBValue, type: DuckDBType, column: string): Date | string {
  if (seconds === INFINITE_TIME) return 'infinity';
  if (seconds === -INFINITE_TIME) return '-infinity';
  return dateFromMilliseconds(seconds * 1000n, value, type, column);
}

function dateFromMilliseconds(milliseconds: bigint, value: DuckDBValue, type: DuckDBType, column: string): Date {
  if (milliseconds > LARGEST_DATE_MS || milliseconds < -LARGEST_DATE_MS) throw outOfRange(column, String(type), String(value));
  return new Date(Number(milliseconds));
}

/** Down, also before 1970: a time is cut to its milliseconds, as its text is. */
function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value < 0n && quotient * divisor !== value ? quotient - 1n : quotient;
}

function listConverter(type: DuckDBListType | DuckDBArrayType, column: string): Convert {
  const item = jsConverter(type.valueType, column);
  return (value) => (value as DuckDBListValue | DuckDBArrayValue).items.map(item);
}

function structConverter(type: DuckDBStructType, column: string): Convert {
  if (new Set(type.entryNames).size < type.entryNames.length) return () => { throw unnamedFields(type, column); };
  const entries = type.entryNames.map((name, index) => [name, jsConverter(type.entryTypes[index]!, column)] as const);
  return (value) => {
    const object: Record<string, unknown> = {};
    for (const [name, convert] of entries) object[name] = convert((value as DuckDBStructValue).entries[name]!);
    return object;
  };
}

function mapConverter(type: DuckDBMapType, column: string): Convert {
  const key = jsConverter(type.keyType, column);
  const item = jsConverter(type.valueType, column);
  return (value) => (value as DuckDBMapValue).entries.map((entry) => ({ key: key(entry.key), value: item(entry.value) }));
}

function unionConverter(type: DuckDBUnionType, column: string): Convert {
  const members = new Map(type.memberTags.map((tag, index) => [tag, jsConverter(type.memberTypes[index]!, column)]));
  return (value) => {
    const { tag, value: member } = value as DuckDBUnionValue;
    return members.get(tag)!(member);
  };
}

/** A VARIANT's rows differ in type: each value brings its own. */
function variant(value: DuckDBValue, column: string): unknown {
  const { value: inner, type } = value as DuckDBVariantValue;
  return type === undefined ? inner : jsConverter(type, column)(inner);
}

/** `row(1, 2)`: its fields are all called '', and the client itself keeps the last one only. */
function unnamedFields(type: DuckDBStructType, column: string): OutOfRangeError {
  return new OutOfRangeError(`column "${column}" holds a ${type} whose fields have no names of their own, and an object would keep one of them: ` +
    'name them, as in {a: 1, b: 2}, or make it a list');
}

function outOfRange(column: string, type: string, value: string): OutOfRangeError {
  return new OutOfRangeError(`column "${column}" holds the ${type} ${value}, which no JavaScript value of its kind can hold exactly: ` +
    "read it as text with { rows: 'json' }, or cast it in SQL");
}
