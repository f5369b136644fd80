import type { DuckDBConnection } from '@duckdb/node-api';
import type { BootstrapStep, StepContext } from './step';
import { BootstrapError, DuckDbError, FatalError } from '../base/errors';
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

/** A step on one instance, and whether it has run. */
export class DeclaredStep {
  isDone = false;
  running: Promise<void> | undefined;

  constructor(readonly step: BootstrapStep, private readonly host: StepHost) {}

  /** Runs the step, or renews it because of `error`. Callers that need it while it runs wait for the same run. Throws `BOOTSTRAP` or `FATAL`. */
  runOnce(error?: string): Promise<void> {
    return this.running ??= traced('bootstrap', () => ({ step: this.step.name }), () => this.run(error)).finally(() => { this.running = undefined; });
  }

  private async run(error: string | undefined): Promise<void> {
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
      this.isDone = true;
    } catch (cause) {
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
    const text = textOf(cause);
    postgresHints().rememberPasswords(text);
    if (isFatal(text)) {
      this.host.markBroken();
      return new FatalError(`${failed}: ${text}`, { cause: new Error(text) });
    }
    return new BootstrapError(`${failed}: ${advised(text, '')}`, { cause, retryable: mayPass(text) });
  }
}
