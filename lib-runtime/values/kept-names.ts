import type { DuckDBArrayType, DuckDBDataChunk, DuckDBListType, DuckDBMapType, DuckDBStructType, DuckDBType, DuckDBUnionType, DuckDBVector } from '@duckdb/node-api';
import { loadApi, loadBindings } from '../client/client';

// The client collects the fields of a STRUCT in a plain object, by assignment. A field called `__proto__` becomes the prototype of that
// object, or is lost. The client therefore gets another name for it. DuckDB's names cannot contain a NUL, but a key in a VARIANT can begin
// with one.

const TAKEN = /^\0*__proto__$/;

/** `name` in a form that is safe as a key of the client's objects. */
function keptName(name: string): string {
  return TAKEN.test(name) ? `\0${name}` : name;
}

/** The original of a name from `keptName`. */
export function originalName(name: string): string {
  return name.startsWith('\0') && TAKEN.test(name) ? name.slice(1) : name;
}

/** Sets an own key, even if it is called `__proto__`. */
export function setKey(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

/** Whether the client's values of `type` can lack a field that the row has. */
export function losesFields(type: DuckDBType): boolean {
  const { DuckDBTypeId: id } = loadApi();
  if (type.typeId === id.VARIANT || hasUnnamedFields(type)) return true;
  return namesOf(type).some((name) => TAKEN.test(name)) || partsOf(type).some(losesFields);
}

/** `row(1, 2)`: its fields are all called ''. */
export function hasUnnamedFields(type: DuckDBType): boolean {
  const names = type.typeId === loadApi().DuckDBTypeId.STRUCT ? namesOf(type) : [];
  return new Set(names).size < names.length;
}

/** `type` with safe names, which the client keeps. */
export function keptType(type: DuckDBType): DuckDBType {
  return renamed(type, keptName);
}

/** The original of a type from `keptType`. */
export function originalType(type: DuckDBType): DuckDBType {
  return renamed(type, originalName);
}

/** A column of `chunk` that has not been read yet. */
export function newVector(chunk: DuckDBDataChunk, column: number, type?: DuckDBType): DuckDBVector {
  return loadApi().DuckDBVector.create(loadBindings().data_chunk_get_vector(chunk.chunk, column), chunk.rowCount, type);
}

/** A column of `chunk` whose values have the names of `type` from `keptType`. The keys of a VARIANT are renamed by the same rule. */
export function keptVector(chunk: DuckDBDataChunk, column: number, type: DuckDBType): DuckDBVector {
  const vector = newVector(chunk, column, type);
  keepVariants(vector);
  return vector;
}

function renamed(type: DuckDBType, rename: (name: string) => string): DuckDBType {
  const api = loadApi();
  const { DuckDBTypeId: id } = api;
  const part = (inner: DuckDBType) => renamed(inner, rename);
  switch (type.typeId) {
    case id.LIST: return new api.DuckDBListType(part((type as DuckDBListType).valueType), type.alias);
    case id.ARRAY: return new api.DuckDBArrayType(part((type as DuckDBArrayType).valueType), (type as DuckDBArrayType).length, type.alias);
    case id.MAP: return new api.DuckDBMapType(part((type as DuckDBMapType).keyType), part((type as DuckDBMapType).valueType), type.alias);
    case id.STRUCT: return new api.DuckDBStructType(namesOf(type).map(rename), partsOf(type).map(part), type.alias);
    case id.UNION: return new api.DuckDBUnionType(namesOf(type).map(rename), partsOf(type).map(part), type.alias);
    default: return type;
  }
}

/** The names of a STRUCT's fields, or of a UNION's members. */
export function namesOf(type: DuckDBType): readonly string[] {
  const { STRUCT, UNION } = loadApi().DuckDBTypeId;
  if (type.typeId === STRUCT) return (type as DuckDBStructType).entryNames;
  return type.typeId === UNION ? (type as DuckDBUnionType).memberTags : [];
}

/** The types of a nested type's parts. */
export function partsOf(type: DuckDBType): readonly DuckDBType[] {
  const { LIST, ARRAY, MAP, STRUCT, UNION } = loadApi().DuckDBTypeId;
  switch (type.typeId) {
    case LIST:
    case ARRAY: return [(type as DuckDBListType | DuckDBArrayType).valueType];
    case MAP: return [(type as DuckDBMapType).keyType, (type as DuckDBMapType).valueType];
    case STRUCT: return (type as DuckDBStructType).entryTypes;
    case UNION: return (type as DuckDBUnionType).memberTypes;
    default: return [];
  }
}

/** The part of the client's VARIANT reader that is used here. A VARIANT's keys are in the data, not in the type. */
interface VariantVector {
  keysEntry: { getItem(index: number): string | null };
  slice(offset: number, length: number): DuckDBVector;
}

/** Renames the keys of the VARIANTs in `vector`, at any depth. */
function keepVariants(vector: DuckDBVector): void {
  const api = loadApi();
  if (api.DuckDBVariantVector !== undefined && vector instanceof api.DuckDBVariantVector) {
    keepVariant(vector as unknown as VariantVector);
    return;
  }
  for (const part of Object.values(vector).flat(1)) if (part instanceof api.DuckDBVector) keepVariants(part);
}

function keepVariant(vector: VariantVector): void {
  const keys = vector.keysEntry;
  const slice = vector.slice.bind(vector);
  vector.keysEntry = { getItem: (index) => keptName(keys.getItem(index)!) };
  // A list reads its items from a slice.
  vector.slice = (offset, length) => {
    const part = slice(offset, length);
    keepVariant(part as unknown as VariantVector);
    return part;
  };
}
