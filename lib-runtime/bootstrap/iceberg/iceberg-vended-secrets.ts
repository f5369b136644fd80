import type { DuckDBConnection } from '@duckdb/node-api';
import { FatalError, messageOf } from '../../base/errors';
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
 * Of several secrets for a table, DuckDB takes the first by name, which may be an old one. When its credentials have expired and S3 answers 400, DuckDB
 * gets new ones and then waits for itself, which no interrupt ends. So the secrets of ended statements are dropped before the next statement begins.
 */
export class VendedSecrets {
  static of(instance: StepEnvironment): VendedSecrets {
    const present = instances.get(instance) ?? new VendedSecrets();
    instances.set(instance, present);
    return present;
  }

  private readonly running = new Map<DuckDBConnection, Running>();

  /** Runs an attempt at a statement. If it `isStreamed`, its files are read until the connection has its next statement, or ends. */
  async around<T>({ raw, ended }: ConnectionLease, isStreamed: boolean, attempt: () => Promise<T>): Promise<T> {
    const forget = () => void this.running.delete(raw);
    forget();
    const present = await namesIn(raw);
    const others = [...this.running.values()];
    for (const other of others.filter(({ hasBegun }) => hasBegun)) other.own ??= present.filter((name) => !other.before.includes(name));
    const running: Running = { before: present, hasBegun: false };
    this.running.set(raw, running);
    try {
      await drop(raw, present.filter((name) => !others.some((other) => mayOwn(other, name))));
      return await attempt();
    } finally {
      running.hasBegun = true;
      if (isStreamed) ended.addEventListener('abort', forget, { once: true });
      else forget();
    }
  }
}

/** A running statement. */
interface Running {
  /** The secrets that existed before it. */
  readonly before: readonly string[];
  /** Whether it is a stream whose rows are being read. It makes no more secrets. */
  hasBegun: boolean;
  /** The secrets that may be its own, once it has begun. Until then, all that are new. */
  own?: readonly string[];
}

function mayOwn({ before, own }: Running, name: string): boolean {
  return own?.includes(name) ?? !before.includes(name);
}

async function namesIn(raw: DuckDBConnection): Promise<readonly string[]> {
  return (await (await raw.run(LIST)).getRows()).map(([name]) => String(name));
}

async function drop(raw: DuckDBConnection, names: readonly string[]): Promise<void> {
  // Within a transaction, others would see it only at the commit.
  if (names.length === 0 || await isInTransaction(raw)) return;
  try {
    await raw.run(names.map((name) => `DROP TEMPORARY SECRET IF EXISTS ${quotedIdentifier(name)}`).join('; '));
  } catch (cause) {
    if (!DUCKDB.writeConflict.test(messageOf(cause))) throw cause;
    throw new FatalError('a query that never ends holds expired credentials of an Iceberg table, so this DuckDB instance is given up', { cause });
  }
}
