import type {
  DuckDBBlobValue, DuckDBDateValue, DuckDBTimestampMillisecondsValue, DuckDBTimestampNanosecondsValue, DuckDBTimestampSecondsValue,
  DuckDBTimestampValue, DuckDBType, DuckDBValue,
} from '@duckdb/node-api';
import { copyOf } from './bytes';
import type { Convert, Form } from './nested-values';
import { OutOfRangeError } from '../base/errors';
import { loadApi } from '../client/client';

/** DuckDB represents infinities as the ends of the type's range. */
const INFINITE_DATE = 2 ** 31 - 1;
const INFINITE_TIME = 2n ** 63n - 1n;
const LARGEST_DATE_MS = 8_640_000_000_000_000n;

/** The `'js'` form. Its values survive `JSON.stringify`, except NaN and the infinities. */
export const JS_FORM: Form = {
  scalar,
  list: (items) => items,
  array: (items) => items,
  struct: (fields) => fields,
  map: (entries) => entries,
  union: (_, value) => value,
  variant: (value) => value,
};

/** The `'bigint'` form. */
export const BIGINT_FORM: Form = {
  ...JS_FORM,
  scalar(type, column) {
    const convert = scalar(type, column);
    return (value) => (typeof value === 'bigint' && !Number.isSafeInteger(Number(value)) ? value : convert(value));
  },
};

function scalar(type: DuckDBType, column: string): Convert {
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
      return dates((value: DuckDBTimestampValue) => value.micros, 1000n, type, column);
    case id.TIMESTAMP_MS:
      return dates((value: DuckDBTimestampMillisecondsValue) => value.millis, 1n, type, column);
    case id.TIMESTAMP_NS:
      return dates((value: DuckDBTimestampNanosecondsValue) => value.nanos, 1_000_000n, type, column);
    case id.TIMESTAMP_S:
      return dates((value: DuckDBTimestampSecondsValue) => value.seconds * 1000n, 1n, type, column);
    case id.BLOB:
    case id.GEOMETRY:
      return (value) => copyOf((value as DuckDBBlobValue).bytes);
    case id.DECIMAL:
    case id.TIME:
    case id.TIME_NS:
    case id.TIME_TZ:
    case id.INTERVAL:
    case id.UUID:
    case id.BIT:
      return String;
    default:
      // Booleans, smaller integers, floating point, text and enums are JavaScript's own types.
      return (value) => value;
  }
}

function exactNumber(value: bigint, type: DuckDBType, column: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw outOfRange(column, type, value);
}

/** A DATE as text, its infinities too. */
export function dateText(value: DuckDBDateValue): string {
  if (value.days === INFINITE_DATE) return 'infinity';
  if (value.days === -INFINITE_DATE) return '-infinity';
  return String(value);
}

function dates<T extends DuckDBValue>(timeOf: (value: T) => bigint, perMillisecond: bigint, type: DuckDBType, column: string): Convert {
  return (value) => {
    const time = timeOf(value as T);
    if (time >= INFINITE_TIME) return 'infinity';
    if (time <= -INFINITE_TIME) return '-infinity';
    const milliseconds = floorDivide(time, perMillisecond);
    if (milliseconds > LARGEST_DATE_MS || milliseconds < -LARGEST_DATE_MS) throw outOfRange(column, type, value);
    return new Date(Number(milliseconds));
  };
}

/** Rounds down, also before 1970, so a time is cut to milliseconds as its text is. */
function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value < 0n && quotient * divisor !== value ? quotient - 1n : quotient;
}

/** What the user of a cursor can do. */
export const AS_TEXT = "read it as text with { rows: 'json' }, or cast it in SQL";

function outOfRange(column: string, type: DuckDBType, value: DuckDBValue): OutOfRangeError {
  return new OutOfRangeError(`column "${column}" holds the ${type} ${value}, which JavaScript cannot hold exactly: ` +
    AS_TEXT);
}
