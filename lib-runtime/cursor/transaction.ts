import type { CallTarget, TransactionState } from './call';
import { CallQueue } from './call-queue';
import { CursorCalls } from './cursor-calls';
import { QueryCall } from './query-call';
import type { Cursor } from './types';
import { BusyError, ClosedError, type DuckDbError, QueryError } from '../base/errors';
import type { Connection } from '../execution/connection';
import { Statement } from '../execution/statement';
import { isInTransaction } from '../execution/transactions';

const HANDLE_ADVICE = 'has a transaction in progress, and this call is made inside its callback: make it on the cursor that the callback got';

/**
 * Runs `fn` in a transaction on `cursor`, which it holds. The transaction is committed when `fn` returns, and rolled back when `fn` throws or a
 * statement in the transaction has failed.
 */
export async function inTransaction<T>(cursor: CallTarget, fn: (transaction: Cursor) => Promise<T>): Promise<T> {
  await assertNoTransaction(cursor.connection);
  const control = controlOf(cursor);
  const state: TransactionState = { isRollingBack: false };
  const transaction = new Transaction(cursor, state);
  await control('BEGIN TRANSACTION');
  try {
    const value = await cursor.queue.holding(HANDLE_ADVICE, async () => fn(transaction));
    await transaction.queue.end(handleClosed('has ended'));
    await assertNotAborted(control);
    // DuckDB would continue after some errors, and commit only a part of the work.
    if (state.failure !== undefined) throw rolledBack(state.failure);
    await control('COMMIT');
    return value;
  } catch (error) {
    state.isRollingBack = true;
    await transaction.queue.abandon(handleClosed('is rolled back')).then(() => control('ROLLBACK')).catch(() => abandonIfOpen(cursor));
    throw error;
  }
}

/** The cursor for a transaction's callback. Its calls have a separate queue, which ends with the transaction. */
class Transaction extends CursorCalls {
  constructor({ instance, connection, options }: CallTarget, state: TransactionState) {
    super(instance, connection, options, new CallQueue(connection), state);
  }

  override async transaction(): Promise<never> {
    throw new BusyError('this is already a transaction, and DuckDB does not nest transactions: run the statements in this one, or open another cursor');
  }

  override async close(): Promise<void> {
    throw new BusyError('a transaction ends when its callback returns or throws: return from the callback instead of closing the cursor');
  }

  override abandon(reason?: string): void {
    this.connection.abandon(reason);
  }
}

/** Runs the statements that begin and end a transaction, while no call of the handle is in progress. */
function controlOf({ instance, connection, options }: CallTarget): (sql: string) => Promise<unknown> {
  const target = { instance, connection, options, queue: new CallQueue(connection), abandon: (reason?: string) => connection.abandon(reason) };
  return (sql) => new QueryCall(target, new Statement(sql), undefined, {}).run();
}

/** A second BEGIN would abort the first transaction. */
async function assertNoTransaction(connection: Connection): Promise<void> {
  if (!connection.mayBeInTransaction) return;
  connection.mayBeInTransaction = await hasTransaction(connection);
  if (connection.mayBeInTransaction) {
    throw new BusyError('SQL has begun a transaction on this cursor, and DuckDB does not nest transactions: COMMIT or ROLLBACK it first, ' +
      'or open another cursor');
  }
}

/** COMMIT of an aborted transaction returns OK and rolls back, so the transaction's state is read first. */
async function assertNotAborted(control: (sql: string) => Promise<unknown>): Promise<void> {
  try {
    await control('SELECT 1');
  } catch (cause) {
    if ((cause as DuckDbError).duckdbType !== 'TransactionContext Error') throw cause;
    throw rolledBack(cause);
  }
}

/** A transaction that could not be rolled back must not stay open. One whose COMMIT or ROLLBACK failed has usually ended. */
async function abandonIfOpen(cursor: CallTarget): Promise<void> {
  const isOpen = await hasTransaction(cursor.connection).catch(() => true);
  if (isOpen) cursor.abandon('ended, because its transaction could not be rolled back');
}

function hasTransaction(connection: Connection): Promise<boolean> {
  return connection.run(({ raw }) => isInTransaction(raw), () => 'looking for a transaction', undefined, () => undefined);
}

function rolledBack(cause: unknown): QueryError {
  return new QueryError('the transaction was rolled back: a statement in it had failed, even though its error was caught', { cause });
}

function handleClosed(what: string): ClosedError {
  return new ClosedError(`this transaction ${what}: await every call before its callback returns, and begin another one for the rest`);
}
