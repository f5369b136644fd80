import type { DuckDBConnection } from '@duckdb/node-api';

/** Whether the connection is in a transaction. DuckDB has no word for it, and a second BEGIN would abort the first; but each transaction has an id. */
export async function isInTransaction(connection: DuckDBConnection): Promise<boolean> {
  try {
    const [one, another] = [await transactionId(connection), await transactionId(connection)];
    return one === another;
  } catch {
    // In one that is aborted nothing runs.
    return true;
  }
}

/**
 * Rolls back whatever is open on a connection that is to be closed.
 *
 * DuckDB would do so as it closes, on the caller's thread, and an error there ends the process: so it is, for one, where a transaction's
 * connection to PostgreSQL has died.
 */
export async function rollBackBeforeClosing(connection: DuckDBConnection): Promise<void> {
  // That there was none, or that it is over by this very error.
  await connection.run('ROLLBACK').catch(() => undefined);
}

async function transactionId(connection: DuckDBConnection): Promise<unknown> {
  return (await (await connection.run('SELECT txid_current()')).getRows())[0]?.[0];
}
