import type { DuckDBConnection } from '@duckdb/node-api';
import { messageOf } from '../../base/errors';
import { Semaphore } from '../../base/semaphore';
import { quotedIdentifier } from '../../base/sql-text';
import { DUCKDB } from '../../base/wording';
import type { ConnectionLease } from '../../execution/connection';
import { isInTransaction } from '../../execution/transactions';
import type { StepEnvironment } from '../step-registry';

const LIST = "SELECT name FROM duckdb_secrets() WHERE starts_with(name, '__internal_ic_')";

const instances = new WeakMap<StepEnvironment, VendedSecrets>();

/**
 * The secrets that DuckDB makes of the credentials that a catalog hands out: one for each table and transaction, never dropped.
 *
 * Of several secrets for a table, DuckDB takes the first by name, which may be an old one. So the secrets of ended statements, and of streams, are
 * dropped before the next statement begins. A stream still sees those that existed when its transaction began.
 */
export class VendedSecrets {
  static of(instance: StepEnvironment): VendedSecrets {
    const present = instances.get(instance) ?? new VendedSecrets();
    instances.set(instance, present);
    return present;
  }

  /** The running statements, with the secrets that existed before each. All others may be its own. */
  private readonly running = new Map<DuckDBConnection, readonly string[]>();
  /** Two statements that drop the same secret would conflict. */
  private readonly turns = new Semaphore(1);

  /**
   * Keeps DuckDB from renewing secrets. After S3 has answered 400 to old credentials, it would get new ones and then wait for itself, which no interrupt
   * ends. A statement that begins anew gets new ones anyway.
   */
  async refuseRefresh(connection: DuckDBConnection): Promise<void> {
    try {
      await connection.run('SET GLOBAL httpfs_enable_credential_refresh = false');
    } catch (error) {
      if (!DUCKDB.configurationLocked.test(messageOf(error))) throw error;
    }
  }

  /** Runs an attempt at a statement. */
  async around<T>({ raw, ended }: ConnectionLease, attempt: () => Promise<T>): Promise<T> {
    const release = await this.turns.acquire(ended);
    try {
      const present = await namesIn(raw);
      const others = [...this.running.values()];
      this.running.set(raw, present);
      await drop(raw, present.filter((name) => others.every((before) => before.includes(name))));
    } catch (error) {
      this.running.delete(raw);
      throw error;
    } finally {
      release();
    }
    try {
      return await attempt();
    } finally {
      this.running.delete(raw);
    }
  }
}

async function namesIn(raw: DuckDBConnection): Promise<readonly string[]> {
  return (await (await raw.run(LIST)).getRows()).map(([name]) => String(name));
}

async function drop(raw: DuckDBConnection, names: readonly string[]): Promise<void> {
  // Within a transaction, others would see it only at the commit.
  if (names.length === 0 || await isInTransaction(raw)) return;
  await raw.run(names.map((name) => `DROP TEMPORARY SECRET IF EXISTS ${quotedIdentifier(name)}`).join('; '));
}
