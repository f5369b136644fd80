import type { CallTarget, TransactionState } from './call';
import { CallQueue } from './call-queue';
import { CursorCalls } from './cursor-calls';
import { QueryCall } from './query-call';
import type { Cursor } from './types';
import { BusyError, ClosedError, type DuckDbError, QueryError } from '../base/errors';
import { DUCKDB } from '../base/wording';
import type { Connection } from '../execution/connection';
import { Statement } from '../execution/statement';
import { isInTransaction } from '../execution/transactions';

const HANDLE_ADVICE = 'has a transaction under way, and this call is made inside its callback: make it on the cursor that the callback was given';

/**
 * Runs `fn` in a transaction on `cursor`, which is held for it: committed when `fn` returns, rolled back when it throws or a statement in it has
 * failed.
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
    // DuckDB would go on after some errors, and commit half of what was meant.
    if (state.failure !== undefined) throw rolledBack(state.failure);
    await control('COMMIT');
    return value;
  } catch (error) {
    state.isRollingBack = true;
    await transaction.queue.abandon(handleClosed('is rolled back')).then(() => control('ROLLBACK')).catch((failure) => afterRollback(cursor, failure));
    throw error;
  }
}

/** What the callback of a transaction is given. Its calls have a queue of their own, which ends with the transaction. */
class Transaction extends CursorCalls {
  constructor({ instance, connection, options }: CallTarget, state: TransactionState) {
    super(instance, connection, options, new CallQueue(connection), state);
  }

  override async transaction(): Promise<never> {
    throw new BusyError('this is a transaction already, and DuckDB nests none: run its statements in this one, or open another cursor');
  }

  override async close(): Promise<void> {
    throw new BusyError('a transaction ends when its callback returns, or throws: return from it instead of closing it');
  }

  override abandon(reason?: string): void {
    this.connection.abandon(reason);
  }
}

/** What runs the statements that begin and end a transaction, when none of the handle's are under way. */
function controlOf({ instance, connection, options }: CallTarget): (sql: string) => Promise<unknown> {
  const target = { instance, connection, options, queue: new CallQueue(connection), abandon: (reason?: string) => connection.abandon(reason) };
  return (sql) => new QueryCall(target, new Statement(sql), undefined, {}).run();
}

/** A second BEGIN would abort the first one's transaction. */
async function assertNoTransaction(connection: Connection): Promise<void> {
  if (!connection.mayBeInTransaction) return;
  connection.mayBeInTransaction = await connection.run(({ raw }) => isInTransaction(raw), () => 'looking for a transaction', undefined, () => undefined);
  if (connection.mayBeInTransaction) {
    throw new BusyError('a transaction that SQL has begun is under way on this cursor, and DuckDB nests none: COMMIT or ROLLBACK it first, ' +
      'or open another cursor');
  }
}

/** COMMIT of an aborted transaction returns OK, and has rolled back: so ask first. */
async function assertNotAborted(control: (sql: string) => Promise<unknown>): Promise<void> {
  try {
    await control('SELECT 1');
  } catch (cause) {
    if ((cause as DuckDbError).duckdbType !== 'TransactionContext Error') throw cause;
    throw rolledBack(cause);
  }
}

/** Nothing may go on in a transaction that nobody knows of. */
function afterRollback(cursor: CallTarget, failure: DuckDbError): void {
  // One that could not be committed is over.
  if (DUCKDB.noTransaction.test(failure.message)) return;
  cursor.abandon('ended, as its transaction could not be rolled back');
}

function rolledBack(cause: unknown): QueryError {
  return new QueryError('the transaction was rolled back: a statement in it had failed, even though its error was caught', { cause });
}

function handleClosed(what: string): ClosedError {
  return new ClosedError(`this transaction ${what}: await every call before its callback returns, and begin another one for the rest`);
}
