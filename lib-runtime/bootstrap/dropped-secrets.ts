import type { DuckDBConnection } from '@duckdb/node-api';
import { DUCKDB, POSTGRES_EXTENSION } from '../base/wording';

const DROP = /\bDROP\b[\s\S]*\bSECRET\b/i;
const MADE = /\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:PERSISTENT|TEMPORARY|TEMP)\s+)?SECRET\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:"((?:[^"]|"")+)"|(\w+))/gi;

/** A cheap look at the SQL for what may drop secrets. One that it does not see shows in the error of the next statement that lacks the secret. */
export function mayDropSecret(sql: string): boolean {
  return DROP.test(sql);
}

/** Whether a statement failed as a secret that it names is not there. Nothing of it had been executed then. */
export function lacksSecret(error: string): boolean {
  // Where no secrets may be stored in files, DuckDB complains of that when it finds none in memory.
  return POSTGRES_EXTENSION.unknownSecret.test(error) || (DUCKDB.invalidInputError.test(error) && DUCKDB.unknownSecretStorage.test(error));
}

/** The names of the secrets that statements make. */
export function secretsMadeBy(statements: readonly string[]): readonly string[] {
  return statements.flatMap((statement) => [...statement.matchAll(MADE)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!));
}

/** The names of all secrets that there are, in lower case: DuckDB does not tell them apart by it. */
export async function presentSecrets(connection: DuckDBConnection): Promise<ReadonlySet<string>> {
  const result = await connection.run('SELECT lower(name) FROM duckdb_secrets()');
  return new Set((await result.getRows()).map(([name]) => String(name)));
}
