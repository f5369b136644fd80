import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { checkText } from './text-parameter';
import { loadApi } from '../client/client';

const INT64 = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const INT128 = [-(2n ** 127n), 2n ** 127n - 1n] as const;
const UINT128 = [0n, 2n ** 128n - 1n] as const;

/** As `inferType`, for what has no parts. */
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

/** A scalar as the client wants it for `type`. */
export function scalarValue(value: unknown, type: DuckDBType): DuckDBValue {
  return typeof value === 'number' && isWideInteger(type) ? BigInt(value) : value as DuckDBValue;
}

/** Whether `value` fits in 64 bits. */
export function isInt64(value: bigint): boolean {
  return within(value, INT64);
}

/** Whether `value` fits in 128 bits without a sign. */
export function isUint128(value: bigint): boolean {
  return within(value, UINT128);
}

function numberType(value: number, wanted: DuckDBType | undefined): DuckDBType {
  const api = loadApi();
  if (wanted?.typeId === api.DuckDBTypeId.DOUBLE || wanted?.typeId === api.DuckDBTypeId.FLOAT) return wanted;
  if (!Number.isSafeInteger(value)) return api.DOUBLE;
  if (isWidest(wanted, value < 0)) return wanted!;
  // No integer has the sign of -0; where an integer is wanted, as in LIMIT, it is 0.
  if (Object.is(value, -0) && !isInteger(wanted)) return api.DOUBLE;
  return Math.abs(value) < 2 ** 31 ? api.INTEGER : api.BIGINT;
}

function bigintType(value: bigint, wanted: DuckDBType | undefined): DuckDBType {
  const api = loadApi();
  if (isWidest(wanted, !isUint128(value))) return wanted!;
  if (isInt64(value)) return api.BIGINT;
  if (within(value, INT128)) return api.HUGEINT;
  return isUint128(value) ? api.UHUGEINT : api.BIGNUM;
}

/** DuckDB does not cast all other integers to these, nor these to others, so they are bound as they are wanted. */
function isWidest(type: DuckDBType | undefined, isBeyondUnsigned: boolean): boolean {
  const { UHUGEINT, BIGNUM } = loadApi().DuckDBTypeId;
  return type !== undefined && (type.typeId === BIGNUM || (type.typeId === UHUGEINT && !isBeyondUnsigned));
}

function isInteger(type: DuckDBType | undefined): boolean {
  const { TINYINT, SMALLINT, INTEGER, BIGINT, UTINYINT, USMALLINT, UINTEGER, UBIGINT } = loadApi().DuckDBTypeId;
  if (type === undefined) return false;
  return isWideInteger(type) || [TINYINT, SMALLINT, INTEGER, BIGINT, UTINYINT, USMALLINT, UINTEGER, UBIGINT].includes(type.typeId as never);
}

/** Whether the client takes bigints only for it. */
function isWideInteger(type: DuckDBType): boolean {
  const { HUGEINT, UHUGEINT, BIGNUM } = loadApi().DuckDBTypeId;
  return type.typeId === HUGEINT || type.typeId === UHUGEINT || type.typeId === BIGNUM;
}

function within(value: bigint, [least, most]: readonly [bigint, bigint]): boolean {
  return value >= least && value <= most;
}
