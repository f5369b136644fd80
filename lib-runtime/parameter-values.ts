import type {
  DuckDBArrayType, DuckDBListType, DuckDBMapType, DuckDBStructType, DuckDBType, DuckDBValue,
} from '@duckdb/node-api';
import { loadApi } from './client';

const INT32 = [-(2n ** 31n), 2n ** 31n - 1n] as const;
const INT64 = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const INT128 = [-(2n ** 127n), 2n ** 127n - 1n] as const;
const UINT128 = [0n, 2n ** 128n - 1n] as const;

/**
 * The type to bind `value` with: the statement's own (`wanted`) where the value has that kind, else the value's.
 *
 * What is bound with another type than the statement's is cast by DuckDB, as in its own shell.
 * Throws for a value that SQL has no type for.
 */
export function inferType(value: unknown, wanted?: DuckDBType): DuckDBType {
  const api = loadApi();
  if (value === null) return api.SQLNULL;
  switch (typeof value) {
    case 'boolean': return api.BOOLEAN;
    case 'string': return api.VARCHAR;
    case 'number': return numberType(value, wanted);
    case 'bigint': return bigintType(value);
    case 'object': return objectType(value, wanted);
    case 'undefined': throw new TypeError('the value is undefined: pass null for SQL NULL');
    default: throw new TypeError(`a ${typeof value} has no SQL type`);
  }
}

/** `value` as the client wants it for `type`, which `inferType` gave for it. */
export function toDuckDbValue(value: unknown, type: DuckDBType): DuckDBValue {
  const api = loadApi();
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return dateValue(value, type);
  if (value instanceof Uint8Array) return api.blobValue(value);
  if (Array.isArray(value)) {
    const items = value.map((item) => toDuckDbValue(item, (type as DuckDBListType | DuckDBArrayType).valueType));
    return type.typeId === api.DuckDBTypeId.ARRAY ? api.arrayValue(items) : api.listValue(items);
  }
  if (type.typeId === api.DuckDBTypeId.MAP && isPlainOrMap(value)) {
    const { keyType, valueType } = type as DuckDBMapType;
    return api.mapValue(mapEntries(value).map(([key, item]) => ({ key: toDuckDbValue(key, keyType), value: toDuckDbValue(item, valueType) })));
  }
  if (type.typeId === api.DuckDBTypeId.STRUCT && isPlainOrMap(value)) {
    const { entryNames, entryTypes } = type as DuckDBStructType;
    const object = value as Record<string, unknown>;
    return api.structValue(Object.fromEntries(entryNames.map((name, index) => [name, toDuckDbValue(object[name] ?? null, entryTypes[index]!)])));
  }
  // HUGEINT and its kin take bigint only; a number in a list of such has become one of them.
  if (typeof value === 'number' && type.typeId === api.DuckDBTypeId.HUGEINT) return BigInt(value);
  if (typeof value === 'bigint' && type.typeId === api.DuckDBTypeId.DOUBLE) return Number(value);
  return value as DuckDBValue;
}

function numberType(value: number, wanted: DuckDBType | undefined): DuckDBType {
  const api = loadApi();
  if (wanted?.typeId === api.DuckDBTypeId.DOUBLE || wanted?.typeId === api.DuckDBTypeId.FLOAT) return wanted;
  if (!Number.isSafeInteger(value)) return api.DOUBLE;
  return within(BigInt(value), INT32) ? api.INTEGER : api.BIGINT;
}

function bigintType(value: bigint): DuckDBType {
  const api = loadApi();
  if (within(value, INT64)) return api.BIGINT;
  if (within(value, INT128)) return api.HUGEINT;
  if (within(value, UINT128)) return api.UHUGEINT;
  throw new RangeError(`${value} is beyond HUGEINT and UHUGEINT, DuckDB's widest integers`);
}

function objectType(value: object, wanted: DuckDBType | undefined): DuckDBType {
  const api = loadApi();
  if (value instanceof Date) return isTemporal(wanted) ? wanted! : api.TIMESTAMP;
  if (value instanceof Uint8Array) return api.BLOB;
  if (Array.isArray(value)) return arrayType(value, wanted);
  if (isPlainOrMap(value)) {
    if (value instanceof Map || wanted?.typeId === api.DuckDBTypeId.MAP) return mapType(mapEntries(value), wanted);
    return structType(value as Record<string, unknown>, wanted);
  }
  const own = clientType(value);
  if (own !== undefined) return own;
  throw new TypeError(`a ${(value as object).constructor?.name ?? 'value'} has no SQL type: pass a plain object, an array, a Map, a Date, a Buffer or a scalar`);
}

function arrayType(values: readonly unknown[], wanted: DuckDBType | undefined): DuckDBType {
  const api = loadApi();
  const { LIST, ARRAY } = api.DuckDBTypeId;
  const wantedItem = wanted?.typeId === LIST || wanted?.typeId === ARRAY ? (wanted as DuckDBListType | DuckDBArrayType).valueType : undefined;
  const item = commonType(values.map((value) => inferType(value, wantedItem)));
  return wanted?.typeId === ARRAY && (wanted as DuckDBArrayType).length === values.length ? api.ARRAY(item, values.length) : api.LIST(item);
}

function mapType(entries: ReadonlyArray<readonly [unknown, unknown]>, wanted: DuckDBType | undefined): DuckDBType {
  const api = loadApi();
  const types = wanted?.typeId === api.DuckDBTypeId.MAP ? wanted as DuckDBMapType : undefined;
  if (entries.length === 0 && types) return types;
  return api.MAP(
    commonType(entries.map(([key]) => inferType(key, types?.keyType))),
    commonType(entries.map(([, value]) => inferType(value, types?.valueType))),
  );
}

function structType(value: Record<string, unknown>, wanted: DuckDBType | undefined): DuckDBType {
  const api = loadApi();
  const types = wanted?.typeId === api.DuckDBTypeId.STRUCT ? wanted as DuckDBStructType : undefined;
  const names = Object.keys(value);
  if (names.length === 0) throw new TypeError('an empty object has no SQL type: a STRUCT needs at least one field');
  return api.STRUCT(Object.fromEntries(names.map((name) => {
    const index = types?.entryNames.indexOf(name) ?? -1;
    return [name, inferType(value[name], types?.entryTypes[index])];
  })));
}

/** The one type for all values of a list. Looks at every one: the client looks at the first, and binds NULLs for a list that begins with one. */
function commonType(types: readonly DuckDBType[]): DuckDBType {
  const api = loadApi();
  return types.reduce((common, type) => widen(common, type), api.SQLNULL as DuckDBType);
}

function widen(a: DuckDBType, b: DuckDBType): DuckDBType {
  const api = loadApi();
  const { SQLNULL, LIST, STRUCT, MAP } = api.DuckDBTypeId;
  if (a.typeId === SQLNULL) return b;
  if (b.typeId === SQLNULL || String(a) === String(b)) return a;
  const order = [api.INTEGER, api.BIGINT, api.HUGEINT, api.DOUBLE] as DuckDBType[];
  const [rankA, rankB] = [a, b].map((type) => order.findIndex(({ typeId }) => typeId === type.typeId)) as [number, number];
  if (rankA >= 0 && rankB >= 0) return order[Math.max(rankA, rankB)]!;
  if (a.typeId === LIST && b.typeId === LIST) return api.LIST(widen((a as DuckDBListType).valueType, (b as DuckDBListType).valueType));
  if (a.typeId === MAP && b.typeId === MAP) {
    const [mapA, mapB] = [a as DuckDBMapType, b as DuckDBMapType];
    return api.MAP(widen(mapA.keyType, mapB.keyType), widen(mapA.valueType, mapB.valueType));
  }
  if (a.typeId === STRUCT && b.typeId === STRUCT) return widenStructs(a as DuckDBStructType, b as DuckDBStructType);
  throw new TypeError(`a list mixes ${a} and ${b}: DuckDB's lists have one type`);
}

function widenStructs(a: DuckDBStructType, b: DuckDBStructType): DuckDBType {
  const api = loadApi();
  const names = [...new Set([...a.entryNames, ...b.entryNames])];
  const typeIn = (struct: DuckDBStructType, name: string) => struct.entryTypes[struct.entryNames.indexOf(name)] ?? api.SQLNULL;
  return api.STRUCT(Object.fromEntries(names.map((name) => [name, widen(typeIn(a, name), typeIn(b, name))])));
}

function dateValue(value: Date, type: DuckDBType): DuckDBValue {
  const api = loadApi();
  const milliseconds = value.getTime();
  if (Number.isNaN(milliseconds)) throw new RangeError('the Date is invalid');
  const id = api.DuckDBTypeId;
  switch (type.typeId) {
    case id.DATE: return new api.DuckDBDateValue(Math.floor(milliseconds / 86_400_000));
    case id.TIMESTAMP_S: return new api.DuckDBTimestampSecondsValue(BigInt(Math.floor(milliseconds / 1000)));
    case id.TIMESTAMP_MS: return new api.DuckDBTimestampMillisecondsValue(BigInt(milliseconds));
    case id.TIMESTAMP_NS: return new api.DuckDBTimestampNanosecondsValue(BigInt(milliseconds) * 1_000_000n);
    case id.TIMESTAMP_TZ: return new api.DuckDBTimestampTZValue(BigInt(milliseconds) * 1000n);
    default: return new api.DuckDBTimestampValue(BigInt(milliseconds) * 1000n);
  }
}

function isTemporal(type: DuckDBType | undefined): boolean {
  const { DATE, TIMESTAMP, TIMESTAMP_TZ, TIMESTAMP_S, TIMESTAMP_MS, TIMESTAMP_NS } = loadApi().DuckDBTypeId;
  return type !== undefined && [DATE, TIMESTAMP, TIMESTAMP_TZ, TIMESTAMP_S, TIMESTAMP_MS, TIMESTAMP_NS].includes(type.typeId as never);
}

/** The type of one of the client's own value objects. */
function clientType(value: object): DuckDBType | undefined {
  const api = loadApi();
  const types: ReadonlyArray<readonly [{ [Symbol.hasInstance](value: unknown): boolean }, DuckDBType]> = [
    [api.DuckDBDateValue, api.DATE],
    [api.DuckDBTimestampValue, api.TIMESTAMP],
    [api.DuckDBTimestampTZValue, api.TIMESTAMPTZ],
    [api.DuckDBTimestampSecondsValue, api.TIMESTAMP_S],
    [api.DuckDBTimestampMillisecondsValue, api.TIMESTAMP_MS],
    [api.DuckDBTimestampNanosecondsValue, api.TIMESTAMP_NS],
    [api.DuckDBTimeValue, api.TIME],
    [api.DuckDBTimeTZValue, api.TIMETZ],
    [api.DuckDBIntervalValue, api.INTERVAL],
    [api.DuckDBUUIDValue, api.UUID],
    [api.DuckDBBitValue, api.BIT],
    [api.DuckDBBlobValue, api.BLOB],
  ];
  if (value instanceof api.DuckDBDecimalValue) return api.DECIMAL(value.width, value.scale);
  return types.find(([kind]) => kind[Symbol.hasInstance](value))?.[1];
}

function isPlainOrMap(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Map) return true;
  const prototype = Object.getPrototypeOf(value) as object | null;
  // Also the plain objects of another realm, whose prototype is another Object.prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function mapEntries(value: object): ReadonlyArray<readonly [unknown, unknown]> {
  return value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value);
}

function within(value: bigint, [least, most]: readonly [bigint, bigint]): boolean {
  return value >= least && value <= most;
}
