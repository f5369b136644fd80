import type { DuckDBConnection } from '@duckdb/node-api';

/** The catalog in which DuckDB looks for names without one. */
export async function currentCatalog(connection: DuckDBConnection): Promise<string> {
  const result = await connection.run('SELECT current_database()');
  return String((await result.getRows())[0]?.[0]);
}
