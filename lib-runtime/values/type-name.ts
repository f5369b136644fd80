import type { DuckDBArrayType, DuckDBListType, DuckDBMapType, DuckDBStructType, DuckDBType, DuckDBUnionType } from '@duckdb/node-api';
import { loadApi } from '../client/client';

/** A type in SQL. The client's own text has VARCHAR for JSON, which is an alias of VARCHAR. */
export function typeName(type: DuckDBType): string {
  const { DuckDBTypeId: id } = loadApi();
  if (type.alias) return type.alias;
  switch (type.typeId) {
    case id.LIST: return `${typeName((type as DuckDBListType).valueType)}[]`;
    case id.ARRAY: return `${typeName((type as DuckDBArrayType).valueType)}[${(type as DuckDBArrayType).length}]`;
    case id.MAP: return `MAP(${typeName((type as DuckDBMapType).keyType)}, ${typeName((type as DuckDBMapType).valueType)})`;
    case id.STRUCT: return `STRUCT(${members((type as DuckDBStructType).entryNames, (type as DuckDBStructType).entryTypes)})`;
    case id.UNION: return `UNION(${members((type as DuckDBUnionType).memberTags, (type as DuckDBUnionType).memberTypes)})`;
    default: return String(type);
  }
}

function members(names: readonly string[], types: readonly DuckDBType[]): string {
  const { quotedIdentifier } = loadApi();
  return names.map((name, index) => `${quotedIdentifier(name)} ${typeName(types[index]!)}`).join(', ');
}
