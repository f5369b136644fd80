import type { DuckDBConnection } from '@duckdb/node-api';
import { isNotCommitted } from './ducklake-commit';
import { isScriptOfWrites, writesIn } from './ducklake-writes';
import { nativeCall } from '../../client/native-calls';
import { namesOneOf } from '../../diagnosis/missing-catalog';
import { textOf } from '../../diagnosis/query-error';
import type { ConnectionLease } from '../../execution/connection';
import { currentCatalog } from '../../execution/current-catalog';
import type { Statement } from '../../execution/statement';
import { isInTransaction, rollBack } from '../../execution/transactions';
import type { NoteCommit } from '../step';

const COMMITS = /^(?:COMMIT|END)\b/i;

/**
 * Runs a statement and its commit as separate calls, so that a deadline in the middle of a commit is told from an earlier one, after which nothing
 * is committed.
 */
export class SeparateCommits {
  /** The connections whose open transaction may have written to the lake. */
  private readonly writing = new WeakSet<DuckDBConnection>();

  constructor(private readonly catalog: string) {}

  /** Runs an attempt at a statement, and its commit. `noteCommit` is told when the commit begins, and when its outcome is known. */
  async around<T>(lease: ConnectionLease, statement: Statement, attempt: () => Promise<T>, noteCommit: NoteCommit): Promise<T> {
    const { raw } = lease;
    const { transactionControl } = statement;
    if (await this.mayWrite(raw, statement)) {
      if (transactionControl.length === 0 && !await isInTransaction(raw)) return this.alone(lease, statement, attempt, noteCommit);
      this.writing.add(raw);
    }
    if (!this.writing.has(raw) || transactionControl.length === 0) return attempt();
    const isCommit = transactionControl.some((part) => COMMITS.test(part));
    try {
      return await (isCommit ? committing(attempt, noteCommit) : attempt());
    } finally {
      if (!statement.mayBeInTransactionAfter(true, false)) this.writing.delete(raw);
    }
  }

  /** Runs a statement outside of a transaction. */
  private async alone<T>(lease: ConnectionLease, statement: Statement, attempt: () => Promise<T>, noteCommit: NoteCommit): Promise<T> {
    const { raw } = lease;
    lease.assertOpen();
    await raw.run('BEGIN TRANSACTION');
    try {
      const value = await attempt();
      lease.assertOpen();
      await committing(() => nativeCall(() => raw.run('COMMIT'), lease.ended), noteCommit);
      // What follows in a script can fail or come late, but the script must not run again.
      if (isScriptOfWrites(statement)) noteCommit(true);
      return value;
    } catch (error) {
      // A failed commit has ended the transaction.
      await rollBack(raw, () => lease.keepOpen());
      throw error;
    }
  }

  /** Whether the statement may write to the lake. */
  private async mayWrite(raw: DuckDBConnection, statement: Statement): Promise<boolean> {
    const names = [this.catalog];
    if (writesIn(statement).length === 0) return false;
    return namesOneOf(names, statement.sql) || namesOneOf(names, await currentCatalog(raw));
  }
}

/** If the commit fails, and may have been made, it remains noted until the catalog has been asked. */
async function committing<T>(commit: () => Promise<T>, noteCommit: NoteCommit): Promise<T> {
  noteCommit(true);
  try {
    const value = await commit();
    noteCommit(false);
    return value;
  } catch (error) {
    if (isNotCommitted(textOf(error))) noteCommit(false);
    throw error;
  }
}
