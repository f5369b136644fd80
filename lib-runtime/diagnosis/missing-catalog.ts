import { DUCKDB, ICEBERG_SCAN, MOTHERDUCK, POSTGRES_EXTENSION, saysOneOf } from '../base/wording';

const BINDING_ERRORS = [DUCKDB.catalogError, DUCKDB.binderError];
const MISSING = new RegExp([
  DUCKDB.unknownCatalog, DUCKDB.unknownSchema, DUCKDB.unknownCatalogOrSchema, DUCKDB.unknownDatabase, DUCKDB.unknownSchemaToWrite,
  MOTHERDUCK.unknownDatabase, POSTGRES_EXTENSION.unknownDatabase,
].map(({ source }) => source).join('|'), 'i');
/** Statements that list the tables of all catalogs, and omit the tables of an unattached catalog without an error. */
const METADATA = /\bSHOW\s+(?:ALL\s+TABLES|DATABASES|SCHEMAS)\b|\binformation_schema\b|\bduckdb_(?:tables|views|columns|schemas|databases|indexes|constraints|sequences)\b|\bpg_catalog\b|\bdatabase_list\b|\bshow_tables_expanded\b/i;

/** DuckDB's error without the part of the statement that it repeats. */
export function withoutEcho(error: string): string {
  const echo = error.search(DUCKDB.echo);
  return echo === -1 ? error : error.slice(0, echo);
}

/** Whether DuckDB could not bind a statement. Nothing of the statement had been executed then. */
export function failedToBind(error: string): boolean {
  return saysOneOf(BINDING_ERRORS, error);
}

/** Whether a statement may have failed because the catalog that it names is missing, although the error does not name the catalog. */
export function mayLackCatalog(error: string): boolean {
  return failedToBind(error) || ICEBERG_SCAN.notATable.test(error);
}

/** Whether DuckDB could not bind a statement because one of `catalogs` is missing. */
export function missesOneOf(catalogs: readonly string[], error: string): boolean {
  return failedToBind(error) && namesOneOf(catalogs, withoutEcho(error));
}

/** The missing catalog or schema because of which DuckDB could not bind a statement. */
export function missingCatalog(error: string): string | undefined {
  return failedToBind(error) ? MISSING.exec(error)?.slice(1).find((name) => name !== undefined) : undefined;
}

/** The table or view that DuckDB did not find where it looked. */
export function missingTable(error: string): string | undefined {
  return failedToBind(error) ? DUCKDB.unknownTable.exec(error)?.[1] : undefined;
}

/** Whether `sql` may list what is in all catalogs. */
export function mayListCatalogs(sql: string): boolean {
  return METADATA.test(sql);
}

/** Whether `text` contains one of `names` as a word. */
export function namesOneOf(names: readonly string[], text: string): boolean {
  const lower = text.toLowerCase();
  return names.some((name) => holdsWord(lower, name.toLowerCase()));
}

function holdsWord(text: string, word: string): boolean {
  // An empty name would match at every place, and the loop would never end.
  if (word === '') return false;
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    if (!/\w/.test(text[at - 1] ?? ' ') && !/\w/.test(text[at + word.length] ?? ' ')) return true;
  }
  return false;
}
