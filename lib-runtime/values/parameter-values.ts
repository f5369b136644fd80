import type {
  DuckDBArrayType, DuckDBListType, DuckDBMapType, DuckDBStructType, DuckDBType, DuckDBUnionType, DuckDBUnionValue, DuckDBValue,
  DuckDBVariantValue,
} from '@duckdb/node-api';
import { className, withArticle } from './class-name';
import { entriesOf, fieldsOf, geometryError, isArrayValue, isClientValue, isUnionValue, isVariantValue, itemsOf, typeOfClientScalar } from './client-values';
import { commonType, structType, unionType } from './common-type';
import { isJson, jsonText } from './json-parameter';
import { namesOf, partsOf } from './kept-names';
import { isInt64, isUint128, scalarValue, takesBignum, typeOfScalar } from './scalar-parameters';
import { checkName } from './text-parameter';
import { fieldPath, mapParts } from './value-error';
import { loadApi } from '../client/client';

export { placeholderCast } from './placeholder-casts';

/** Like `inferType`, for a whole parameter. */
export function parameterType(value: unknown, wanted: DuckDBType | undefined): DuckDBType {
  const type = inferType(value, wanted);
  checkBignums(type, wanted);
  return type;
}

/**
 * The type to bind `value` with: the statement's (`wanted`) if the value fits it, otherwise the value's.
 *
 * If the two differ, DuckDB casts the value, as in its own shell. Throws for a value without a SQL type, and for a value that the type would
 * not hold exactly.
 */
export function inferType(value: unknown, wanted?: DuckDBType): DuckDBType {
  const api = loadApi();
  if (value === null) return api.SQLNULL;
  if (isJson(wanted) && isMadeJson(value)) return api.VARCHAR;
  return typeof value === 'object' ? objectType(value, wanted) : typeOfScalar(value, wanted);
}

/** Throws for a BIGNUM that the statement does not expect, because DuckDB turns it into other numbers. This finds only a BIGNUM that is a common type. */
function checkBignums(type: DuckDBType, wanted: DuckDBType | undefined): void {
  if (takesBignum(wanted)) return;
  if (type.typeId === loadApi().DuckDBTypeId.BIGNUM) {
    throw new RangeError('only a BIGNUM can hold all numbers of a list, and DuckDB turns a BIGNUM into other numbers if it expects another type: ' +
      'name the type in the SQL, as in $1::BIGNUM[], or pass all of them as text');
  }
  const names = namesOf(type).map((name) => name.toLowerCase());
  const wantedNames = wanted ? namesOf(wanted).map((name) => name.toLowerCase()) : [];
  const wantedParts = wanted ? partsOf(wanted) : [];
  partsOf(type).forEach((part, index) => checkBignums(part, wantedParts[names.length > 0 ? wantedNames.indexOf(names[index]!) : index]));
}

/** `value` as the client expects it for `type`, the result of `inferType`. */
export function toDuckDbValue(value: unknown, type: DuckDBType): DuckDBValue {
  if (value === null || value === undefined) return null;
  const { DuckDBTypeId: id } = loadApi();
  if (typeof value === 'string') return value;
  // Only a JSON parameter is bound as text without being text.
  if (type.typeId === id.VARCHAR && !isVariant(value)) return jsonText(value);
  if (typeof value === 'bigint' && (type.typeId === id.DOUBLE || type.typeId === id.FLOAT)) return exactDouble(value);
  return typeof value === 'object' ? objectValue(value, type) : scalarValue(value, type);
}

/** Whether `value` is converted to JSON. Text is JSON already, and the client's own values have a type. */
function isMadeJson(value: unknown): boolean {
  if (typeof value === 'object') return !isClientValue(value!);
  return typeof value === 'boolean' || typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value));
}

function objectType(value: object, wanted: DuckDBType | undefined): DuckDBType {
  const api = loadApi();
  const { MAP } = api.DuckDBTypeId;
  if (value instanceof Date) return isTemporal(wanted) ? wanted! : api.TIMESTAMP;
  if (value instanceof Uint8Array) {
    if (wanted !== undefined && wanted.typeId === api.DuckDBTypeId.GEOMETRY) throw geometryError();
    return api.BLOB;
  }
  const entries = entriesFor(value, wanted?.typeId === MAP);
  if (entries) return mapType(entries, wanted?.typeId === MAP ? wanted as DuckDBMapType : undefined);
  const items = itemsOf(value);
  if (items) return listType(items, wanted, isArrayValue(value));
  const fields = fieldsOf(value);
  if (fields) return fieldsType(fields, wanted);
  if (isUnionValue(value)) return unionType([value.tag], [inferType(value.value, memberType(value.tag, wanted))]);
  const own = isVariantValue(value) ? variantType(value) : typeOfClientScalar(value);
  if (own !== undefined) return own;
  throw new TypeError(`${withArticle(className(value))} has no SQL type: pass a plain object, an array, a Map, a Date, a Buffer or a scalar`);
}

function memberType(tag: string, wanted: DuckDBType | undefined): DuckDBType | undefined {
  if (wanted === undefined || wanted.typeId !== loadApi().DuckDBTypeId.UNION) return undefined;
  return partsOf(wanted)[namesOf(wanted).findIndex((name) => name.toLowerCase() === tag.toLowerCase())];
}

function listType(items: readonly unknown[], wanted: DuckDBType | undefined, isArray: boolean): DuckDBType {
  const api = loadApi();
  const { LIST, ARRAY } = api.DuckDBTypeId;
  const list = wanted?.typeId === LIST || wanted?.typeId === ARRAY ? wanted as DuckDBListType | DuckDBArrayType : undefined;
  const types = mapParts(items, (_, index) => `[${index}]`, (item, index) => {
    if (!(index in items)) throw new TypeError('the list has a hole, as in [1, , 3]: pass null for SQL NULL');
    return inferType(item, list?.valueType);
  });
  const item = variantsType(items, types) ?? withoutSign(commonType(types, 'a list'), items);
  const isWanted = list?.typeId === ARRAY && (list as DuckDBArrayType).length === items.length;
  return items.length > 0 && (isWanted || (isArray && list === undefined)) ? api.ARRAY(item, items.length) : api.LIST(item);
}

/** DuckDB does not cast a BIGNUM to all other integers, so it is for those lists that have a negative number too. */
function withoutSign(type: DuckDBType, items: readonly unknown[]): DuckDBType {
  const api = loadApi();
  if (type.typeId !== api.DuckDBTypeId.BIGNUM) return type;
  return items.every((item) => item === null || isUint128(BigInt(item as number | bigint))) ? api.UHUGEINT : type;
}

function mapType(entries: ReadonlyArray<readonly [unknown, unknown]>, wanted: DuckDBMapType | undefined): DuckDBType {
  const keys = mapParts(entries, keyPath, ([key]) => {
    if (key === null || key === undefined) {
      throw new TypeError(`a key of the MAP is ${key}, and a key of DuckDB's MAP cannot be NULL: leave the entry out, or give it another key`);
    }
    return inferType(key, wanted?.keyType);
  });
  const values = mapParts(entries, keyPath, ([, value]) => inferType(value, wanted?.valueType));
  return loadApi().MAP(commonType(keys, 'the keys of a MAP'), commonType(values, 'a MAP'));
}

function fieldsType(fields: Readonly<Record<string, unknown>>, wanted: DuckDBType | undefined): DuckDBType {
  const types = wanted?.typeId === loadApi().DuckDBTypeId.STRUCT ? wanted as DuckDBStructType : undefined;
  const names = Object.keys(fields);
  if (names.length === 0) throw new TypeError('an empty object has no SQL type: a STRUCT needs at least one field');
  return structType(names, mapParts(names, fieldPath, (name) => {
    checkName(name);
    // DuckDB ignores case in names.
    return inferType(fields[name], types?.entryTypes[types.entryNames.findIndex((own) => own.toLowerCase() === name.toLowerCase())]);
  }));
}

/** A UNION for VARIANTs of several types. DuckDB turns its members into VARIANTs, and the client can create lists of UNIONs, but not of VARIANTs. */
function variantsType(items: readonly unknown[], types: readonly DuckDBType[]): DuckDBType | undefined {
  if (!items.some(isVariant) || !items.every((item) => item === null || isVariant(item))) return undefined;
  const members = new Map(types.map((type) => [String(type), type]));
  members.delete(String(loadApi().SQLNULL));
  if (members.size < 2) return undefined;
  // DuckDB 1.5.5 turns some members into NULL if such a list is within another list.
  if ([...members.keys()].some((name) => name.includes('UNION('))) {
    throw new TypeError('a list of VARIANTs of several types is within another list, which DuckDB does not cast correctly: ' +
      'pass its JSON, and cast it with $1::JSON::VARIANT');
  }
  return unionType([...members.keys()], [...members.values()]);
}

function isVariant(item: unknown): item is DuckDBVariantValue {
  return typeof item === 'object' && item !== null && isVariantValue(item);
}

/** Its own type, if the client can create values of that type. */
function variantType({ value, type }: DuckDBVariantValue): DuckDBType {
  return type === undefined || /\b(VARIANT|GEOMETRY)\b/.test(String(type)) ? inferType(value) : type;
}

function objectValue(value: object, type: DuckDBType): DuckDBValue {
  const api = loadApi();
  const { DuckDBTypeId: id } = api;
  if (value instanceof Date) return dateValue(value, type);
  if (value instanceof Uint8Array) return api.blobValue(value);
  if (isVariantValue(value)) return type.typeId === id.UNION ? variantMember(value, type as DuckDBUnionType) : toDuckDbValue(value.value, type);
  switch (type.typeId) {
    case id.LIST: return api.listValue(itemValues(value, type as DuckDBListType));
    case id.ARRAY: return api.arrayValue(itemValues(value, type as DuckDBArrayType));
    case id.MAP: return api.mapValue(mapEntries(value, type as DuckDBMapType));
    case id.STRUCT: return api.structValue(Object.fromEntries(fieldValues(fieldsOf(value)!, type as DuckDBStructType)));
    case id.UNION: {
      const { tag, value: member } = value as DuckDBUnionValue;
      return api.unionValue(tag, toDuckDbValue(member, (type as DuckDBUnionType).memberTypes[(type as DuckDBUnionType).memberTags.indexOf(tag)]!));
    }
    default: return value as DuckDBValue;
  }
}

function variantMember(value: DuckDBVariantValue, { memberTags, memberTypes }: DuckDBUnionType): DuckDBValue {
  if (value.value === null) return null;
  const tag = String(variantType(value));
  return loadApi().unionValue(tag, toDuckDbValue(value.value, memberTypes[memberTags.indexOf(tag)]!));
}

function itemValues(value: object, { valueType }: DuckDBListType | DuckDBArrayType): DuckDBValue[] {
  return mapParts(itemsOf(value)!, (_, index) => `[${index}]`, (item) => toDuckDbValue(item, valueType));
}

function fieldValues(fields: Readonly<Record<string, unknown>>, { entryNames, entryTypes }: DuckDBStructType): Array<[string, DuckDBValue]> {
  // Own keys only: otherwise `constructor` would count as a field.
  return mapParts(entryNames, fieldPath, (name, index) => (
    [name, Object.hasOwn(fields, name) ? toDuckDbValue(fields[name], entryTypes[index]!) : null]
  ));
}

function mapEntries(value: object, { keyType, valueType }: DuckDBMapType): Array<{ key: DuckDBValue; value: DuckDBValue }> {
  const seen = new Set<string>();
  return mapParts(entriesFor(value, true)!, keyPath, ([key, item]) => {
    const entry = { key: toDuckDbValue(key, keyType), value: toDuckDbValue(item, valueType) };
    const text = String(entry.key);
    if (seen.has(text)) throw new TypeError(`two keys of the MAP are the ${keyType} ${text}, and a key of DuckDB's MAP must be unique: leave one of them out`);
    seen.add(text);
    return entry;
  });
}

/** The entries of a MAP. If the statement expects a MAP, also those of a plain object, and of a row's `{ key, value }` list. */
function entriesFor(value: object, isWanted: boolean): ReadonlyArray<readonly [unknown, unknown]> | undefined {
  const entries = entriesOf(value);
  if (entries || !isWanted) return entries;
  if (Array.isArray(value)) {
    const pairs = value as ReadonlyArray<{ key: unknown; value: unknown } | null>;
    const areEntries = pairs.every((pair) => pair !== null && typeof pair === 'object' && 'key' in pair && 'value' in pair);
    return areEntries ? pairs.map((pair) => [pair!.key, pair!.value]) : undefined;
  }
  const fields = fieldsOf(value);
  return fields && Object.entries(fields);
}

function keyPath([key]: readonly [unknown, unknown], index: number): string {
  if (typeof key === 'object' && key !== null) return `[entry ${index}]`;
  return typeof key === 'string' ? `[${JSON.stringify(key)}]` : `[${String(key)}]`;
}

function exactDouble(value: bigint): number {
  const number = Number(value);
  if (BigInt(number) === value) return number;
  throw new RangeError(`the bigint ${value} is mixed with numbers that only a DOUBLE holds, but a DOUBLE cannot hold the bigint exactly: ` +
    'convert the whole numbers to bigints, or pass all of them as text');
}

function dateValue(value: Date, type: DuckDBType): DuckDBValue {
  const api = loadApi();
  const milliseconds = value.getTime();
  if (Number.isNaN(milliseconds)) throw new RangeError('the Date is invalid');
  const id = api.DuckDBTypeId;
  switch (type.typeId) {
    case id.DATE: return new api.DuckDBDateValue(whole(value, 86_400_000, 'a time of day, which a DATE does not hold', 'midnight UTC'));
    case id.TIMESTAMP_S: return new api.DuckDBTimestampSecondsValue(BigInt(whole(value, 1000, 'milliseconds, which a TIMESTAMP_S does not hold', 'a whole second')));
    case id.TIMESTAMP_MS: return new api.DuckDBTimestampMillisecondsValue(BigInt(milliseconds));
    case id.TIMESTAMP_NS: return new api.DuckDBTimestampNanosecondsValue(nanoseconds(value));
    case id.TIMESTAMP_TZ: return new api.DuckDBTimestampTZValue(BigInt(milliseconds) * 1000n);
    default: return new api.DuckDBTimestampValue(BigInt(milliseconds) * 1000n);
  }
}

/** A Date in units of `unit` milliseconds. If the rest were cut off, a condition would match other rows. */
function whole(value: Date, unit: number, rest: string, fix: string): number {
  const count = value.getTime() / unit;
  if (Number.isInteger(count)) return count;
  throw new RangeError(`the Date ${value.toISOString()} has ${rest}: cast it, as in $1::TIMESTAMP, or pass a Date at ${fix}, or text`);
}

function nanoseconds(value: Date): bigint {
  const nanos = BigInt(value.getTime()) * 1_000_000n;
  // The ends of the range are DuckDB's infinities.
  if (isInt64(nanos) && isInt64(nanos - 2n) && isInt64(nanos + 1n)) return nanos;
  throw new RangeError(`the Date ${value.toISOString()} is beyond TIMESTAMP_NS, which ends in 1677 and 2262: use a TIMESTAMP`);
}

function isTemporal(type: DuckDBType | undefined): boolean {
  const { DATE, TIMESTAMP, TIMESTAMP_TZ, TIMESTAMP_S, TIMESTAMP_MS, TIMESTAMP_NS } = loadApi().DuckDBTypeId;
  return type !== undefined && [DATE, TIMESTAMP, TIMESTAMP_TZ, TIMESTAMP_S, TIMESTAMP_MS, TIMESTAMP_NS].includes(type.typeId as never);
}
