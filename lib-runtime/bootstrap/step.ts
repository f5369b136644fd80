import type { DuckDBConnection } from '@duckdb/node-api';
import type { DuckDbError } from '../base/errors';
import type { ConnectionLease } from '../execution/connection';
import type { Statement } from '../execution/statement';
import type { QueryParameters } from '../values/parameters';

/**
 * A step's diagnosis of a statement's error:
 *
 * - `missing`: DuckDB could not bind the statement, because something that the step sets up is missing. Nothing was executed.
 * - `refused`: a server refused what the step set up, or what the step has yet to set up, such as a password or credentials.
 * - `conflict`: another writer committed first. Nothing of the statement was committed.
 * - `transient`: the same statement may succeed when it runs again, for example after a lost connection.
 *
 * `repeat.ts` describes the consequences of each.
 */
export type Diagnosis = typeof DIAGNOSES[number];

export const DIAGNOSES = ['missing', 'refused', 'conflict', 'transient'] as const;

/** The calls that a step may make while it runs. */
export interface StepContext {
  /** The error because of which the step runs. Undefined if nothing has failed yet. */
  readonly error: string | undefined;
  /** Runs SQL on the step's connection. If the SQL needs a step that was declared before this one, that step runs first. */
  execute(sql: string, parameters?: QueryParameters): Promise<void>;
  /** Loads an extension that the instance may lack. Throws `EXTENSION` if it cannot. */
  ensureExtension(name: string): Promise<void>;
}

/** Runs a task on a separate connection. */
export type Asking = (task: (connection: DuckDBConnection) => Promise<void>) => Promise<void>;

/** Called when a commit begins whose answer may be lost, and when its outcome is known. The end of the call ends it, too. */
export type NoteCommit = (isRunning: boolean) => void;

/** One declared bootstrap step, on one instance. */
export interface BootstrapStep {
  readonly name: string;
  /** Catalogs that are attached after the step has run. */
  readonly provides: readonly string[];
  /** Whether the tables of its catalogs are files on another machine, which statements do not name. */
  readonly hasRemoteFiles?: boolean;
  /** Whether it runs when the instance is created, because it does not need the network. */
  readonly runsImmediately: boolean;
  /** Names of the DuckDB secrets that exist after the step has run. */
  readonly secrets?: readonly string[];
  /** URLs or patterns of Parquet files whose footers are read in the init phase, once it has run there. */
  readonly prefetch?: readonly string[];
  /** Whether every statement needs it: it then runs before the first statement, which fails if the step fails. */
  readonly required: boolean;
  /** Whether the step may leave a transaction open on its connection without `StepContext.execute`. */
  readonly mayBeginTransaction?: boolean;
  /** Whether it can run yet. The handler may still have to register its type. */
  readonly ready: boolean;
  /**
   * Whether the SQL may need the step although it does not name one of the step's catalogs. Called for each statement. The statement runs even if
   * the step then fails.
   */
  mayBeNeededBy(sql: string): boolean;
  /** Throws if the step does not allow the SQL. Called for each statement, after the steps that it seems to need have run. */
  check?(sql: string, ask: Asking, parameters: QueryParameters | undefined): Promise<void>;
  /** The meaning of a statement's error for the step. `isDone` says whether the step had run when the statement began. */
  diagnose(error: string, isDone: boolean): Diagnosis | undefined;
  /**
   * Called for a conflict. Makes sure that nothing of the statement `sql` was committed, if its error leaves that open. Throws if it was committed,
   * or if that cannot be found out.
   */
  settleCommit?(connection: DuckDBConnection, error: string, sql: string): Promise<void>;
  /** The typed error for an error that the step knows more about than its text says; `sql` is the failed statement. */
  explain?(error: string, sql: string): DuckDbError | undefined;
  /**
   * Runs one attempt at a statement, with what the step does around it. Called only after the step has run. `noteCommit` is told when a commit begins
   * and ends; undefined if the statement still runs when the attempt has settled.
   */
  around?<T>(lease: ConnectionLease, statement: Statement, attempt: () => Promise<T>, noteCommit: NoteCommit | undefined): Promise<T>;
  /** The age in milliseconds that an answer from the remote file at `url` may have. Undefined if the step does not say. */
  maxStalenessMsOf?(url: string): number | undefined;
  /** Whether the result of `run` is out of date for a statement such as `sql`, or for any statement without `sql`. Called for each statement. */
  isStale(sql?: string): boolean;
  /** Sets up what does not need the network, as soon as httpfs is loaded on demand. */
  prepare?(connection: DuckDBConnection): Promise<void>;
  /** Sets the step up on a separate connection. If it throws, it is tried again at the next need. */
  run(connection: DuckDBConnection, context: StepContext): Promise<void>;
  /** Sets the step up again if it is stale, or if a statement failed although the step had run. */
  renew(connection: DuckDBConnection, context: StepContext): Promise<void>;
}
