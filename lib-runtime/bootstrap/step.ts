import type { DuckDBConnection } from '@duckdb/node-api';
import type { QueryParameters } from '../values/parameters';

/**
 * What a step makes of the error of a statement:
 *
 * - `missing`: DuckDB could not bind the statement, because something that the step sets up is not there. Nothing was executed.
 * - `refused`: a server refused what the step set up, or what the step has yet to set up, such as a password or credentials.
 * - `transient`: the same statement may succeed when it runs again, as after a lost connection.
 *
 * `repeat.ts` says what follows from each.
 */
export type Diagnosis = 'missing' | 'refused' | 'transient';

/** What a step may call while it runs. */
export interface StepContext {
  /** The error that the step runs because of. Undefined where nothing has failed yet. */
  readonly error: string | undefined;
  /** Runs SQL on the step's connection. If the SQL needs a step that was declared before this one, that step runs first. */
  execute(sql: string, parameters?: QueryParameters): Promise<void>;
  /** Loads an extension that the instance may lack. Throws `EXTENSION` where it cannot. */
  ensureExtension(name: string): Promise<void>;
}

/** One declared bootstrap step, on one instance. */
export interface BootstrapStep {
  readonly name: string;
  /** Catalogs that are attached once it has run. */
  readonly provides: readonly string[];
  /** Whether it runs when the instance is created, because it needs no network. */
  readonly runsImmediately: boolean;
  /** Names of the DuckDB secrets that exist once it has run. */
  readonly secrets?: readonly string[];
  /** URLs or patterns of Parquet files whose footers are read in the init phase, once it has run there. */
  readonly prefetch?: readonly string[];
  /** Whether every statement needs it: it then runs before the first statement, which fails if the step fails. */
  readonly required: boolean;
  /** Whether it may leave a transaction open on its connection without `StepContext.execute`. */
  readonly mayBeginTransaction?: boolean;
  /** Whether it can run yet. The handler may still have to register its type. */
  readonly ready: boolean;
  /** Whether the SQL may need it without a binding error that says so. Called for each statement. The statement runs even if the step then fails. */
  mayBeNeededBy(sql: string): boolean;
  /** What the error of a statement means. `isDone` says whether the step had run when the statement began. */
  diagnose(error: string, isDone: boolean): Diagnosis | undefined;
  /** How old an answer from the remote file at `url` may be, in milliseconds; undefined where the step does not say. */
  maxStalenessMsOf?(url: string): number | undefined;
  /** Whether what `run` set up is out of date for a statement such as `sql`. Called for each statement. */
  isStale(sql: string): boolean;
  /** Sets up what needs no network, as soon as httpfs is loaded on demand. */
  prepare?(connection: DuckDBConnection): Promise<void>;
  /** Sets it up on a connection of its own. It is tried again at the next need if it throws. */
  run(connection: DuckDBConnection, context: StepContext): Promise<void>;
  /** Sets it up again where it is stale, or where a statement was diagnosed though the step had run. */
  renew(connection: DuckDBConnection, context: StepContext): Promise<void>;
}
