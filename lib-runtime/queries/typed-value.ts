import type { DuckDBArrayType, DuckDBListType, DuckDBMapType, DuckDBStructType, DuckDBType, DuckDBUnionType } from '@duckdb/node-api';
import type { LogicalType, Value } from '@duckdb/node-bindings';
import { RoundedNumberError } from './number-text';
import { received } from './received';
import { type Scalar, scalarOf } from './scalar-text';
import { didYouMean } from '../base/did-you-mean';
import { loadApi, loadBindings } from '../client/client';
import { partsOf } from '../values/kept-names';
import { typeName } from '../values/type-name';
import { fieldPath, inPart, mapParts } from '../values/value-error';
import { pathOf } from '../values/value-path';

/** The first part of `type` whose values cannot be parameters, or undefined. */
export function unsupportedPart(type: DuckDBType): DuckDBType | undefined {
  const parts = partsOf(type);
  if (parts.length === 0) return scalarOf(type) ? undefined : type;
  return parts.map(unsupportedPart).find((part) => part !== undefined);
}

/** Why a parameter cannot have values of `type`, an unsupported part of its type, and what to do instead. */
export function unsupported(type: DuckDBType): string {
  const instead = type.typeId === loadApi().DuckDBTypeId.GEOMETRY
    ? 'declare it as VARCHAR and write $x::GEOMETRY in the SQL, or as BLOB and write ST_GeomFromWKB($x)'
    : 'declare it as VARCHAR or JSON, and convert it in the SQL, as in $x::JSON::VARIANT';
  return `values of ${type} cannot be parameters: ${instead}`;
}

/**
 * DuckDB's own value of `type` for a JSON value: null is NULL, lists are for LIST and ARRAY, an object is for a STRUCT, for a MAP (also a list of
 * `{ key, value }`), and, with the member as its only key, for a UNION.
 *
 * DuckDB makes it of a text by its own cast, after `scalarOf` has found that the cast loses nothing. Throws an error whose message begins with "is",
 * for "parameter $x is ...".
 */
export function typedValue(value: unknown, type: DuckDBType): Value {
  const { DuckDBTypeId: id } = loadApi();
  if (value === null) return cast(loadBindings().create_null_value(), type);
  switch (type.typeId) {
    case id.LIST: return list(value, type as DuckDBListType);
    case id.ARRAY: return array(value, type as DuckDBArrayType);
    case id.STRUCT: return struct(value, type as DuckDBStructType);
    case id.MAP: return map(value, type as DuckDBMapType);
    case id.UNION: return union(value, type as DuckDBUnionType);
    default: return scalar(value, type);
  }
}

function scalar(value: unknown, type: DuckDBType): Value {
  return castScalar(uncast(value, type), value, type);
}

/** A value that DuckDB casts to `type`, a type without parts. */
function uncast(value: unknown, type: DuckDBType): Value {
  const { create_blob: blob, create_null_value: nothing, create_varchar: varchar } = loadBindings();
  if (value === null) return nothing();
  const text = textFor(value, scalarOf(type)!);
  return type.typeId === loadApi().DuckDBTypeId.BLOB ? blob(Buffer.from(text, 'base64')) : varchar(text);
}

function castScalar(uncastValue: Value, value: unknown, type: DuckDBType): Value {
  try {
    return cast(uncastValue, type);
  } catch {
    throw misfit(value, scalarOf(type)!.expected);
  }
}

function textFor(value: unknown, form: Scalar): string {
  try {
    const text = form.text(value);
    if (text !== undefined) return text;
  } catch (error) {
    if (error instanceof RoundedNumberError) throw new RangeError(`is ${received(value)}, ${error.message}`);
    throw error;
  }
  throw misfit(value, form.expected);
}

/** DuckDB's client has no function that casts a value. But DuckDB casts the items of a list to the type of the list. */
function cast(value: Value, type: DuckDBType): Value {
  const bindings = loadBindings();
  return bindings.get_list_child(bindings.create_list_value(logical(type), [value]), 0);
}

/** A part of a nested value, and where it is. */
interface Part {
  readonly value: unknown;
  readonly type: DuckDBType;
  readonly at: number | (() => string);
}

/** What `make` makes of the parts, which it casts all at once. If it cannot, they are cast one by one, to find the one that does not fit. */
function made(parts: readonly Part[], make: (values: Value[]) => Value): Value {
  const values = mapParts(parts, pathTo, ({ value, type }) => (scalarOf(type) ? uncast(value, type) : typedValue(value, type)));
  try {
    return make(values);
  } catch {
    return make(mapParts(parts, pathTo, ({ value, type }, index) => (scalarOf(type) ? castScalar(values[index]!, value, type) : values[index]!)));
  }
}

function pathTo({ at }: Part): string {
  return typeof at === 'number' ? `[${at}]` : at();
}

function list(value: unknown, { valueType }: DuckDBListType): Value {
  return made(itemsOf(value, valueType), (values) => loadBindings().create_list_value(logical(valueType), values));
}

function array(value: unknown, { length, valueType }: DuckDBArrayType): Value {
  const items = itemsOf(value, valueType);
  if (items.length !== length) throw new RangeError(`is a list of ${items.length}, expected a list of ${length}`);
  return made(items, (values) => loadBindings().create_array_value(logical(valueType), values));
}

function itemsOf(value: unknown, type: DuckDBType): Part[] {
  if (!Array.isArray(value)) throw misfit(value, 'a list');
  return value.map((item: unknown, at) => ({ value: item, type, at }));
}

function struct(value: unknown, type: DuckDBStructType): Value {
  const { entryNames, entryTypes } = type;
  const fields = fieldsByName(value, entryNames, `an object with the keys ${entryNames.join(', ')}`, 'field');
  const missing = entryNames.find((name) => !fields.has(name.toLowerCase()));
  if (missing !== undefined) throw inPart(fieldPath(missing), new RangeError('is missing: pass null for NULL'));
  const parts = entryNames.map((name, index) => (
    { value: fields.get(name.toLowerCase())!.value, type: entryTypes[index]!, at: () => fieldPath(name) }
  ));
  return made(parts, (values) => loadBindings().create_struct_value(logical(type), values));
}

function map(value: unknown, type: DuckDBMapType): Value {
  const entries = entriesOf(value).map(([key, item]) => ({ key, item, at: () => `[${received(key)}]` }));
  const withoutKey = entries.find(({ key }) => key === null);
  if (withoutKey) throw inPart(withoutKey.at(), new RangeError('is a key that is null, which a MAP cannot have: leave the entry out'));
  const parts = [
    ...entries.map(({ key, at }) => ({ value: key, type: type.keyType, at })),
    ...entries.map(({ item, at }) => ({ value: item, type: type.valueType, at })),
  ];
  try {
    return made(parts, (values) => loadBindings().create_map_value(logical(type), values.slice(0, entries.length), values.slice(entries.length)));
  } catch (error) {
    // An error in a part says which.
    if (pathOf(error) !== '') throw error;
    throw new RangeError(`has two keys that are the same ${typeName(type.keyType)}: leave one of them out`);
  }
}

const ENTRY = 'an object with the keys key and value';

function entriesOf(value: unknown): ReadonlyArray<readonly [unknown, unknown]> {
  if (Array.isArray(value)) return mapParts(value, (_, index) => `[${index}]`, entryOf);
  if (received(value) !== 'an object') throw misfit(value, 'an object, or a list of objects with the keys key and value');
  return Object.entries(value as object);
}

function entryOf(entry: unknown): readonly [unknown, unknown] {
  if (received(entry) !== 'an object') throw misfit(entry, ENTRY);
  const { key, value, ...others } = entry as { key: unknown; value: unknown };
  const [other] = Object.keys(others);
  if (other !== undefined) throw new RangeError(`has the unknown key ${received(other)}${didYouMean(other, ['key', 'value'])}; expected ${ENTRY}`);
  if (key === undefined) throw inPart('.key', new RangeError('is missing'));
  if (value === undefined) throw inPart('.value', new RangeError('is missing: pass null for NULL'));
  return [key, value];
}

function union(value: unknown, type: DuckDBUnionType): Value {
  const { memberTags, memberTypes } = type;
  const expected = `an object whose only key is one of: ${memberTags.join(', ')}`;
  const members = [...fieldsByName(value, memberTags, expected, 'member').values()];
  if (members.length !== 1) throw new RangeError(`is an object with ${members.length} keys, expected ${expected}`);
  const { name, value: member } = members[0]!;
  const index = memberTags.findIndex((tag) => tag.toLowerCase() === name.toLowerCase());
  const [typed] = mapParts([member], () => fieldPath(name), (part) => typedValue(part, memberTypes[index]!));
  return loadBindings().create_union_value(logical(type), index, typed!);
}

/** The fields of an object by their names in lower case, since DuckDB ignores case. Throws for a name that is not among `names`. */
function fieldsByName(value: unknown, names: readonly string[], expected: string, what: string): Map<string, { name: string; value: unknown }> {
  if (received(value) !== 'an object') throw misfit(value, expected);
  const known = new Set(names.map((name) => name.toLowerCase()));
  const fields = new Map<string, { name: string; value: unknown }>();
  for (const [name, field] of Object.entries(value as object)) {
    const key = name.toLowerCase();
    if (!known.has(key)) throw new RangeError(`has no ${what} ${received(name)}${didYouMean(name, names)}; expected ${expected}`);
    if (fields.has(key)) throw inPart(fieldPath(name), new RangeError('is there twice: DuckDB ignores case in names'));
    fields.set(key, { name, value: field });
  }
  return fields;
}

function misfit(value: unknown, expected: string): RangeError {
  return new RangeError(`is ${received(value)}, expected ${expected}`);
}

const logicals = new WeakMap<DuckDBType, LogicalType>();

function logical(type: DuckDBType): LogicalType {
  let found = logicals.get(type);
  if (!found) logicals.set(type, found = type.toLogicalType().logical_type);
  return found;
}
