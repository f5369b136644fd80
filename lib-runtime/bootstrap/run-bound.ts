import type { DuckDBConnection } from '@duckdb/node-api';

/**
 * Runs one statement with values bound to it. The client's own `run` accepts scripts: it splits the SQL first, which costs one more thread switch.
 */
export async function runBound(connection: DuckDBConnection, sql: string, values: Readonly<Record<string, string>>): Promise<void> {
  const prepared = await connection.prepare(sql);
  try {
    prepared.bind({ ...values });
    await prepared.run();
  } finally {
    prepared.destroySync();
  }
}
