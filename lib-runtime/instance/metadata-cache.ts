import { messageOf } from '../base/errors';
import { DUCKDB, saysOneOf } from '../base/wording';
import { statusesIn } from '../diagnosis/http-statuses';
import type { ConnectionLease } from '../execution/connection';

/** In these classes of errors DuckDB says that a file is not what the cache knows of it. */
const MAY_HAVE_CHANGED = [DUCKDB.httpError, DUCKDB.ioError, DUCKDB.invalidError, DUCKDB.invalidInputError];
/** What may look for other files in the next call. */
const VOLATILE = /\b(?:now|today|current_date|current_time|current_timestamp|localtime|localtimestamp|getvariable|random|uuid|nextval|getenv)\b/i;
const MAX_KEYS = 1000;

/**
 * Lets SELECTs skip the requests by which DuckDB asks whether remote files have changed.
 *
 * DuckDB's cache of files' sizes and ETags is shared by an instance's connections, and its entries never end. So no entry may be used that can
 * be older than a caller allows: as long as the first use is more recent than that, none is. From then on a statement first runs without the
 * cache, which has DuckDB look at its files and drop what it holds of changed ones; for the time allowed, it may then use the cache again. An
 * entry of a changed file shows in the answer to the next request by its ETag, as an error; the statement then runs again without the cache.
 */
export class MetadataCache {
  private since = Infinity;
  private isUnusable = false;
  /** When the files of a statement were looked at last. */
  private readonly lookedAt = new Map<string, number>();

  /** Runs a SELECT outside of a transaction, by `once`; what it answers was so at most `maxStalenessMs` ago. `key` is its text and its parameters. */
  async attempt<T>(lease: ConnectionLease, key: string, maxStalenessMs: number, once: () => Promise<T>): Promise<T> {
    if (this.isUnusable || VOLATILE.test(key)) return once();
    const now = performance.now();
    if (now - Math.min(this.since, now) > maxStalenessMs && !(now - (this.lookedAt.get(key) ?? -Infinity) <= maxStalenessMs)) {
      const value = await once();
      this.note(key, now);
      return value;
    }
    this.since = Math.min(this.since, now);
    return this.withCache(lease, key, once);
  }

  /** Notes that statements may read other files than before under the same names. */
  forget(): void {
    this.lookedAt.clear();
  }

  private async withCache<T>(lease: ConnectionLease, key: string, once: () => Promise<T>): Promise<T> {
    const { raw } = lease;
    const before = await raw.run(`SELECT current_setting('enable_http_metadata_cache'); ${setCache(true)}`).then((result) => result.getRows(), () => undefined);
    // The configuration is locked, or httpfs is not there.
    if (before === undefined) return once();
    try {
      return await once();
    } catch (error) {
      const text = messageOf(error);
      if (!saysOneOf(MAY_HAVE_CHANGED, text)) throw error;
      // DuckDB forgets an entry whose ETag differs, but not one that says that a file is longer than it is.
      if (statusesIn(text).includes(416) || DUCKDB.outsideFile.test(text)) this.isUnusable = true;
      lease.assertOpen();
      await raw.run(setCache(false));
      const now = performance.now();
      const value = await once();
      this.note(key, now);
      return value;
    } finally {
      // As it was: the user may have SET it. A connection that is closed meanwhile needs nothing.
      await raw.run(setCache(before[0]?.[0] === true)).catch(() => undefined);
    }
  }

  private note(key: string, time: number): void {
    this.lookedAt.delete(key);
    this.lookedAt.set(key, time);
    if (this.lookedAt.size > MAX_KEYS) this.lookedAt.delete(this.lookedAt.keys().next().value!);
  }
}

function setCache(isUsed: boolean): string {
  return `SET SESSION enable_http_metadata_cache = ${isUsed}`;
}
