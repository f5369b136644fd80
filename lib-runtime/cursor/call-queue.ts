import { AsyncLocalStorage } from 'node:async_hooks';
import type { DuckDBConnection } from '@duckdb/node-api';
import { abortError, type AbortSignalLike, LightAbortSignal, withAny } from '../base/abort';
import { BusyError, ClosedError } from '../base/errors';
import { Semaphore } from '../base/semaphore';
import type { Connection, ConnectionLease } from '../execution/connection';

/** A stream under way, which holds the connection until it has ended. */
export interface OpenStream {
  /** Makes whoever reads it fail with `error`. */
  fail(error: unknown): void;
  /** Ends its query. */
  end(): void;
}

/** A callback that has a queue's connection to itself, and that the running code is inside of. */
interface Holder {
  readonly of: CallQueue;
  /** What the callback should use instead, for messages. */
  readonly advice: string;
  readonly outer: Holder | undefined;
  ended: boolean;
}

// A call on the queue from inside such a callback would wait for the callback's end, and the callback for the call's.
const holders = new AsyncLocalStorage<Holder>();

/**
 * Calls on one connection, which take turns in the order in which they were made: those of a cursor, or those of a transaction on it.
 *
 * DuckDB would take turns by itself, in no order, each waiter holding a libuv thread; and an interrupt would hit whichever runs.
 */
export class CallQueue {
  private readonly mutex = new Semaphore(1);
  private isStreaming = false;
  private stream: OpenStream | undefined;
  private over: ClosedError | undefined;
  /** Aborts when nobody wants the answers of the calls that were made. */
  private readonly abandoned = new LightAbortSignal();

  constructor(private readonly connection: Connection) {}

  /** Whether a call is under way. */
  get isBusy(): boolean {
    return !this.mutex.isFree;
  }

  /** Runs `run` when its turn comes; `task` says in messages what it does. Rejects as soon as `signal` aborts, without waiting for DuckDB. */
  exclusive<T>(run: (lease: ConnectionLease) => Promise<T>, task: () => string, signal?: AbortSignalLike): Promise<T> {
    this.assertFree(task, signal);
    const begin = (release: () => void) => {
      this.assertOpenOr(release);
      return this.connection.run(({ raw, ended }) => run({ raw, ended, assertOpen: this.assertOpen }), task, signal, release);
    };
    // Most calls find it free, and need not wait for a promise.
    const release = this.mutex.tryAcquire();
    return release ? begin(release) : this.ownTurn(task, signal).then(begin);
  }

  /**
   * Like `exclusive`, for a stream: what is asked for after it is refused, and does not wait for its end.
   *
   * Its reader may be the one who asks, in the loop over its rows, and would wait for itself. `run` hands over the stream once it has begun.
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
      // Else the borrower could close before this task is known to run, and closing under a running query deadlocks.
      await undefined;
      return this.holding(advice, () => this.connection.withRaw(borrower));
    }, () => 'a connection was lent');
  }

  /** Gives the connection to `work` alone: whatever else is asked for here waits. `work` has its own queues on the connection. */
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

  /** Runs a callback to which the connection was given: what it asks for here, it waits for itself, and is refused with `advice`. */
  async holding<T>(advice: string, callback: () => Promise<T>): Promise<T> {
    const holder = { of: this, advice, outer: holders.getStore(), ended: false };
    try {
      return await holders.run(holder, callback);
    } finally {
      holder.ended = true;
    }
  }

  /** Refuses further calls with `error`, ends a stream that was left open, and waits for the calls that were made before. */
  async end(error: ClosedError): Promise<void> {
    this.over = error;
    if (this.stream) this.endStream(this.stream);
    const release = await this.mutex.acquire(this.connection.ended).catch((aborted) => {
      this.connection.assertOpen();
      throw aborted;
    });
    release();
  }

  /** Like `end`, but the calls that were made before are interrupted, and fail with `error`. */
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
      throw new BusyError(`this ${this.connection.what} has a stream that is not read to its end: end it first, by reading on or by leaving ` +
        'its loop, or open another cursor');
    }
  }

  /** Nor does who waits here wait for what DuckDB is slow to give up. */
  private async ownTurn(task: () => string, signal: AbortSignalLike | undefined): Promise<() => void> {
    try {
      return await withAny([signal, this.connection.ended, this.abandoned], (either) => this.mutex.acquire(either, task));
    } catch (error) {
      // Where its own signal has aborted too, that is the news.
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
