import type { DuckDBConnection } from '@duckdb/node-api';
import { splitStatements } from '../base/sql-text';

const ABOUT_TRANSACTIONS = /\b(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT)\b/i;
const BEGINS = /^(?:BEGIN|START)\b/i;
const ENDS = /^(?:COMMIT|END|ROLLBACK|ABORT)\b/i;

/** Whether a connection may be in a transaction after `sql`, as far as its text tells, when it may have been in one `before`. */
export function mayBeInTransactionAfter(sql: string, before: boolean, hasFailed: boolean): boolean {
  if (!ABOUT_TRANSACTIONS.test(sql)) return before;
  const statements = controlStatements(sql);
  // Of a script that has failed, nobody knows how far it came.
  if (statements.length === 0 || hasFailed) return before || statements.length > 0;
  return BEGINS.test(statements.at(-1)!);
}

/** The statements of `sql` that begin or end a transaction. */
export function transactionControl(sql: string): string[] {
  return ABOUT_TRANSACTIONS.test(sql) ? controlStatements(sql) : [];
}

function controlStatements(sql: string): string[] {
  return splitStatements(sql).filter((statement) => BEGINS.test(statement) || ENDS.test(statement));
}

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
