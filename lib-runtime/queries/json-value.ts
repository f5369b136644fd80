import type { DuckDBArrayType, DuckDBListType, DuckDBMapType, DuckDBStructType, DuckDBType, DuckDBUnionType } from '@duckdb/node-api';
import { quotedIdentifier, quotedString } from '../base/sql-text';
import { loadApi } from '../client/client';

/**
 * The SQL of `value`, an expression of `type`, as JSON has it: bytes are base64 text, as parameters and answers have them; a BIGNUM, which would become
 * a DOUBLE, is text; a VARIANT, which would become the text of its SQL, is JSON. `undefined` if DuckDB writes the type so by itself.
 */
export function jsonValue(value: string, type: DuckDBType, depth = 0): string | undefined {
  const { DuckDBTypeId: id } = loadApi();
  const item = `item${depth}`;
  const inner = (part: string, partType: DuckDBType) => jsonValue(part, partType, depth + 1);
  switch (type.typeId) {
    case id.BLOB: return `to_base64(${value})`;
    case id.BIGNUM: return `(${value})::VARCHAR`;
    case id.VARIANT: return `(${value})::JSON`;
    case id.LIST: case id.ARRAY: {
      const changed = inner(item, (type as DuckDBListType | DuckDBArrayType).valueType);
      return changed && `list_transform(${value}, lambda ${item}: ${changed})`;
    }
    case id.STRUCT: {
      const { entryNames, entryTypes } = type as DuckDBStructType;
      const fields = parts(entryNames, entryTypes, (name) => `struct_extract(${value}, ${quotedString(name)})`, inner);
      return fields && `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${fields.map(([name, sql]) => `${quotedIdentifier(name)} := ${sql}`).join(', ')}) END`;
    }
    case id.MAP: {
      const { keyType, valueType } = type as DuckDBMapType;
      const fields = parts(['key', 'value'], [keyType, valueType], (name) => `${item}.${name}`, inner);
      return fields && `map_from_entries(list_transform(map_entries(${value}), lambda ${item}: struct_pack(${fields.map(([name, sql]) => `${name} := ${sql}`).join(', ')})))`;
    }
    case id.UNION: {
      const { memberTags, memberTypes } = type as DuckDBUnionType;
      const members = parts(memberTags, memberTypes, (name) => `union_extract(${value}, ${quotedString(name)})`, inner);
      return members && `CASE union_tag(${value})::VARCHAR ${members.map(([name, sql]) => `WHEN ${quotedString(name)} THEN json_object(${quotedString(name)}, ${sql})`).join(' ')} END`;
    }
    default: return undefined;
  }
}

/** The parts of a nested value by their names; undefined if DuckDB writes all of them by itself. */
function parts(
  names: readonly string[], types: readonly DuckDBType[], partOf: (name: string) => string,
  inner: (part: string, type: DuckDBType) => string | undefined,
): ReadonlyArray<readonly [name: string, sql: string]> | undefined {
  const changed = names.map((name, index) => inner(partOf(name), types[index]!));
  return changed.every((sql) => sql === undefined) ? undefined : names.map((name, index) => [name, changed[index] ?? partOf(name)]);
}
