import { POSTGRES_EXTENSION, saysOneOf } from '../../base/wording';

/**
 * A value that changes with every change of a schema's tables, views and columns.
 *
 * The extension's own query reads only `pg_class`. It misses a column that was renamed or dropped, or whose type changed without a rewrite:
 * numeric(4,2) to numeric(12,2) then reads wrong values. Each change gives the changed rows a newer `xmin`, so the sum never repeats.
 *
 * The marker at the end: the extension reads the columns in its transaction, which sees the database as it was at its first statement, and records
 * the result of this query as current. While a transaction of this user is open that began before the newest change, the columns may be outdated. So
 * the marker makes sure that a later check finds a change.
 */
const SIGNATURE = `
SELECT columns, changes, CASE WHEN EXISTS (
  SELECT FROM pg_catalog.pg_stat_get_activity(NULL)
  WHERE usesysid = pg_catalog.quote_ident(current_user)::regrole AND pid <> pg_catalog.pg_backend_pid() AND pg_catalog.age(backend_xmin) >= newest
) THEN pg_catalog.clock_timestamp()::text ELSE '' END
FROM (
  SELECT count(*) AS columns, coalesce(sum(a.xmin::text::bigint) + sum(c.xmin::text::bigint), 0) AS changes,
    least(min(pg_catalog.age(a.xmin)), min(pg_catalog.age(c.xmin))) AS newest
  FROM pg_catalog.pg_namespace n
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
  WHERE n.nspname = \${SCHEMA} AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND a.attnum > 0
) AS signature`;

/** Makes the extension ask PostgreSQL at each use of a table whether the schema has changed. Versions without this setting refuse it. */
export const WATCH_SCHEMAS = `SET GLOBAL pg_staleness_query_enabled = true; SET GLOBAL pg_staleness_query = '${SIGNATURE.replaceAll("'", "''")}'`;

const OUTDATED = [
  POSTGRES_EXTENSION.unknownEnumValue, POSTGRES_EXTENSION.outOfBuffer, POSTGRES_EXTENSION.unknownColumn, POSTGRES_EXTENSION.unknownRelation,
];

/** Whether a statement failed because DuckDB's copy of PostgreSQL's schema is out of date. */
export function isOutdated(error: string): boolean {
  return saysOneOf(OUTDATED, error);
}
