import { POSTGRES_EXTENSION, saysOneOf } from '../base/wording';

/**
 * Changes with every change of a schema's tables, views and columns.
 *
 * The extension's own query looks at `pg_class` alone, which knows nothing of a column that was renamed or dropped, or whose type changed
 * without a rewrite: numeric(4,2) to numeric(12,2) then reads wrong values. Each change gives its rows a newer `xmin`, so that no sum comes twice.
 *
 * The marker in the end: the extension reads the columns in its transaction, which sees the database as it was at its first statement, and
 * notes as current what this query says beside it. While a transaction of this user is open that began before the newest change, what it read
 * may be old, so nothing is noted that a later look would find unchanged.
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

/** Lets the extension ask PostgreSQL at each use of a table whether its schema has changed. Versions that cannot do so refuse it. */
export const WATCH_SCHEMAS = `SET GLOBAL pg_staleness_query_enabled = true; SET GLOBAL pg_staleness_query = '${SIGNATURE.replaceAll("'", "''")}'`;

const OUTDATED = [
  POSTGRES_EXTENSION.unknownEnumValue, POSTGRES_EXTENSION.outOfBuffer, POSTGRES_EXTENSION.unknownColumn, POSTGRES_EXTENSION.unknownRelation,
];

/** Whether a statement failed because what is known of PostgreSQL's schema is out of date. */
export function isOutdated(error: string): boolean {
  return saysOneOf(OUTDATED, error);
}
