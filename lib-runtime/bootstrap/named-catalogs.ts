import { namesOneOf } from '../diagnosis/missing-catalog';
import type { Statement } from '../execution/statement';

/** Whether `statement` names one of `catalogs` where DuckDB looks for a catalog. */
export function namesCatalogOf(catalogs: readonly string[], statement: Statement): boolean {
  return catalogs.some((name) => mayName(name, statement) && statement.catalogNames.all.has(name.toLowerCase()));
}

/** Whether `statement` does nothing, without an error, if one of `catalogs` is missing. */
export function ignoresLackOf(catalogs: readonly string[], statement: Statement): boolean {
  return catalogs.some((name) => mayName(name, statement) && statement.catalogNames.ifExists.has(name.toLowerCase()));
}

/** Most statements do not contain the name at all, and need not be read. Quotes in a name are doubled in SQL. */
function mayName(catalog: string, { sql }: Statement): boolean {
  return /["']/.test(catalog) || namesOneOf([catalog], sql);
}
