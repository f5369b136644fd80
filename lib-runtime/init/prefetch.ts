import { type AbortSignalLike, LightAbortSignal } from '../base/abort';
import { messageOf } from '../base/errors';
import { scrub } from '../base/redaction';
import { quotedString } from '../base/sql-text';
import { nativeCall } from '../client/native-calls';
import type { ConnectionLease } from '../execution/connection';
import { Statement } from '../execution/statement';
import type { Instance } from '../instance/instance';
import { bytesOf } from '../memory/sizes';

/** Lambda's init phase lasts at most 10 s, and the bootstrap steps need a part of them. */
const MAX_MS = 3_000;
/** The part of DuckDB's memory that footers may take. */
const MEMORY_SHARE = 0.25;
const LOOK_EVERY_MS = 50;
/** DuckDB cannot interrupt a request that is not answered. With these limits, it ends soon after the time is over. */
const REQUEST_LIMITS = `SET SESSION http_timeout = ${MAX_MS / 1000 + 1}; SET SESSION http_retries = 0`;

/**
 * Reads the lists and the footers of Parquet files into DuckDB's cache, all patterns at the same time.
 *
 * It ends early when the time is over, or when the cache has its share of DuckDB's memory. The cache keeps what was read until then. `warn` gets a
 * message for each pattern that failed or ended early.
 */
export async function prefetch(instance: Instance, patterns: readonly string[], warn: (message: string) => void): Promise<void> {
  const enough = new LightAbortSignal();
  const timer = setTimeout(() => enough.abort(`the time for it, ${MAX_MS / 1000} s, is over`), MAX_MS);
  const watching = endAtShare(instance, enough).catch(() => undefined);
  try {
    await Promise.all(patterns.map((pattern) => readFooters(instance, pattern, enough).catch((error) => {
      // Further lines of DuckDB's errors quote this package's own SQL.
      const why = enough.aborted ? `ended early: ${enough.reason}` : `failed: ${messageOf(error).split('\n', 1)[0]}`;
      warn(scrub(`the prefetch of "${pattern}" ${why}`));
    })));
  } finally {
    clearTimeout(timer);
    enough.abort();
    await watching;
  }
}

async function readFooters(instance: Instance, pattern: string, enough: AbortSignalLike): Promise<void> {
  const statement = new Statement(`SELECT count(*) FROM parquet_file_metadata(${quotedString(pattern)})`);
  const connection = await instance.connect('prefetch');
  try {
    await connection.run((lease) => nativeCall(() => read(instance, statement, pattern, lease), lease.ended), () => 'prefetching', enough, () => undefined);
  } finally {
    // Does nothing if the prefetch has ended early.
    await connection.close();
  }
}

async function read(instance: Instance, statement: Statement, pattern: string, lease: ConnectionLease): Promise<void> {
  const { remote, bootstrap } = instance;
  // Fails if the configuration is locked.
  await lease.raw.run(REQUEST_LIMITS).catch(() => undefined);
  const once = async () => {
    lease.assertOpen();
    await lease.raw.run(statement.sql);
  };
  const maxStalenessMs = bootstrap.maxStalenessMsOf([pattern], undefined);
  await remote?.during(statement, true, false, () => (
    // Makes later queries count their staleness from now.
    maxStalenessMs === 0 ? once() : remote.metadataCache.attempt(lease, statement.sql, undefined, maxStalenessMs, once)
  ));
}

/** Aborts `enough` when the cache has its share of the memory. Settles when `enough` has aborted for any reason. */
function endAtShare(instance: Instance, enough: LightAbortSignal): Promise<void> {
  return instance.withRaw(async (connection) => {
    const sql = "SELECT current_setting('memory_limit'), sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag = 'EXTERNAL_FILE_CACHE'";
    while (!enough.aborted) {
      const [limit, used] = (await (await connection.run(sql)).getRows())[0]!;
      if (Number(used) > MEMORY_SHARE * bytesOf(String(limit), 0)!) enough.abort(`the footers take ${100 * MEMORY_SHARE} % of DuckDB's memory`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_EVERY_MS);
        enough.addEventListener('abort', () => { clearTimeout(timer); resolve(); });
      });
    }
  });
}
