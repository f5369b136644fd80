import { AsyncLocalStorage } from 'node:async_hooks';
import type { DuckDBConnection } from '@duckdb/node-api';
import { abortError, type AbortSignalLike, Ending, orAborted, withAny } from './abort';
import { BusyError, ClosedError } from './errors';
import { Semaphore } from './semaphore';

/** An interrupt is lost on a query that has not reached its thread yet, so it is sent again and again. */
const INTERRUPT_EVERY_MS = 10;

/** What a task sees of the connection while it is its turn. */
export interface Turn {
  readonly raw: DuckDBConnection;
  /** Aborts when the connection is closed or given up: whatever the task waits for is then in vain. */
  readonly ended: AbortSignalLike;
  /** Throws once the connection is closed or given up: to be asked before each further statement. */
  assertOpen(): void;
}

/** The loans that the running code is inside of: a call on a lent connection's cursor would wait for itself. */
const loans = new AsyncLocalStorage<{ readonly of: Connection; ended: boolean }>();

/**
 * One DuckDB connection, one query at a time.
 *
 * DuckDB would take turns by itself, in no order, each waiter holding a libuv thread; an interrupt would hit whichever runs; and closing
 * under a running query deadlocks. So: a mutex, and a close that waits until the query has settled.
 */
export class Connection {
  private readonly mutex = new Semaphore(1);
  private state: 'open' | 'given up' | 'closed' = 'open';
  private running: Promise<unknown> | undefined;
  private task: (() => string) | undefined;
  private settling = Promise.resolve();
  private readonly ending = new Ending();
  private isStreaming = false;

  /** `what` is its name in messages. */
  constructor(private readonly connection: DuckDBConnection, readonly what: string, private readonly onClosed: () => void) {}

  /** Runs `run` when its turn comes; `task` says in messages what it does. Rejects as soon as `signal` aborts, without waiting for DuckDB. */
  async exclusive<T>(run: (turn: Turn) => Promise<T>, task: () => string, signal?: AbortSignalLike): Promise<T> {
    this.assertFree(task, signal);
    const release = this.mutex.tryAcquire() ?? await this.ownTurn(task, signal);
    try {
      this.assertOpen();
    } catch (error) {
      release();
      throw error;
    }
    const turn = { raw: this.connection, ended: this.ending, assertOpen: () => this.assertOpen() };
    this.task = task;
    const running = run(turn).finally(() => {
      this.running = this.task = undefined;
      release();
    });
    this.running = running;
    return orAborted(running, signal, task, () => this.giveUp());
  }

  /**
   * Like `exclusive`, for a stream: what is asked for after it is refused, and does not wait for its end.
   *
   * Its reader may be the one who asks, in the loop over its rows, and would wait for itself.
   */
  async stream<T>(run: (turn: Turn) => Promise<T>, task: () => string, signal?: AbortSignalLike): Promise<T> {
    this.assertFree(task, signal);
    const streaming = this.exclusive(run, task, signal);
    this.isStreaming = true;
    return streaming.finally(() => this.isStreaming = false);
  }

  /** Lends the connection itself to `borrower`. */
  lend<T>(borrower: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.exclusive(async ({ raw }) => {
      const loan = { of: this, ended: false };
      try {
        // Else the borrower could close before this task is known to run, and closing under a running query deadlocks.
        await undefined;
        return await loans.run(loan, () => borrower(raw));
      } catch (error) {
        // Interrupted by the cursor's own end: that is what happened.
        this.assertOpen();
        throw error;
      } finally {
        loan.ended = true;
      }
    }, () => 'a connection was lent');
  }

  /** What it does just now, for messages. */
  get doing(): string {
    return this.task?.() ?? `a ${this.what} was open`;
  }

  /** Throws a `CLOSED` error once it is closed or given up. */
  assertOpen(): void {
    if (this.state === 'closed') throw new ClosedError(`this ${this.what} is closed: open another one`);
    if (this.state === 'given up') {
      throw new ClosedError(`this ${this.what} ended when a query on it was aborted, as its state is unknown since: open another one`);
    }
  }

  /** Interrupts what runs, waits until it has settled, and closes. Closing twice is fine. */
  close(): Promise<void> {
    if (this.state === 'open') {
      this.state = 'closed';
      this.settling = this.settle();
    }
    // The borrower that closes it would wait for its own end.
    return this.state === 'given up' || this.isLentToCaller ? Promise.resolve() : this.settling;
  }

  /** Like `close`, but nobody waits: a remote read may take its time to notice an interrupt. */
  giveUp(): void {
    if (this.state !== 'open') return;
    this.state = 'given up';
    void this.settle();
  }

  private get isLentToCaller(): boolean {
    const loan = loans.getStore();
    return loan?.of === this && !loan.ended;
  }

  private assertFree(task: () => string, signal: AbortSignalLike | undefined): void {
    this.assertOpen();
    if (signal?.aborted) throw abortError(signal, task());
    if (this.isLentToCaller) {
      throw new BusyError(`this ${this.what} is lent to the callback of withConnection that this call is made in: use the connection that it got`);
    }
    if (this.isStreaming) {
      throw new BusyError(`this ${this.what} has a stream that is not read to its end: end it first, by reading on or by leaving its loop, or open another cursor`);
    }
  }

  /** Nor does who waits here wait for what DuckDB is slow to give up. */
  private async ownTurn(task: () => string, signal: AbortSignalLike | undefined): Promise<() => void> {
    try {
      return await withAny([signal, this.ending], (either) => this.mutex.acquire(either, task));
    } catch (error) {
      // Where its own signal has aborted too, that is the news.
      if (signal?.aborted) throw abortError(signal, task());
      this.assertOpen();
      throw error;
    }
  }

  private async settle(): Promise<void> {
    const { running } = this;
    this.ending.abort();
    if (running !== undefined) await interruptUntil(running, this.connection);
    this.connection.closeSync();
    this.onClosed();
  }
}

/** Interrupts what runs on `connection` until `settled` has settled. */
export async function interruptUntil(settled: Promise<unknown>, connection: DuckDBConnection): Promise<void> {
  connection.interrupt();
  const timer = setInterval(() => connection.interrupt(), INTERRUPT_EVERY_MS);
  await settled.catch(() => undefined);
  clearInterval(timer);
}
