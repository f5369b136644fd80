import type { DuckDBType, DuckDBUnionValue, DuckDBVariantValue } from '@duckdb/node-api';
import { type Api, loadApi } from '../client/client';

/** The items of a list: an array, or the client's own list. */
export function itemsOf(value: object): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as readonly unknown[];
  return isA(value, 'DuckDBListValue') || isArrayValue(value) ? (value as { items: readonly unknown[] }).items : undefined;
}

/** Whether it is the client's own list of fixed length. */
export function isArrayValue(value: object): boolean {
  return isA(value, 'DuckDBArrayValue');
}

/** The fields of a STRUCT: a plain object, or the client's own struct. */
export function fieldsOf(value: object): Readonly<Record<string, unknown>> | undefined {
  if (isA(value, 'DuckDBStructValue')) return (value as { entries: Readonly<Record<string, unknown>> }).entries;
  const prototype = Object.getPrototypeOf(value) as object | null;
  // Also accepts plain objects of another realm, whose prototype is another Object.prototype.
  const isPlain = !(value instanceof Map) && (prototype === null || Object.getPrototypeOf(prototype) === null);
  return isPlain ? value as Readonly<Record<string, unknown>> : undefined;
}

/** The entries of a MAP: a Map, or the client's own map. */
export function entriesOf(value: object): ReadonlyArray<readonly [unknown, unknown]> | undefined {
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
  if (!isA(value, 'DuckDBMapValue')) return undefined;
  return (value as { entries: ReadonlyArray<{ key: unknown; value: unknown }> }).entries.map((entry) => [entry.key, entry.value]);
}

/** Whether it is a value of a UNION, with its member. */
export function isUnionValue(value: object): value is DuckDBUnionValue {
  return isA(value, 'DuckDBUnionValue');
}

/** Whether it is a value of a VARIANT, with its type. */
export function isVariantValue(value: object): value is DuckDBVariantValue {
  return isA(value, 'DuckDBVariantValue');
}

/** The type of a client value without parts. */
export function typeOfClientScalar(value: object): DuckDBType | undefined {
  const api = loadApi();
  if (value instanceof api.DuckDBDecimalValue) return api.DECIMAL(value.width, value.scale);
  if (isA(value, 'DuckDBGeometryValue')) throw geometryError();
  return SCALARS.map(([name, type]) => (isA(value, name) ? api[type] as DuckDBType : undefined)).find((type) => type !== undefined);
}

/** The client cannot create a GEOMETRY, and DuckDB cannot cast bytes to one. */
export function geometryError(): TypeError {
  return new TypeError("DuckDB's client cannot bind a GEOMETRY: pass its bytes, and make it of them in SQL, as in ST_GeomFromWKB($1)");
}

const SCALARS = [
  ['DuckDBDateValue', 'DATE'],
  ['DuckDBTimestampValue', 'TIMESTAMP'],
  ['DuckDBTimestampTZValue', 'TIMESTAMPTZ'],
  ['DuckDBTimestampSecondsValue', 'TIMESTAMP_S'],
  ['DuckDBTimestampMillisecondsValue', 'TIMESTAMP_MS'],
  ['DuckDBTimestampNanosecondsValue', 'TIMESTAMP_NS'],
  ['DuckDBTimeValue', 'TIME'],
  ['DuckDBTimeNSValue', 'TIME_NS'],
  ['DuckDBTimeTZValue', 'TIMETZ'],
  ['DuckDBIntervalValue', 'INTERVAL'],
  ['DuckDBUUIDValue', 'UUID'],
  ['DuckDBBitValue', 'BIT'],
  ['DuckDBBlobValue', 'BLOB'],
] as const;

const NESTED = [
  'DuckDBListValue', 'DuckDBArrayValue', 'DuckDBStructValue', 'DuckDBMapValue', 'DuckDBUnionValue', 'DuckDBVariantValue', 'DuckDBDecimalValue',
  'DuckDBGeometryValue',
] as const;

/** Whether it is one of the client's own values. */
export function isClientValue(value: object): boolean {
  return [...NESTED, ...SCALARS.map(([name]) => name)].some((name) => isA(value, name));
}

/** Older clients lack some of these classes. */
function isA(value: object, name: keyof Api): boolean {
  const kind = loadApi()[name] as (new (...args: never[]) => object) | undefined;
  return kind !== undefined && value instanceof kind;
}
