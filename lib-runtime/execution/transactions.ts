import type { DuckDBConnection } from '@duckdb/node-api';
import { messageOf } from '../base/errors';
import { DUCKDB } from '../base/wording';

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

/** Connections in a transaction that cannot be rolled back. To be kept, because closing them would end the process. */
const stuck = new Set<DuckDBConnection>();

/**
 * Rolls back an open transaction, if there is one. Calls `keep` if that is not possible any more.
 *
 * DuckDB would do so when the connection is closed, on the caller's thread, and an error there ends the process. One example is a transaction whose
 * connection to PostgreSQL has broken, another a DuckLake's after a fatal error.
 */
export async function rollBack(connection: DuckDBConnection, keep = () => keepOpen(connection)): Promise<void> {
  // There was no transaction, or this error has ended it.
  await connection.run('ROLLBACK').catch((error) => {
    if (DUCKDB.invalidated.test(messageOf(error))) keep();
  });
}

export function keepOpen(connection: DuckDBConnection): void {
  stuck.add(connection);
}

/** Closes a connection, unless its transaction cannot be rolled back. */
export function closeRolledBack(connection: DuckDBConnection): void {
  if (!stuck.has(connection)) connection.closeSync();
}

/** When the connection's transaction began, in microseconds: its own, or that of this statement. */
async function startOf(connection: DuckDBConnection): Promise<unknown> {
  return (await (await connection.run('SELECT epoch_us(now())')).getRows())[0]?.[0];
}
