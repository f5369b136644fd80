import type { AbortSignalLike } from './abort';
import { Semaphore } from './semaphore';

/** libuv's own default where `UV_THREADPOOL_SIZE` is not set. */
const DEFAULT_POOL = 4;
/** Left to DNS look-ups and file reads: without them the bootstrap, and the user's own code, would wait for queries. */
const SPARE_THREADS = 2;

const NATIVE_CALLS = Symbol.for('cdk-duckdb-lambda.native-calls.v1');

/** Runs `task` as one of the native calls in flight; waits for its turn when there are too many. Not for calls as short as a connect. */
export async function nativeCall<T>(task: () => Promise<T>, signal?: AbortSignalLike): Promise<T> {
  const calls = nativeCalls();
  // Not a tick later than need be: at import, the opening should begin before the client's JavaScript is evaluated.
  const release = calls.tryAcquire() ?? await calls.acquire(signal);
  try {
    return await task();
  } finally {
    release();
  }
}

/**
 * The process's native calls in flight.
 *
 * Each call into DuckDB holds a libuv thread until it settles; with four queries on a pool of four, `dns.lookup` was seen to wait 6.7 s.
 */
function nativeCalls(): Semaphore {
  const holder = globalThis as { [NATIVE_CALLS]?: Semaphore };
  return holder[NATIVE_CALLS] ??= new Semaphore(Math.max(1, poolSize() - SPARE_THREADS));
}

function poolSize(): number {
  const size = Number(process.env.UV_THREADPOOL_SIZE);
  return size > 0 ? size : DEFAULT_POOL;
}
