import type { DuckDBConnection } from '@duckdb/node-api';
import type { BootstrapStep, StepContext } from './step';
import { BootstrapError, DuckDbError, FatalError, fullMessageOf } from '../base/errors';
import { currentInvocation, type Invocation } from '../base/invocation';
import { advised, isFatal, postgresHints, textOf } from '../diagnosis/query-error';
import { mayPass } from '../diagnosis/transient';
import type { Statement } from '../execution/statement';
import { traced } from '../observe/tracing';

/** Called for each statement that a step runs, with whether the statement has failed. */
export type NoteRun = (statement: Statement, hasFailed: boolean) => void;

/** The instance on which a step runs. */
export interface StepHost {
  /** Runs a task on a separate connection; `mayBeInTransaction` says whether the task may leave a transaction open. */
  withRaw(task: (connection: DuckDBConnection) => Promise<void>, mayBeInTransaction?: () => boolean): Promise<void>;
  /** The calls that the step may make on that connection. */
  contextOf(declared: DeclaredStep, connection: DuckDBConnection, error: string | undefined, noteRun: NoteRun): StepContext;
  /** Whether everything that the step set up still exists. */
  isInPlace(step: BootstrapStep): Promise<boolean>;
  /** Records that a run has ended, and how many milliseconds it took. */
  noteRunEnded(step: BootstrapStep, milliseconds: number): void;
  /** Records that DuckDB refuses every statement from now on. */
  markBroken(): void;
}

/** How long statements use what is stale after a renewal has failed. */
const RENEWAL_PAUSE_MS = 5_000;

/** A step on one instance, and whether it has run. */
export class DeclaredStep {
  isDone = false;
  running: Promise<void> | undefined;
  /** Whether something of it may be missing although its catalogs are attached: it has failed, or a secret of it was dropped. */
  mayBeIncomplete = false;
  /** After a failed renewal, no statement waits for another attempt until then, unless a server refuses its access. */
  private renewalPausedUntil = 0;
  /** The invocations that wait for the present run. */
  private waiting: Invocation[] = [];
  private runNumber = 0;

  constructor(readonly step: BootstrapStep, private readonly host: StepHost) {}

  /** Whether a statement such as `sql` is to wait for a renewal. Without `sql`, any statement. */
  isStale(sql?: string): boolean {
    return this.isDone && Date.now() >= this.renewalPausedUntil && this.step.isStale(sql);
  }

  /**
   * Runs the step, or renews it because of `error`. Callers that need it while it runs wait for the same run. Throws `BOOTSTRAP` or `FATAL`.
   *
   * A run that has outlasted an invocation that waited for it is given up: it may never end.
   */
  runOnce(error?: string): Promise<void> {
    if (this.waiting.some(({ isOver }) => isOver)) this.running = undefined;
    const running = this.running ??= this.start(error);
    const invocation = currentInvocation();
    if (invocation) this.waiting.push(invocation);
    return running;
  }

  private start(error: string | undefined): Promise<void> {
    this.waiting = [];
    const number = this.runNumber += 1;
    const isCurrent = () => this.runNumber === number;
    return traced('bootstrap', () => ({ step: this.step.name }), () => this.run(error, isCurrent)).finally(() => {
      if (isCurrent()) this.running = undefined;
    });
  }

  /** `isCurrent` tells whether the run has not been given up. */
  private async run(error: string | undefined, isCurrent: () => boolean): Promise<void> {
    const { step, host } = this;
    const started = performance.now();
    const isRenewal = this.isDone;
    // A statement that meanwhile lacks what the step provides waits for this run and does not fail.
    this.isDone = false;
    let hasBegun = false;
    const noteRun: NoteRun = (statement, hasFailed) => hasBegun = statement.mayBeInTransactionAfter(hasBegun, hasFailed);
    try {
      await host.withRaw((connection) => {
        const context = host.contextOf(this, connection, error, noteRun);
        return isRenewal ? step.renew(connection, context) : step.run(connection, context);
      }, () => hasBegun || step.mayBeginTransaction === true);
      if (!isCurrent()) return;
      this.isDone = true;
      this.mayBeIncomplete = false;
    } catch (cause) {
      if (!isCurrent()) throw this.failure(cause);
      this.mayBeIncomplete = true;
      if (isRenewal) this.renewalPausedUntil = Date.now() + RENEWAL_PAUSE_MS;
      // If everything that the step set up still exists, the next run renews the step and does not start from nothing.
      this.isDone = isRenewal && await host.isInPlace(step);
      throw this.failure(cause);
    } finally {
      host.noteRunEnded(step, performance.now() - started);
    }
  }

  private failure(cause: unknown): DuckDbError {
    const failed = `the bootstrap step "${this.step.name}" failed`;
    if (cause instanceof DuckDbError) return new BootstrapError(`${failed}: ${cause.message}`, { cause, retryable: cause.retryable });
    const text = textOf(fullMessageOf(cause));
    postgresHints().rememberPasswords(text);
    if (isFatal(text)) {
      this.host.markBroken();
      return new FatalError(`${failed}: ${text}`, { cause: new Error(text) });
    }
    const { retryable } = (cause ?? {}) as { retryable?: unknown };
    return new BootstrapError(`${failed}: ${advised(text, '')}`, { cause, retryable: typeof retryable === 'boolean' ? retryable : mayPass(text) });
  }
}
