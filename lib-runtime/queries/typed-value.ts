import type { DuckDBArrayType, DuckDBListType, DuckDBMapType, DuckDBStructType, DuckDBType, DuckDBUnionType } from '@duckdb/node-api';
import type { LogicalType, Value } from '@duckdb/node-bindings';
import { numberText } from './exact-json';
import { RoundedNumberError } from './number-text';
import { type Scalar, scalarOf } from './scalar-text';
import { didYouMean } from '../base/did-you-mean';
import { scrub } from '../base/redaction';
import { loadApi, loadBindings } from '../client/client';
import { partsOf } from '../values/kept-names';
import { typeName } from '../values/type-name';
import { fieldPath, inPart, mapParts } from '../values/value-error';

const MOST_SHOWN = 100;

/** The first part of `type` whose values cannot be parameters, or undefined. */
export function unsupportedPart(type: DuckDBType): DuckDBType | undefined {
  const parts = partsOf(type);
  if (parts.length === 0) return scalarOf(type) ? undefined : type;
  return parts.map(unsupportedPart).find((part) => part !== undefined);
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

/** The beginning of a value, for messages. Redacts first, because half of a secret is not recognised. */
export function received(value: unknown): string {
  const number = numberText(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null && number === undefined) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(scrub(value)) : number ?? String(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text;
}

function scalar(value: unknown, type: DuckDBType): Value {
  const form = scalarOf(type)!;
  return castScalar(uncast(value, type, form), value, type, form);
}

function castScalar(uncastValue: Value, value: unknown, type: DuckDBType, { expected }: Scalar): Value {
  try {
    return cast(uncastValue, type);
  } catch {
    throw misfit(value, expected);
  }
}

/** A value that DuckDB casts to `type`. */
function uncast(value: unknown, type: DuckDBType, form: Scalar): Value {
  const { create_blob: blob, create_null_value: nothing, create_varchar: varchar } = loadBindings();
  if (value === null) return nothing();
  const text = textFor(value, form);
  return type.typeId === loadApi().DuckDBTypeId.BLOB ? blob(Buffer.from(text, 'base64')) : varchar(text);
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

function list(value: unknown, { valueType }: DuckDBListType): Value {
  return items(value, valueType, (values) => loadBindings().create_list_value(logical(valueType), values));
}

function array(value: unknown, type: DuckDBArrayType): Value {
  const { length, valueType } = type;
  if (Array.isArray(value) && value.length !== length) throw new RangeError(`is a list of ${value.length}, expected a list of ${length}`);
  return items(value, valueType, (values) => loadBindings().create_array_value(logical(valueType), values));
}

function items(value: unknown, type: DuckDBType, make: (values: Value[]) => Value): Value {
  if (!Array.isArray(value)) throw misfit(value, 'a list');
  const form = scalarOf(type);
  if (!form) return make(mapParts(value, itemPath, (item) => typedValue(item, type)));
  const uncastItems = mapParts(value, itemPath, (item) => uncast(item, type, form));
  try {
    // One cast for all of them, which takes a fifth of the time.
    return make(uncastItems);
  } catch {
    return make(mapParts(uncastItems, itemPath, (item, index) => castScalar(item, value[index], type, form)));
  }
}

function struct(value: unknown, type: DuckDBStructType): Value {
  const { entryNames, entryTypes } = type;
  const fields = fieldsByName(value, entryNames, `an object with the keys ${entryNames.join(', ')}`, 'field');
  const values = mapParts(entryNames, fieldPath, (name, index) => {
    const field = fields.get(name.toLowerCase());
    if (field === undefined) throw new RangeError('is missing: pass null for NULL');
    return typedValue(field.value, entryTypes[index]!);
  });
  return loadBindings().create_struct_value(logical(type), values);
}

function map(value: unknown, type: DuckDBMapType): Value {
  const entries = entriesOf(value);
  const keys = mapParts(entries, keyPath, ([key]) => {
    if (key === null) throw new RangeError('is a key that is null, which a MAP cannot have: leave the entry out');
    return typedValue(key, type.keyType);
  });
  const values = mapParts(entries, keyPath, ([, item]) => typedValue(item, type.valueType));
  try {
    return loadBindings().create_map_value(logical(type), keys, values);
  } catch {
    throw new RangeError(`has two keys that are the same ${typeName(type.keyType)}: leave one of them out`);
  }
}

function entriesOf(value: unknown): ReadonlyArray<readonly [unknown, unknown]> {
  const expected = 'an object, or a list of objects with the keys key and value';
  if (!Array.isArray(value)) {
    if (received(value) !== 'an object') throw misfit(value, expected);
    return Object.entries(value as object);
  }
  return mapParts(value, itemPath, (entry) => {
    const { key, value: item, ...others } = (entry ?? {}) as { key: unknown; value: unknown };
    if (key !== undefined && item !== undefined && Object.keys(others).length === 0) return [key, item] as const;
    throw misfit(entry, 'an object with the keys key and value');
  });
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

function itemPath(_: unknown, index: number): string {
  return `[${index}]`;
}

function keyPath([key]: readonly [unknown, unknown]): string {
  return `[${received(key)}]`;
}

function logical(type: DuckDBType): LogicalType {
  return type.toLogicalType().logical_type;
}
