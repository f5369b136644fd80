import type { AbortSignalLike } from '../base/abort';
import { Semaphore } from '../base/semaphore';

/** libuv's own default where `UV_THREADPOOL_SIZE` is not set. */
const DEFAULT_POOL = 4;
/** Left to DNS look-ups and file reads: without them the bootstrap, and the user's own code, would wait for queries. */
const SPARE_THREADS = 2;
/** Of these, calls that nobody waits for any more may hold all but one. */
const LAST_SPARE_THREADS = 1;

const NATIVE_CALLS = Symbol.for('cdk-duckdb-lambda.native-calls.v2');

/**
 * Runs `task` as one of the native calls in flight; waits for its turn when there are too many. Not for calls as short as a connect.
 *
 * `waiting` ends the wait. Once `abandoned` aborts, nobody wants the task's outcome: another call may take its turn while it still runs.
 */
export async function nativeCall<T>(task: () => Promise<T>, waiting?: AbortSignalLike, abandoned = waiting): Promise<T> {
  const calls = nativeCalls();
  // Not a tick later than need be: at import, the opening should begin before the client's JavaScript is evaluated.
  const release = calls.turns.tryAcquire() ?? await calls.turns.acquire(waiting);
  if (abandoned === undefined) {
    return task().finally(release);
  }
  const abandon = () => calls.abandon(release);
  if (abandoned.aborted) abandon();
  else abandoned.addEventListener('abort', abandon, { once: true });
  try {
    return await task();
  } finally {
    abandoned.removeEventListener('abort', abandon);
    calls.end(release);
  }
}

/**
 * The process's native calls in flight.
 *
 * Each call into DuckDB holds a libuv thread until it settles; with four queries on a pool of four, `dns.lookup` was seen to wait 6.7 s.
 * What DuckDB cannot interrupt, such as a request that nobody answers, holds its thread long after its caller has gone. Its turn goes to
 * another call then, as long as a thread is left to the rest of the process.
 */
class NativeCalls {
  readonly turns: Semaphore;
  /** How many abandoned calls may run beside those that have a turn. */
  private places: number;
  private readonly beside = new Set<() => void>();
  private readonly abandoned = new Set<() => void>();

  constructor(threads: number) {
    const turns = Math.max(1, threads - SPARE_THREADS);
    this.turns = new Semaphore(turns);
    this.places = Math.max(0, threads - turns - LAST_SPARE_THREADS);
  }

  /** Nobody waits any more for the call that `release` ends. */
  abandon(release: () => void): void {
    this.abandoned.add(release);
    this.fillPlaces();
  }

  /** The call that `release` ends has settled. */
  end(release: () => void): void {
    this.abandoned.delete(release);
    if (this.beside.delete(release)) this.places += 1;
    release();
    this.fillPlaces();
  }

  private fillPlaces(): void {
    for (const release of this.abandoned) {
      if (this.places === 0) return;
      this.places -= 1;
      this.abandoned.delete(release);
      this.beside.add(release);
      release();
    }
  }
}

function nativeCalls(): NativeCalls {
  const holder = globalThis as { [NATIVE_CALLS]?: NativeCalls };
  return holder[NATIVE_CALLS] ??= new NativeCalls(poolSize());
}

function poolSize(): number {
  const size = Number(process.env.UV_THREADPOOL_SIZE);
  return size > 0 ? size : DEFAULT_POOL;
}
