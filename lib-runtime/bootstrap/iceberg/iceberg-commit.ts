import type { DuckDBConnection } from '@duckdb/node-api';
import { isCreationConflict, isFailedCreation, isUnknownCommit } from './iceberg-errors';
import { type Write, writesIn } from './iceberg-writes';
import { commitUnknown } from '../../base/commit-unknown';
import { ConfigError, type DuckDbError, messageOf, QueryError } from '../../base/errors';
import { hintedError } from '../../base/hinted-error';
import { excerpt, quotedString } from '../../base/sql-text';
import { DUCKDB, ICEBERG } from '../../base/wording';
import { nativeCall } from '../../client/native-calls';
import { failedToBind, namesOneOf } from '../../diagnosis/missing-catalog';
import { advised, isFatal, textOf } from '../../diagnosis/query-error';
import type { ConnectionLease } from '../../execution/connection';
import { currentCatalog } from '../../execution/current-catalog';
import { Statement } from '../../execution/statement';
import { isInTransaction } from '../../execution/transactions';
import type { NoteCommit } from '../step';
import type { StepEnvironment } from '../step-registry';

const BEGINS = /^(?:BEGIN|START)\b/i;
const COMMITS = /^(?:COMMIT|END)\b/i;

/** `httpfs_connection_caching` of one instance. It has no value for a connection alone. */
interface KeptConnections {
  /** The commits in progress. */
  commits: number;
  /** Its value without them. */
  usual: Promise<string> | undefined;
}

const instances = new WeakMap<StepEnvironment, KeptConnections>();

/** A catalog that statements write to. */
export interface WrittenCatalog {
  readonly name: string;
  readonly endpoint: string;
  /** Whether it creates a table before the commit of the transaction that creates it. */
  readonly createsAtOnce: boolean;
}

/**
 * Sends each commit once.
 *
 * A commit that is sent again after its answer was lost meets its own change, and its 409 looks like that of another writer. Two places send requests
 * again: DuckDB does, `http_retries` times, and curl does if the server closes a connection that was kept from an earlier request. Both are turned
 * off for the commit alone, because all other requests are safe to repeat. So a statement and its commit are separate calls.
 */
export class SingleCommits {
  private readonly kept: KeptConnections;
  /** What open transactions have written. */
  private readonly transactions = new WeakMap<DuckDBConnection, readonly Write[]>();

  /** `instance` is the environment of the instance's steps. */
  constructor(private readonly catalog: WrittenCatalog, instance: StepEnvironment) {
    const kept = instances.get(instance) ?? { commits: 0, usual: undefined };
    instances.set(instance, kept);
    this.kept = kept;
  }

  /** Runs an attempt at a statement, and its commit. `noteCommit` is told when the commit begins and ends. */
  async around<T>(lease: ConnectionLease, statement: Statement, attempt: () => Promise<T>, noteCommit: NoteCommit): Promise<T> {
    const { raw } = lease;
    const { transactionControl } = statement;
    const writes = await this.writesOf(raw, statement);
    refuseReset(writes);
    if (transactionControl.length === 0) {
      if (writes.length === 0) return attempt();
      if (!await isInTransaction(raw)) return this.alone(lease, writes, attempt, noteCommit);
    }
    const before = BEGINS.test(transactionControl[0] ?? '') ? [] : this.transactions.get(raw) ?? [];
    const all = [...before, ...writes];
    this.transactions.set(raw, all);
    if (!transactionControl.some((part) => COMMITS.test(part))) return attempt();
    return this.committing(lease, noteCommit, attempt).catch((error: unknown) => {
      throw transactionError(textOf(error), statement.sql, all, this.catalog) ?? error;
    });
  }

  /** The typed error for an error after which a part of the statement may have been done. */
  explain(error: string, sql: string): DuckDbError | undefined {
    const statement = new Statement(sql);
    const { createsAtOnce, endpoint } = this.catalog;
    if (createsAtOnce && isFailedCreation(error, endpoint) && writesIn(statement).some(({ creates }) => creates)) {
      return commitUnknown(error, sql, MAY_EXIST);
    }
    const isScript = ICEBERG.commitFailed.test(error) && statement.transactionControl.length === 0 && writesIn(statement).length > 1;
    return isScript ? commitUnknown(error, sql, EARLIER_DONE) : undefined;
  }

  /** Runs a statement outside of a transaction. */
  private async alone<T>(lease: ConnectionLease, writes: readonly Write[], attempt: () => Promise<T>, noteCommit: NoteCommit): Promise<T> {
    const { raw } = lease;
    const [first] = writes;
    const creations = writes.filter(({ creates }) => creates);
    const createsNow = this.catalog.createsAtOnce && creations.length > 0;
    lease.assertOpen();
    await raw.run('BEGIN TRANSACTION');
    try {
      noteCommit(createsNow);
      const value = await attempt();
      lease.assertOpen();
      await this.committing(lease, noteCommit, () => nativeCall(() => raw.run('COMMIT'), lease.ended));
      return value;
    } catch (error) {
      // A failed commit has ended the transaction.
      await raw.run('ROLLBACK').catch(() => undefined);
      const text = textOf(error);
      // What was asked for is there: another writer's, or that of this statement's own first try.
      if (isCreationConflict(text) && creations.every(({ creates, ifNotExists }) => creates === 'empty' && ifNotExists)) {
        return await this.alone(lease, writes.map((write) => ({ ...write, ifNotExists: false })), attempt, noteCommit);
      }
      if (!createsNow || writes.length > 1) throw error;
      throw creationError(text, writes, this.catalog, first!.text) ?? await this.rowsError(lease, text, first!) ?? error;
    } finally {
      noteCommit(false);
    }
  }

  /** The typed error of a statement that had created a table when it failed to make the table's rows. */
  private async rowsError(lease: ConnectionLease, error: string, { creates, quotedTable, table, text }: Write): Promise<DuckDbError | undefined> {
    if (creates !== 'filled' || quotedTable === '' || failedToBind(error) || isFatal(error)) return undefined;
    return await exists(lease, quotedTable) ? hintedError(QueryError, advised(error, text), isThere(table), text) : undefined;
  }

  /** What the statement may write to the catalog. */
  private async writesOf(raw: DuckDBConnection, statement: Statement): Promise<readonly Write[]> {
    const names = [this.catalog.name];
    const writes = writesIn(statement);
    if (writes.length === 0) return writes;
    const isMeant = (text: string) => namesOneOf(names, text);
    return writes.every(({ table }) => isMeant(table)) || isMeant(await currentCatalog(raw)) ? writes : writes.filter(({ table }) => isMeant(table));
  }

  private async committing<T>({ raw }: ConnectionLease, noteCommit: NoteCommit, commit: () => Promise<T>): Promise<T> {
    const { kept } = this;
    const usual = await (kept.usual ??= settingOf(raw, 'httpfs_connection_caching'));
    kept.commits += 1;
    try {
      await raw.run('SET SESSION http_retries = 0; SET SESSION http_keep_alive = false; SET GLOBAL httpfs_connection_caching = false');
      noteCommit(true);
      return await commit();
    } catch (error) {
      throw DUCKDB.configurationLocked.test(messageOf(error)) ? new ConfigError(LOCKED, { cause: error }) : error;
    } finally {
      noteCommit(false);
      kept.commits -= 1;
      const keep = kept.commits === 0 ? `; SET GLOBAL httpfs_connection_caching = ${quotedString(usual)}` : '';
      await raw.run(`RESET SESSION http_retries; RESET SESSION http_keep_alive${keep}`).catch(() => undefined);
    }
  }
}

const LOCKED = 'the setting lock_configuration keeps a commit to an Iceberg catalog from being sent only once, so nothing was committed: remove the setting from a ' +
  'function that writes';

const EARLIER_DONE = 'each statement of the script is committed by itself, and those before the failed one are done: look into their tables, and run only ' +
  'the rest again';

const MAY_EXIST = 'the catalog creates a table at once, and the answer to the first try may be lost, so the table may be there, and empty: look with ' +
  'DESCRIBE catalog.schema.table before you run the statement again';

/** After this, DuckDB writes deletes that it cannot read any more: the table is lost. */
function refuseReset(writes: readonly Write[]): void {
  const reset = writes.find(({ resetsPartitions }) => resetsPartitions);
  if (reset === undefined) return;
  throw new QueryError('RESET PARTITIONED BY is refused, because DuckDB cannot read an Iceberg table any more after the next DELETE, UPDATE or MERGE: leave the ' +
    `partitions, or copy the rows into a new table without them\n\nin: ${excerpt(reset.text)}`);
}

/** The typed error of a transaction's commit of which a part is done, or may be. */
function transactionError(error: string, sql: string, writes: readonly Write[], catalog: WrittenCatalog): DuckDbError | undefined {
  if (!ICEBERG.commitFailed.test(error)) return undefined;
  const tables = [...new Set(writes.map(({ table }) => table))];
  if (tables.length > 1) {
    return commitUnknown(error, sql, `the transaction has written to several tables (${tables.map(excerpt).join(', ')}), which are committed one by one: some may be ` +
      'committed, although not the one that the error names. Look into each before you write again, with FROM iceberg_snapshots(catalog.schema.table)');
  }
  return catalog.createsAtOnce ? creationError(error, writes, catalog, sql) : undefined;
}

/** The typed error of a commit that was refused after the statement, or its transaction, had created a table. */
function creationError(error: string, writes: readonly Write[], { endpoint }: WrittenCatalog, sql: string): DuckDbError | undefined {
  const created = writes.find(({ creates }) => creates);
  if (created === undefined || !ICEBERG.commitFailed.test(error) || isUnknownCommit(error, endpoint)) return undefined;
  return hintedError(QueryError, error, isThere(created.table), sql);
}

function isThere(table: string): string {
  return `the catalog creates a table at once, so ${table} is there, and empty. Its rows were not committed: INSERT them, and do not create the table again, ` +
    `or first DROP TABLE ${table}, with a role that may`;
}

/** Whether a table is there; also false if nothing tells. */
async function exists({ raw, assertOpen }: ConnectionLease, table: string): Promise<boolean> {
  try {
    assertOpen();
    await raw.run(`FROM ${table} LIMIT 0`);
    return true;
  } catch {
    return false;
  }
}

async function settingOf(raw: DuckDBConnection, name: string): Promise<string> {
  return String((await (await raw.run(`SELECT current_setting('${name}')`)).getRows())[0]?.[0]);
}
