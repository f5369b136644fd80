import type { DuckDBConnection } from '@duckdb/node-api';
import { DUCKDB, POSTGRES_EXTENSION } from '../base/wording';

const DROP = /\bDROP\b[\s\S]*\bSECRET\b/i;
const MADE = /\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:PERSISTENT|TEMPORARY|TEMP)\s+)?SECRET\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:"((?:[^"]|"")+)"|(\w+))/gi;

/** Whether the SQL may drop secrets, from a quick look. If this misses a DROP, the error of the next statement that lacks the secret shows it. */
export function mayDropSecret(sql: string): boolean {
  return DROP.test(sql);
}

/** Whether a statement failed because a secret that it names does not exist. Nothing of the statement had been executed then. */
export function lacksSecret(error: string): boolean {
  // If secrets may not be stored in files, DuckDB reports that when it does not find the secret in memory.
  return POSTGRES_EXTENSION.unknownSecret.test(error) || (DUCKDB.invalidInputError.test(error) && DUCKDB.unknownSecretStorage.test(error));
}

/** The names of the secrets that statements create. */
export function secretsMadeBy(statements: readonly string[]): readonly string[] {
  return statements.flatMap((statement) => [...statement.matchAll(MADE)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!));
}

/** The names of all existing secrets, in lower case, because DuckDB ignores the case. */
export async function presentSecrets(connection: DuckDBConnection): Promise<ReadonlySet<string>> {
  const result = await connection.run('SELECT lower(name) FROM duckdb_secrets()');
  return new Set((await result.getRows()).map(([name]) => String(name)));
}
