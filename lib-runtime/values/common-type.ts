import type { DuckDBArrayType, DuckDBListType, DuckDBMapType, DuckDBStructType, DuckDBType, DuckDBUnionType } from '@duckdb/node-api';
import { loadApi } from '../client/client';

/**
 * The common type of all `types`. The error for mixed types names their holder, `what`.
 *
 * Looks at every type. The client looks only at the first, and binds NULLs for a list that begins with NULL.
 */
export function commonType(types: readonly DuckDBType[], what: string): DuckDBType {
  return types.reduce((common, type) => widen(common, type, what), loadApi().SQLNULL as DuckDBType);
}

/** A STRUCT's type. Throws for names that DuckDB treats as the same. */
export function structType(names: readonly string[], types: readonly DuckDBType[]): DuckDBStructType {
  const seen = new Map<string, string>();
  for (const name of names) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) throw new TypeError(`the keys "${other}" and "${name}" are one field to DuckDB, which ignores case in names: rename one`);
    seen.set(name.toLowerCase(), name);
  }
  return new (loadApi().DuckDBStructType)(names, types);
}

/** A UNION's type in which the client finds all members. It looks them up in a plain object. */
export function unionType(tags: readonly string[], types: readonly DuckDBType[]): DuckDBUnionType {
  const type = new (loadApi().DuckDBUnionType)(tags, types);
  const index = tags.indexOf('__proto__');
  if (index >= 0) Object.defineProperty(type.tagMemberIndexes, '__proto__', { value: index, enumerable: true });
  return type;
}

function widen(a: DuckDBType, b: DuckDBType, what: string): DuckDBType {
  const api = loadApi();
  const { SQLNULL, LIST, ARRAY, STRUCT, MAP, UNION } = api.DuckDBTypeId;
  if (a.typeId === SQLNULL) return b;
  if (b.typeId === SQLNULL || String(a) === String(b)) return a;
  const number = widenNumbers(a, b);
  if (number) return number;
  const isBoth = (...ids: number[]) => ids.includes(a.typeId) && ids.includes(b.typeId);
  if (isBoth(LIST, ARRAY)) return widenLists(a as DuckDBListType | DuckDBArrayType, b as DuckDBListType | DuckDBArrayType, what);
  if (isBoth(MAP)) {
    const [mapA, mapB] = [a as DuckDBMapType, b as DuckDBMapType];
    return api.MAP(widen(mapA.keyType, mapB.keyType, what), widen(mapA.valueType, mapB.valueType, what));
  }
  if (isBoth(STRUCT)) {
    const [structA, structB] = [a as DuckDBStructType, b as DuckDBStructType];
    const [names, types] = widenMembers([structA.entryNames, structA.entryTypes], [structB.entryNames, structB.entryTypes], what);
    return structType(names, types);
  }
  if (isBoth(UNION)) {
    const [unionA, unionB] = [a as DuckDBUnionType, b as DuckDBUnionType];
    return unionType(...widenMembers([unionA.memberTags, unionA.memberTypes], [unionB.memberTags, unionB.memberTypes], what));
  }
  throw new TypeError(`${what} mixes ${a} and ${b}: DuckDB's lists have one type`);
}

function widenNumbers(a: DuckDBType, b: DuckDBType): DuckDBType | undefined {
  const api = loadApi();
  const order = [api.INTEGER, api.BIGINT, api.HUGEINT, api.UHUGEINT, api.BIGNUM, api.FLOAT, api.DOUBLE] as DuckDBType[];
  const ranks = [a, b].map((type) => order.findIndex(({ typeId }) => typeId === type.typeId));
  if (ranks.includes(-1)) return undefined;
  const wider = order[Math.max(...ranks)]!;
  // UHUGEINT has no negative numbers. Only BIGNUM has both those and UHUGEINT's largest numbers.
  return wider === api.UHUGEINT ? api.BIGNUM : wider;
}

function widenLists(a: DuckDBListType | DuckDBArrayType, b: DuckDBListType | DuckDBArrayType, what: string): DuckDBType {
  const api = loadApi();
  const item = widen(a.valueType, b.valueType, what);
  const length = lengthOf(a);
  return length !== undefined && length === lengthOf(b) ? api.ARRAY(item, length) : api.LIST(item);
}

function lengthOf(type: DuckDBListType | DuckDBArrayType): number | undefined {
  return type.typeId === loadApi().DuckDBTypeId.ARRAY ? (type as DuckDBArrayType).length : undefined;
}

type Members = readonly [names: readonly string[], types: readonly DuckDBType[]];

/** A value without some of the fields has NULL there. */
function widenMembers(a: Members, b: Members, what: string): [string[], DuckDBType[]] {
  const names = [...new Set([...a[0], ...b[0]])];
  const typeIn = ([own, types]: Members, name: string) => types[own.indexOf(name)] ?? loadApi().SQLNULL;
  return [names, names.map((name) => widen(typeIn(a, name), typeIn(b, name), what))];
}
