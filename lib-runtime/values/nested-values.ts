import type {
  DuckDBArrayType, DuckDBArrayValue, DuckDBListType, DuckDBListValue, DuckDBMapType, DuckDBMapValue, DuckDBStructType, DuckDBStructValue, DuckDBType,
  DuckDBUnionType, DuckDBUnionValue, DuckDBValue, DuckDBVariantValue,
} from '@duckdb/node-api';
import { hasUnnamedFields, originalName, setKey } from './kept-names';
import { unnamedFields } from './unnamed-fields';
import { loadApi } from '../client/client';

/** Converts the client's value to the value in the row. */
export type Convert = (value: DuckDBValue) => unknown;

/** A form of rows: how it converts DuckDB's values. The parts of nested values are already converted. */
export interface Form {
  scalar(type: DuckDBType, column: string): Convert;
  list(items: unknown[]): unknown;
  array(items: unknown[]): unknown;
  struct(fields: Record<string, unknown>): unknown;
  map(entries: Array<{ key: unknown; value: unknown }>): unknown;
  union(tag: string, value: unknown): unknown;
  variant(value: unknown, type: DuckDBType): unknown;
}

/**
 * Converts the client's values of `type` to those of `form`.
 *
 * Created once per column, so that the type is not examined for each value.
 */
export function converterOf(form: Form, type: DuckDBType, column: string): Convert {
  const convert = nonNullConverter(form, type, column);
  return (value) => (value === null || value === undefined ? null : convert(value));
}

function nonNullConverter(form: Form, type: DuckDBType, column: string): Convert {
  const { DuckDBTypeId: id } = loadApi();
  switch (type.typeId) {
    case id.LIST: {
      const item = converterOf(form, (type as DuckDBListType).valueType, column);
      return (value) => form.list((value as DuckDBListValue).items.map(item));
    }
    case id.ARRAY: {
      const item = converterOf(form, (type as DuckDBArrayType).valueType, column);
      return (value) => form.array((value as DuckDBArrayValue).items.map(item));
    }
    case id.STRUCT: return structConverter(form, type as DuckDBStructType, column);
    case id.MAP: return mapConverter(form, type as DuckDBMapType, column);
    case id.UNION: return unionConverter(form, type as DuckDBUnionType, column);
    case id.VARIANT: return (value) => variant(form, value as DuckDBVariantValue, column);
    default: return form.scalar(type, column);
  }
}

function structConverter(form: Form, type: DuckDBStructType, column: string): Convert {
  if (hasUnnamedFields(type)) return () => { throw unnamedFields(type, column); };
  const fields = type.entryNames.map((name, index) => [name, originalName(name), converterOf(form, type.entryTypes[index]!, column)] as const);
  return (value) => {
    const { entries } = value as DuckDBStructValue;
    const object: Record<string, unknown> = {};
    for (const [name, original, convert] of fields) setKey(object, original, convert(entries[name]!));
    return form.struct(object);
  };
}

function mapConverter(form: Form, type: DuckDBMapType, column: string): Convert {
  const key = converterOf(form, type.keyType, column);
  const item = converterOf(form, type.valueType, column);
  return (value) => form.map((value as DuckDBMapValue).entries.map((entry) => ({ key: key(entry.key), value: item(entry.value) })));
}

function unionConverter(form: Form, type: DuckDBUnionType, column: string): Convert {
  const members = new Map(type.memberTags.map((tag, index) => (
    [tag, [originalName(tag), converterOf(form, type.memberTypes[index]!, column)] as const]
  )));
  return (value) => {
    const { tag, value: member } = value as DuckDBUnionValue;
    const [original, convert] = members.get(tag)!;
    return form.union(original, convert(member));
  };
}

/** A VARIANT's rows differ in type: each value brings its own. */
function variant(form: Form, { value, type = loadApi().SQLNULL }: DuckDBVariantValue, column: string): unknown {
  return form.variant(converterOf(form, type, column)(value), type);
}
