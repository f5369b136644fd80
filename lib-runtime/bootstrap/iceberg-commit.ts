import type { DuckDBConnection } from '@duckdb/node-api';
import type { NoteCommit } from './step';
import type { StepEnvironment } from './step-registry';
import { ConfigError, messageOf } from '../base/errors';
import { quotedString } from '../base/sql-text';
import { DUCKDB } from '../base/wording';
import { nativeCall } from '../client/native-calls';
import { namesOneOf } from '../diagnosis/missing-catalog';
import type { ConnectionLease } from '../execution/connection';
import type { Statement } from '../execution/statement';
import { isInTransaction } from '../execution/transactions';

/** The first words of statements that may write. */
const WRITES = ['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'CREATE', 'ALTER', 'DROP', 'TRUNCATE', 'COPY', 'WITH', 'CALL'];
const COMMITS = /^(?:COMMIT|END)\b/i;

/** `httpfs_connection_caching` of one instance. It has no value for a connection alone. */
interface KeptConnections {
  /** The commits in progress. */
  commits: number;
  /** Its value without them. */
  usual: Promise<string> | undefined;
}

const instances = new WeakMap<StepEnvironment, KeptConnections>();

/**
 * Sends each commit once.
 *
 * A commit that is sent again after its answer was lost meets its own change, and its 409 looks like that of another writer. Two places send requests
 * again: DuckDB does, `http_retries` times, and curl does if the server closes a connection that was kept from an earlier request. Both are turned
 * off for the commit alone, because all other requests are safe to repeat. So a statement and its commit are separate calls.
 */
export class SingleCommits {
  private readonly kept: KeptConnections;

  /** `catalogs` are those that statements write to; `instance` is the environment of the instance's steps. */
  constructor(private readonly catalogs: readonly string[], instance: StepEnvironment) {
    const kept = instances.get(instance) ?? { commits: 0, usual: undefined };
    instances.set(instance, kept);
    this.kept = kept;
  }

  /** Runs an attempt at a statement, and its commit. `noteCommit` is told when the commit begins and ends. */
  async around<T>(lease: ConnectionLease, statement: Statement, attempt: () => Promise<T>, noteCommit: NoteCommit): Promise<T> {
    if (statement.transactionControl.some((part) => COMMITS.test(part))) return this.committing(lease, noteCommit, attempt);
    if (!await this.commitsItself(lease, statement)) return attempt();
    const { raw } = lease;
    lease.assertOpen();
    await raw.run('BEGIN TRANSACTION');
    try {
      const value = await attempt();
      lease.assertOpen();
      await this.committing(lease, noteCommit, () => nativeCall(() => raw.run('COMMIT'), lease.ended));
      return value;
    } catch (error) {
      // A failed commit has ended the transaction.
      await raw.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  /** Whether the statement may write to one of the catalogs, outside of a transaction. */
  private async commitsItself({ raw }: ConnectionLease, { sql, operation, isSelect, transactionControl }: Statement): Promise<boolean> {
    if (isSelect || !WRITES.includes(operation) || transactionControl.length > 0) return false;
    return (namesOneOf(this.catalogs, sql) || namesOneOf(this.catalogs, await currentCatalog(raw))) && !await isInTransaction(raw);
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

async function settingOf(raw: DuckDBConnection, name: string): Promise<string> {
  return String((await (await raw.run(`SELECT current_setting('${name}')`)).getRows())[0]?.[0]);
}

async function currentCatalog(raw: DuckDBConnection): Promise<string> {
  return String((await (await raw.run('SELECT current_database()')).getRows())[0]?.[0]);
}
