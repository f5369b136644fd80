import { rememberSecret } from '../base/redaction';
import { DUCKDB, LIBPQ, PGBOUNCER, POSTGRESQL } from '../base/wording';

const CONNECTION_STRING = 'DuckDB would keep this connection string, password included, as a secret in a file, which is turned off here; ' +
  "duckdb_databases() would show it to any SQL. Put it into a temporary secret, and name that: CREATE TEMPORARY SECRET pg (TYPE postgres, HOST '...', " +
  "PORT 5432, DATABASE '...', USER '...', PASSWORD $password); ATTACH '' AS db (TYPE postgres, READ_ONLY, SECRET pg). For DuckLake: " +
  "ATTACH 'ducklake:postgres:' AS lake (META_SECRET pg, DATA_PATH 's3://...')";

const HINTS: ReadonlyArray<readonly [RegExp, string]> = [
  [DUCKDB.unknownSecretStorage, CONNECTION_STRING],
  [PGBOUNCER.startupParameter, 'PgBouncer does not accept a statement timeout at connection: set disableStatementTimeout: true in the PostgresStep, ' +
    "and set it in the database: ALTER ROLE reader SET statement_timeout = '30s'"],
  [LIBPQ.certificateOfAnotherAuthority, "the server's certificate comes from another authority than those in the step's caFile: put the authority's bundle into the image; for RDS " +
    'https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem'],
  [POSTGRESQL.noHbaEntry, "the server's pg_hba.conf has no entry for this address, user, database and encryption"],
];

/** Advice for an error of PostgreSQL or of DuckDB's postgres extension, if a usual cause is known. */
export function postgresHint(text: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(text))?.[1];
}

const PASSWORD = /\bpassword\s*=\s*([^\s'"]+)|postgres(?:ql)?:\/\/[^\s:@/'"]*:([^\s@'"]+)@/gi;

/** Removes passwords from messages and causes from now on, because DuckDB's errors repeat connection strings. */
export function rememberPasswords(text: string): void {
  for (const [, parameter, url] of text.matchAll(PASSWORD)) rememberSecret(parameter ?? url);
}
