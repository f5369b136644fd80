import { AsyncLocalStorage } from 'node:async_hooks';
import type { DuckDBConnection } from '@duckdb/node-api';
import { abortError, type AbortSignalLike, LightAbortSignal, withAny } from '../base/abort';
import { BusyError, ClosedError } from '../base/errors';
import { Semaphore } from '../base/semaphore';
import type { Connection, ConnectionLease } from '../execution/connection';

/** A stream in progress, which holds the connection until it has ended. */
export interface OpenStream {
  /** Makes the stream's reader fail with `error`. */
  fail(error: unknown): void;
  /** Ends the stream's query. */
  end(): void;
}

/** A callback that has a queue's connection to itself, and inside which the running code is. */
interface Holder {
  readonly of: CallQueue;
  /** The alternative for the callback, for messages. */
  readonly advice: string;
  readonly outer: Holder | undefined;
  ended: boolean;
}

// A call on the queue from inside such a callback would wait for the callback's end, and the callback for the call's.
const holders = new AsyncLocalStorage<Holder>();

/**
 * Calls on one connection, which take turns in the order in which they were made: the calls of a cursor, or of a transaction on it.
 *
 * DuckDB would take turns by itself, but without an order, and each waiting call would hold a libuv thread. An interrupt would hit whichever call
 * runs.
 */
export class CallQueue {
  private readonly mutex = new Semaphore(1);
  private isStreaming = false;
  private stream: OpenStream | undefined;
  private over: ClosedError | undefined;
  /** Aborts when the results of the calls are no longer needed. */
  private readonly abandoned = new LightAbortSignal();

  constructor(private readonly connection: Connection) {}

  /** Whether a call is in progress. */
  get isBusy(): boolean {
    return !this.mutex.isFree;
  }

  /** Runs `run` when its turn comes; `task` describes it in messages. Rejects as soon as `signal` aborts, without waiting for DuckDB. */
  exclusive<T>(run: (lease: ConnectionLease) => Promise<T>, task: () => string, signal?: AbortSignalLike): Promise<T> {
    this.assertFree(task, signal);
    const begin = (release: () => void) => {
      this.assertOpenOr(release);
      return this.connection.run((lease) => run({ ...lease, assertOpen: this.assertOpen }), task, signal, release);
    };
    // Most calls find the connection free, and need not wait for a promise.
    const release = this.mutex.tryAcquire();
    return release ? begin(release) : this.ownTurn(task, signal).then(begin);
  }

  /**
   * Like `exclusive`, for a stream: later calls are refused and do not wait for the stream's end.
   *
   * The caller may be the stream's reader, inside the loop over its rows, and would wait for itself. `run` passes on the stream after it has begun.
   */
  async streaming<T>(
    run: (lease: ConnectionLease, began: (stream: OpenStream) => void) => Promise<T>, task: () => string, signal?: AbortSignalLike,
  ): Promise<T> {
    this.assertFree(task, signal);
    const streaming = this.exclusive((lease) => run(lease, (stream) => this.noteStream(stream)), task, signal);
    this.isStreaming = true;
    return streaming.finally(() => {
      this.isStreaming = false;
      this.stream = undefined;
    });
  }

  /** Lends the client's own connection to `borrower`. */
  withRaw<T>(borrower: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const advice = 'is lent to the callback of withConnection that this call is made in: use the connection that it got';
    return this.exclusive(async () => {
      // Otherwise the borrower could close the connection before this task is known to run, and closing under a running query deadlocks.
      await undefined;
      return this.holding(advice, () => this.connection.withRaw(borrower));
    }, () => 'a connection was lent');
  }

  /** Gives the connection to `work` alone: all other calls here wait. `work` has its own queues on the connection. */
  async hold<T>(work: () => Promise<T>, task: () => string, signal?: AbortSignalLike): Promise<T> {
    this.assertFree(task, signal);
    const release = this.mutex.tryAcquire() ?? await this.ownTurn(task, signal);
    this.assertOpenOr(release);
    try {
      return await work();
    } finally {
      release();
    }
  }

  /**
   * Runs a callback to which the connection was given. A call that the callback makes here would wait for the callback, so it is refused with
   * `advice`.
   */
  async holding<T>(advice: string, callback: () => Promise<T>): Promise<T> {
    const holder = { of: this, advice, outer: holders.getStore(), ended: false };
    try {
      return await holders.run(holder, callback);
    } finally {
      holder.ended = true;
    }
  }

  /** Refuses further calls with `error`, ends a stream that was left open, and waits for earlier calls. */
  async end(error: ClosedError): Promise<void> {
    this.over = error;
    if (this.stream) this.endStream(this.stream);
    const release = await this.mutex.acquire(this.connection.ended).catch((aborted) => {
      this.connection.assertOpen();
      throw aborted;
    });
    release();
  }

  /** Like `end`, but earlier calls are interrupted, and fail with `error`. */
  async abandon(error: ClosedError): Promise<void> {
    this.over = error;
    this.abandoned.abort();
    await this.connection.interruptUntil(this.end(error));
  }

  private assertOpenOr(release: () => void): void {
    try {
      this.assertOpen();
    } catch (error) {
      release();
      throw error;
    }
  }

  private readonly assertOpen = (): void => {
    this.connection.assertOpen();
    if (this.abandoned.aborted) throw this.over;
  };

  private assertFree(task: () => string, signal: AbortSignalLike | undefined): void {
    this.connection.assertOpen();
    if (this.over) throw this.over;
    if (signal?.aborted) throw abortError(signal, task());
    for (let holder = holders.getStore(); holder !== undefined; holder = holder.outer) {
      if (holder.of === this && !holder.ended) throw new BusyError(`this ${this.connection.what} ${holder.advice}`);
    }
    if (this.isStreaming) {
      throw new BusyError(`this ${this.connection.what} has a stream that is not read to its end: read its rest, ` +
        'leave its loop, or open another cursor');
    }
  }

  /** A call that waits here does not wait for DuckDB to end an interrupted query, either. */
  private async ownTurn(task: () => string, signal: AbortSignalLike | undefined): Promise<() => void> {
    try {
      return await withAny([signal, this.connection.ended, this.abandoned], (either) => this.mutex.acquire(either, task));
    } catch (error) {
      // If the call's own signal has aborted too, its reason is reported.
      if (signal?.aborted) throw abortError(signal, task());
      this.assertOpen();
      throw error;
    }
  }

  private noteStream(stream: OpenStream): void {
    this.stream = stream;
    if (this.over) this.endStream(stream);
  }

  private endStream(stream: OpenStream): void {
    stream.fail(this.over);
    stream.end();
  }
}
