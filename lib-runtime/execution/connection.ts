import { AsyncLocalStorage } from 'node:async_hooks';
import type { DuckDBConnection } from '@duckdb/node-api';
import { closeRolledBack, keepOpen, rollBack } from './transactions';
import { type AbortSignalLike, LightAbortSignal, orAborted } from '../base/abort';
import { commitUnknown } from '../base/commit-unknown';
import { ClosedError, type DuckDbError } from '../base/errors';
import { nativeCall } from '../client/native-calls';

/** An interrupt has no effect on a query that has not reached its thread yet, so it is sent repeatedly. */
const INTERRUPT_EVERY_MS = 10;

/** The connection as a task sees it during its turn. */
export interface ConnectionLease {
  readonly raw: DuckDBConnection;
  /** Aborts when the connection is closed or given up. Waiting for anything is then pointless. */
  readonly ended: AbortSignalLike;
  /** Throws after the connection is closed or given up. Call it before each further statement. */
  assertOpen(): void;
  /** To be called if it is in a transaction that cannot be rolled back. It is then never closed, which would end the process. */
  keepOpen(): void;
}

/** The loans inside which the running code is. A borrower that closes the connection would wait for its own end. */
const loans = new AsyncLocalStorage<Loan>();

interface Loan {
  readonly of: Connection;
  readonly outer: Loan | undefined;
  ended: boolean;
}

/**
 * One DuckDB connection, and the one task that runs on it.
 *
 * Closing under a running query deadlocks. So a close interrupts the query, and waits until it has settled. The callers decide who runs next: see
 * `CallQueue`.
 */
export class Connection {
  /** Whether it may be in a transaction, as far as its users report. */
  mayBeInTransaction = false;
  /** The statement whose commit is in progress, if its answer may be lost. */
  committing: string | undefined;
  private state: 'open' | 'given up' | 'closed' = 'open';
  private running: Promise<unknown> | undefined;
  private task: (() => string) | undefined;
  private settling = Promise.resolve();
  /** Ends the wait of callers that close it. */
  private readonly left = new LightAbortSignal();
  private readonly ending = new LightAbortSignal();
  /** Why it was closed, if there is a reason to report. */
  private reason: string | undefined;

  /** `what` is its name in messages. */
  constructor(private readonly connection: DuckDBConnection, readonly what: string, private readonly onClosed: () => void) {}

  /** Aborts when it is closed or given up. */
  get ended(): AbortSignalLike {
    return this.ending;
  }

  /** Settles when DuckDB has ended what ran on it, after it was closed or given up. */
  get settled(): Promise<void> {
    return this.settling;
  }

  /** Whether a task runs on it. */
  get isBusy(): boolean {
    return this.running !== undefined;
  }

  /** What it does at the moment, for messages. */
  get doing(): string {
    return this.task?.() ?? `a ${this.what} was open`;
  }

  /**
   * Runs `run` while nothing else runs; `task` describes it in messages. Rejects as soon as `signal` aborts, without waiting for DuckDB, and with
   * `CLOSED` after the connection is closed or given up: what begins then would run on a connection that is about to be freed.
   */
  run<T>(run: (lease: ConnectionLease) => Promise<T>, task: () => string, signal: AbortSignalLike | undefined, onSettled: () => void): Promise<T> {
    try {
      this.assertOpen();
    } catch (error) {
      onSettled();
      return Promise.reject(error as Error);
    }
    const lease = { raw: this.connection, ended: this.ending, assertOpen: () => this.assertOpen(), keepOpen: () => keepOpen(this.connection) };
    this.task = task;
    const running = run(lease).finally(() => {
      this.running = this.task = undefined;
      onSettled();
    });
    this.running = running;
    return orAborted(running, signal, task, (error) => this.abandonFor(error));
  }

  /** Lends the client's own connection to `borrower`. */
  async withRaw<T>(borrower: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const loan = { of: this, outer: loans.getStore(), ended: false };
    try {
      return await loans.run(loan, () => borrower(this.connection));
    } catch (error) {
      // The cursor's own end has interrupted it, so that is the error to report.
      this.assertOpen();
      throw error;
    } finally {
      loan.ended = true;
    }
  }

  /** Interrupts the running task until `settled` has settled, and returns or throws its result. */
  async interruptUntil<T>(settled: Promise<T>): Promise<T> {
    if (this.isBusy) await interruptUntil(settled, this.connection);
    return settled;
  }

  /** Throws a `CLOSED` error after it is closed or given up. */
  assertOpen(): void {
    if (this.state === 'open') return;
    const why = this.reason ?? (this.state === 'closed' ? 'is closed' : 'ended when a query on it was aborted, because its state is unknown');
    throw new ClosedError(`this ${this.what} ${why}: open another one`);
  }

  /**
   * Interrupts the running task, waits until it has settled, rolls back an open transaction, and closes. Closing twice is allowed. The errors of
   * ended calls say `reason`.
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

  /** Like `close`, but without waiting: a remote read may take time to notice an interrupt, and a server to roll back. */
  abandon(reason?: string): void {
    this.left.abort();
    if (this.state !== 'open') return;
    this.state = 'given up';
    this.reason = reason;
    this.settling = this.settle();
  }

  /** Like `abandon`. Returns the error for what ran: if a commit was in progress, its outcome is unknown. */
  abandonFor(error: DuckDbError): DuckDbError {
    const { committing } = this;
    this.abandon();
    return committing === undefined ? error : commitUnknown(error.message, committing);
  }

  private get isLentToCaller(): boolean {
    for (let loan = loans.getStore(); loan !== undefined; loan = loan.outer) if (loan.of === this && !loan.ended) return true;
    return false;
  }

  private async settle(): Promise<void> {
    const { running } = this;
    this.ending.abort();
    if (running !== undefined) await interruptUntil(running, this.connection);
    // It waits for a thread as every call does, and does not take a thread permanently from other calls.
    if (this.mayBeInTransaction) await nativeCall(() => rollBack(this.connection), undefined, this.ending);
    closeRolledBack(this.connection);
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
