import type { AbortSignalLike } from '../base/abort';
import { Semaphore } from '../base/semaphore';

/** libuv's default if `UV_THREADPOOL_SIZE` is not set. */
const DEFAULT_POOL = 4;
/** Threads for DNS look-ups and file reads. Without them, the bootstrap and the user's own code would wait for queries. */
const SPARE_THREADS = 2;
/** Abandoned calls may hold all of these threads but one. */
const LAST_SPARE_THREADS = 1;

const NATIVE_CALLS = Symbol.for('cdk-duckdb-lambda.native-calls.v2');

/**
 * Runs `task` as one of the native calls in flight, and waits for its turn if there are too many. Do not use it for calls as short as a connect.
 *
 * `waiting` ends the wait. Once `abandoned` aborts, the task's outcome is not needed, and another call may take its turn while it still runs.
 */
export async function nativeCall<T>(task: () => Promise<T>, waiting?: AbortSignalLike, abandoned = waiting): Promise<T> {
  const calls = nativeCalls();
  // Starts without an extra tick: at import, the opening should begin before the client's JavaScript is evaluated.
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
 * Each call into DuckDB holds a libuv thread until it settles. With four queries on a pool of four, a `dns.lookup` waited 6.7 s. A call that
 * DuckDB cannot interrupt, such as a request without an answer, holds its thread long after its caller has left. Another call then gets its
 * turn, as long as the rest of the process keeps a thread.
 */
class NativeCalls {
  readonly turns: Semaphore;
  /** How many abandoned calls may run in addition to those that have a turn. */
  private places: number;
  private readonly beside = new Set<() => void>();
  private readonly abandoned = new Set<() => void>();

  constructor(threads: number) {
    const turns = Math.max(1, threads - SPARE_THREADS);
    this.turns = new Semaphore(turns);
    this.places = Math.max(0, threads - turns - LAST_SPARE_THREADS);
  }

  /** Marks the call that `release` ends as abandoned. */
  abandon(release: () => void): void {
    this.abandoned.add(release);
    this.fillPlaces();
  }

  /** Marks the call that `release` ends as settled. */
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
