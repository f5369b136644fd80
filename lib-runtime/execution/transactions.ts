import type { DuckDBConnection } from '@duckdb/node-api';

/**
 * Whether the connection is in a transaction. DuckDB does not report it, and a second BEGIN would abort the first. But the time stands still in a
 * transaction. (`txid_current()` has no answer while another database than DuckDB's own is in use.)
 */
export async function isInTransaction(connection: DuckDBConnection): Promise<boolean> {
  try {
    const [one, another] = [await startOf(connection), await startOf(connection)];
    return one === another;
  } catch {
    // In an aborted transaction, no statement runs.
    return true;
  }
}

/**
 * Rolls back an open transaction on a connection that is about to be closed.
 *
 * DuckDB would do so when it closes, on the caller's thread, and an error there ends the process. One example is a transaction whose connection to
 * PostgreSQL has broken.
 */
export async function rollBackBeforeClosing(connection: DuckDBConnection): Promise<void> {
  // There was no transaction, or this error has ended it.
  await connection.run('ROLLBACK').catch(() => undefined);
}

/** When the connection's transaction began, in microseconds: its own, or that of this statement. */
async function startOf(connection: DuckDBConnection): Promise<unknown> {
  return (await (await connection.run('SELECT epoch_us(now())')).getRows())[0]?.[0];
}
