import { AbortedError, type DuckDbError, messageOf, TimeoutError } from './errors';

/** The part of an `AbortSignal` that this package needs. The caller's `lib` may not know the name. */
export interface AbortSignalLike {
  /** Whether the signal was aborted. */
  readonly aborted: boolean;
  /** Why it was aborted. */
  readonly reason?: unknown;
  /** Calls `listener` when the signal is aborted. */
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  /** Removes a listener. */
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Our own signal. An AbortController creates an exception with a stack when it aborts, which takes 30 µs, a tenth of a short query. */
export class LightAbortSignal implements AbortSignalLike {
  aborted = false;
  reason: unknown;
  private readonly listeners = new Set<() => void>();

  abort(reason?: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.listeners) listener();
  }

  addEventListener(_: 'abort', listener: () => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    this.listeners.delete(listener);
  }
}

/** The reason with which an invocation's signal aborts. */
export class DeadlineNear {
  readonly name = 'DeadlineNear';

  /** How long before the deadline. */
  constructor(readonly marginMs: number) {}
}

/** The typed error for an aborted signal: `TIMEOUT` for a deadline, the typed error with which it was aborted, or `ABORTED`. */
export function abortError(signal: AbortSignalLike, doing = 'waiting for DuckDB'): DuckDbError {
  const { reason } = signal;
  if (reason instanceof TimeoutError || reason instanceof AbortedError) return reason;
  const name = (reason as Error | undefined)?.name;
  // Compared by name, because the ESM and CommonJS copies of this module each have their own class.
  if (name === 'DeadlineNear') return new TimeoutError(`the invocation has ${(reason as DeadlineNear).marginMs} ms left, and was still ${doing}`);
  if (name === 'TimeoutError') return new TimeoutError(`the deadline passed while ${doing}`, { cause: reason });
  const why = reason === undefined || name === 'AbortError' ? '' : `: ${messageOf(reason)}`;
  return new AbortedError(`aborted while ${doing}${why}`, { cause: reason });
}

/**
 * Settles like `work`, or rejects as soon as `signal` aborts. `work` then goes on by itself, and `onAbort` is called, which may return a better error.
 */
export function orAborted<T>(
  work: Promise<T>, signal: AbortSignalLike | undefined, doing?: () => string, onAbort?: (error: DuckDbError) => DuckDbError | void,
): Promise<T> {
  if (signal === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const abort = () => {
      const error = abortError(signal, doing?.());
      reject(onAbort?.(error) ?? error);
    };
    if (signal.aborted) {
      work.catch(() => undefined);
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Runs `work` with a signal that aborts as soon as one of `signals` does. `AbortSignal.any` accepts only genuine AbortSignals. */
export function withAny<T>(
  signals: ReadonlyArray<AbortSignalLike | undefined>, work: (signal: AbortSignalLike | undefined) => Promise<T>,
): Promise<T> {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length < 2 ? work(given[0]) : withEach(given, work);
}

async function withEach<T>(signals: readonly AbortSignalLike[], work: (signal: AbortSignalLike) => Promise<T>): Promise<T> {
  const any = new LightAbortSignal();
  const ignore = signals.map((signal) => follow(signal, any));
  try {
    return await work(any);
  } finally {
    for (const stop of ignore) stop();
  }
}

function follow(signal: AbortSignalLike, follower: LightAbortSignal): () => void {
  const abort = () => follower.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return () => signal.removeEventListener('abort', abort);
}
