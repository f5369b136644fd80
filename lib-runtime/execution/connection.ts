import { AsyncLocalStorage } from 'node:async_hooks';
import type { DuckDBConnection } from '@duckdb/node-api';
import { rollBackBeforeClosing } from './transactions';
import { type AbortSignalLike, LightAbortSignal, orAborted } from '../base/abort';
import { ClosedError } from '../base/errors';
import { nativeCall } from '../client/native-calls';

/** An interrupt is lost on a query that has not reached its thread yet, so it is sent again and again. */
const INTERRUPT_EVERY_MS = 10;

/** What a task sees of the connection while it is its turn. */
export interface ConnectionLease {
  readonly raw: DuckDBConnection;
  /** Aborts when the connection is closed or given up: whatever the task waits for is then in vain. */
  readonly ended: AbortSignalLike;
  /** Throws once the connection is closed or given up: to be asked before each further statement. */
  assertOpen(): void;
}

/** The loans that the running code is inside of: a borrower that closes the connection would wait for its own end. */
const loans = new AsyncLocalStorage<Loan>();

interface Loan {
  readonly of: Connection;
  readonly outer: Loan | undefined;
  ended: boolean;
}

/**
 * One DuckDB connection, and the one task that runs on it.
 *
 * Closing under a running query deadlocks: so a close interrupts, and waits until the query has settled. Who may run next is for the
 * callers to settle among themselves: see `CallQueue`.
 */
export class Connection {
  /** Whether it may be in a transaction, as far as those tell who run something on it. */
  mayBeInTransaction = false;
  private state: 'open' | 'given up' | 'closed' = 'open';
  private running: Promise<unknown> | undefined;
  private task: (() => string) | undefined;
  private settling = Promise.resolve();
  /** Ends the wait of those who close it. */
  private readonly left = new LightAbortSignal();
  private readonly ending = new LightAbortSignal();
  /** Why it was closed, where there is more to say than that it was. */
  private reason: string | undefined;

  /** `what` is its name in messages. */
  constructor(private readonly connection: DuckDBConnection, readonly what: string, private readonly onClosed: () => void) {}

  /** Aborts when it is closed or given up. */
  get ended(): AbortSignalLike {
    return this.ending;
  }

  /** Whether something runs on it. */
  get isBusy(): boolean {
    return this.running !== undefined;
  }

  /** What it does just now, for messages. */
  get doing(): string {
    return this.task?.() ?? `a ${this.what} was open`;
  }

  /** Runs `run`, with nothing else under way; `task` says in messages what it does. Rejects as soon as `signal` aborts, without waiting for DuckDB. */
  run<T>(run: (lease: ConnectionLease) => Promise<T>, task: () => string, signal: AbortSignalLike | undefined, onSettled: () => void): Promise<T> {
    const lease = { raw: this.connection, ended: this.ending, assertOpen: () => this.assertOpen() };
    this.task = task;
    const running = run(lease).finally(() => {
      this.running = this.task = undefined;
      onSettled();
    });
    this.running = running;
    return orAborted(running, signal, task, () => this.abandon());
  }

  /** Lends the client's own connection to `borrower`. */
  async withRaw<T>(borrower: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const loan = { of: this, outer: loans.getStore(), ended: false };
    try {
      return await loans.run(loan, () => borrower(this.connection));
    } catch (error) {
      // Interrupted by the cursor's own end: that is what happened.
      this.assertOpen();
      throw error;
    } finally {
      loan.ended = true;
    }
  }

  /** Interrupts what runs until `settled` has settled, and returns or throws what that did. */
  async interruptUntil<T>(settled: Promise<T>): Promise<T> {
    if (this.isBusy) await interruptUntil(settled, this.connection);
    return settled;
  }

  /** Throws a `CLOSED` error once it is closed or given up. */
  assertOpen(): void {
    if (this.state === 'open') return;
    const why = this.reason ?? (this.state === 'closed' ? 'is closed' : 'ended when a query on it was aborted, as its state is unknown since');
    throw new ClosedError(`this ${this.what} ${why}: open another one`);
  }

  /**
   * Interrupts what runs, waits until it has settled, rolls back what is open, and closes. Closing twice is fine. `reason` tells those whose
   * call it ends.
   */
  close(reason?: string): Promise<void> {
    if (this.state === 'open') {
      this.state = 'closed';
      this.reason = reason;
      this.settling = this.settle();
    }
    if (this.state === 'given up' || this.isLentToCaller) return Promise.resolve();
    return orLeft(this.settling, this.left);
  }

  /** Like `close`, but nobody waits, nor goes on waiting: a remote read may take its time to notice an interrupt, and a server to roll back. */
  abandon(reason?: string): void {
    this.left.abort();
    if (this.state !== 'open') return;
    this.state = 'given up';
    this.reason = reason;
    void this.settle();
  }

  private get isLentToCaller(): boolean {
    for (let loan = loans.getStore(); loan !== undefined; loan = loan.outer) if (loan.of === this && !loan.ended) return true;
    return false;
  }

  private async settle(): Promise<void> {
    const { running } = this;
    this.ending.abort();
    if (running !== undefined) await interruptUntil(running, this.connection);
    // Waits for a thread as every call does, and takes none for good from those who go on.
    if (this.mayBeInTransaction) await nativeCall(() => rollBackBeforeClosing(this.connection), undefined, this.ending);
    this.connection.closeSync();
    this.onClosed();
  }
}

/** `work`, or nothing as soon as `left` aborts. */
function orLeft(work: Promise<void>, left: AbortSignalLike): Promise<void> {
  if (left.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => {
    left.addEventListener('abort', resolve);
    work.then(resolve, reject);
  });
}

/** Interrupts what runs on `connection` until `settled` has settled. */
export async function interruptUntil(settled: Promise<unknown>, connection: DuckDBConnection): Promise<void> {
  connection.interrupt();
  const timer = setInterval(() => connection.interrupt(), INTERRUPT_EVERY_MS);
  await settled.catch(() => undefined);
  clearInterval(timer);
}
