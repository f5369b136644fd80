import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { checkText } from './text-parameter';
import { loadApi } from '../client/client';

const INT64 = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const INT128 = [-(2n ** 127n), 2n ** 127n - 1n] as const;
const MOST_DIGITS = 50;
const UINT128 = [0n, 2n ** 128n - 1n] as const;

/** Like `inferType`, for values without parts. */
export function typeOfScalar(value: unknown, wanted: DuckDBType | undefined): DuckDBType {
  const api = loadApi();
  switch (typeof value) {
    case 'boolean': return api.BOOLEAN;
    case 'string':
      checkText(value);
      return api.VARCHAR;
    case 'number': return numberType(value, wanted);
    case 'bigint': return bigintType(value, wanted);
    case 'undefined': throw new TypeError('the value is undefined: pass null for SQL NULL');
    default: break;
  }
  if (value === null) return api.SQLNULL;
  throw new TypeError(`a ${typeof value} has no SQL type`);
}

/** A scalar as the client expects it for `type`. */
export function scalarValue(value: unknown, type: DuckDBType): DuckDBValue {
  return typeof value === 'number' && isWideInteger(type) ? BigInt(value) : value as DuckDBValue;
}

/** Whether `value` fits in 64 bits. */
export function isInt64(value: bigint): boolean {
  return within(value, INT64);
}

/** Whether `value` fits in 128 unsigned bits. */
export function isUint128(value: bigint): boolean {
  return within(value, UINT128);
}

function numberType(value: number, wanted: DuckDBType | undefined): DuckDBType {
  const api = loadApi();
  if (wanted?.typeId === api.DuckDBTypeId.DOUBLE) return wanted;
  if (wanted?.typeId === api.DuckDBTypeId.FLOAT) return checkFloat(value, wanted);
  if (!Number.isSafeInteger(value)) return api.DOUBLE;
  if (isWidest(wanted, value < 0)) return wanted!;
  // No integer has the sign of -0. If an integer is expected, as in LIMIT, it is bound as 0; for JSON, as JSON.stringify writes it.
  if (Object.is(value, -0) && !isInteger(wanted) && wanted?.alias !== 'JSON') return api.DOUBLE;
  return Math.abs(value) < 2 ** 31 ? api.INTEGER : api.BIGINT;
}

function bigintType(value: bigint, wanted: DuckDBType | undefined): DuckDBType {
  const api = loadApi();
  if (isWidest(wanted, !isUint128(value))) return wanted!;
  if (isInt64(value)) return api.BIGINT;
  if (wanted?.typeId === api.DuckDBTypeId.FLOAT) checkFloat(value, wanted);
  if (within(value, INT128)) return api.HUGEINT;
  if (isUint128(value)) return api.UHUGEINT;
  if (takesBignum(wanted)) return api.BIGNUM;
  const text = String(value);
  const start = text.length > MOST_DIGITS ? `${text.slice(0, MOST_DIGITS)}...` : text;
  throw new RangeError(`the bigint ${start} is beyond HUGEINT and UHUGEINT, and DuckDB turns a BIGNUM into other numbers if it expects another type: ` +
    'write $1::BIGNUM for a BIGNUM, or pass it as text');
}

/** DuckDB converts a BIGNUM correctly to these types. Its casts to integers turn 2^128 into 0. */
export function takesBignum(wanted: DuckDBType | undefined): boolean {
  const { BIGNUM, VARCHAR, VARIANT } = loadApi().DuckDBTypeId;
  return wanted !== undefined && [BIGNUM, VARCHAR, VARIANT].includes(wanted.typeId as never);
}

/** `type`, a FLOAT, if it can hold `value`, rounded to its precision. The client, and DuckDB's cast of an integer, turn larger values into infinities. */
function checkFloat(value: number | bigint, type: DuckDBType): DuckDBType {
  if (Number.isFinite(Math.fround(Number(value))) || (typeof value === 'number' && !Number.isFinite(value))) return type;
  throw new RangeError(`the number ${value} is beyond the range of FLOAT, which ends at 3.4e38: use a DOUBLE, as in $1::DOUBLE`);
}

/** DuckDB does not cast all integers to and from these types, so values are bound with the expected type. */
function isWidest(type: DuckDBType | undefined, isBeyondUnsigned: boolean): boolean {
  const { UHUGEINT, BIGNUM } = loadApi().DuckDBTypeId;
  return type !== undefined && (type.typeId === BIGNUM || (type.typeId === UHUGEINT && !isBeyondUnsigned));
}

function isInteger(type: DuckDBType | undefined): boolean {
  const { TINYINT, SMALLINT, INTEGER, BIGINT, UTINYINT, USMALLINT, UINTEGER, UBIGINT } = loadApi().DuckDBTypeId;
  if (type === undefined) return false;
  return isWideInteger(type) || [TINYINT, SMALLINT, INTEGER, BIGINT, UTINYINT, USMALLINT, UINTEGER, UBIGINT].includes(type.typeId as never);
}

/** Whether the client accepts only bigints for it. */
function isWideInteger(type: DuckDBType): boolean {
  const { HUGEINT, UHUGEINT, BIGNUM } = loadApi().DuckDBTypeId;
  return type.typeId === HUGEINT || type.typeId === UHUGEINT || type.typeId === BIGNUM;
}

function within(value: bigint, [least, most]: readonly [bigint, bigint]): boolean {
  return value >= least && value <= most;
}
