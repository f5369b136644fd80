import { messageOf } from '../base/errors';
import { DUCKDB, saysOneOf } from '../base/wording';
import { statusesIn } from '../diagnosis/http-statuses';
import type { ConnectionLease } from '../execution/connection';

/** The classes of errors in which DuckDB reports that a file differs from its entry in the cache. */
const MAY_HAVE_CHANGED = [DUCKDB.httpError, DUCKDB.ioError, DUCKDB.invalidError, DUCKDB.invalidInputError];
/** Functions with which the same statement may read other files in its next run. */
const VOLATILE = /\b(?:now|today|current_date|current_time|current_timestamp|localtime|localtimestamp|getvariable|random|uuid|nextval|getenv)\b/i;
const MAX_KEYS = 1000;
/** Longer ones would take too much memory; such a statement does not use the cache. */
const MAX_KEY_LENGTH = 10_000;

/** How many statements of this process may have written files. All instances share it, also those of another copy of this package. */
const WRITES = Symbol.for('cdk-duckdb-lambda.writes.v1');
const writes: { count: number } = (globalThis as { [WRITES]?: { count: number } })[WRITES] ??= { count: 0 };

/** Records that this process may have written files: each statement checks its files again, to see what was written. */
export function noteWrite(): void {
  writes.count += 1;
}

/**
 * Lets SELECTs skip the requests with which DuckDB asks whether remote files have changed.
 *
 * DuckDB has a cache of the sizes and ETags of files. All connections of an instance share it, and its entries never expire. This class makes
 * sure that no entry is older than the caller allows:
 *
 * - While the first use of the cache is more recent than that, every entry is.
 * - Later, a statement first runs without the cache. DuckDB then checks the files, and drops the data of files that have changed. After that the
 *   statement may use the cache again, for the allowed time.
 *
 * The ETag of each answer is compared with the entry. If a file has changed, DuckDB reports an error, and the statement runs again without the cache.
 */
export class MetadataCache {
  /** When the cache was first used; undefined after a write, since entries may then be older than it. */
  private since: number | undefined = Infinity;
  private isUnusable = false;
  private writesSeen = writes.count;
  /** When the files of a statement were last checked. */
  private readonly lookedAt = new Map<string, number>();

  /** Runs a SELECT outside of a transaction with `once`. The answer was current at most `maxStalenessMs` ago. */
  async attempt<T>(
    lease: ConnectionLease, sql: string, parameters: object | undefined, maxStalenessMs: number, once: () => Promise<T>,
  ): Promise<T> {
    const key = keyOf(sql, parameters);
    if (this.isUnusable || VOLATILE.test(sql) || key.length > MAX_KEY_LENGTH) return once();
    if (this.writesSeen !== writes.count) this.forget();
    const now = performance.now();
    const isWithin = (time: number | undefined) => time !== undefined && now - Math.min(time, now) <= maxStalenessMs;
    if (!isWithin(this.since) && !isWithin(this.lookedAt.get(key))) {
      const value = await once();
      this.note(key, now);
      return value;
    }
    if (this.since !== undefined) this.since = Math.min(this.since, now);
    return this.withCache(lease, key, once);
  }

  /** Records that statements may read other files than before under the same names. */
  noteNames(): void {
    this.lookedAt.clear();
  }

  /** Lets each statement check its files again. */
  private forget(): void {
    this.writesSeen = writes.count;
    this.since = undefined;
    this.lookedAt.clear();
  }

  private async withCache<T>(lease: ConnectionLease, key: string, once: () => Promise<T>): Promise<T> {
    const { raw } = lease;
    const before = await raw.run(`SELECT current_setting('enable_http_metadata_cache'); ${setCache(true)}`).then((result) => result.getRows(), () => undefined);
    // The configuration is locked.
    if (before === undefined) return once();
    try {
      return await once();
    } catch (error) {
      const text = messageOf(error);
      if (!saysOneOf(MAY_HAVE_CHANGED, text)) throw error;
      // DuckDB drops an entry whose ETag differs, but keeps an entry that says that a file is longer than it is.
      if (statusesIn(text).includes(416) || DUCKDB.outsideFile.test(text)) this.isUnusable = true;
      lease.assertOpen();
      await raw.run(setCache(false));
      const now = performance.now();
      const value = await once();
      this.note(key, now);
      return value;
    } finally {
      // The user may have SET it. A connection that was closed meanwhile needs nothing.
      await raw.run(setCache(before[0]?.[0] === true)).catch(() => undefined);
    }
  }

  private note(key: string, time: number): void {
    this.lookedAt.delete(key);
    this.lookedAt.set(key, time);
    if (this.lookedAt.size > MAX_KEYS) this.lookedAt.delete(this.lookedAt.keys().next().value!);
  }
}

/** The statement and all its parameters: also a number may decide which files it reads. */
function keyOf(sql: string, parameters: object | undefined): string {
  return parameters === undefined ? sql : sql + JSON.stringify(parameters, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
}

function setCache(isUsed: boolean): string {
  return `SET SESSION enable_http_metadata_cache = ${isUsed}`;
}
