import type { DuckDBConnection } from '@duckdb/node-api';
import type { Diagnosis } from './step';
import type { QueryParameters } from '../values/parameters';

/** What the construct's step returned as `config` from `bind`. */
export type BootstrapStepSettings = Readonly<Record<string, any>>;

/** What a step of your own gets while it runs. */
export interface BootstrapContext {
  /** The step's name. */
  readonly name: string;
  /** The error, as DuckDB words it, that the step runs because of. Undefined where nothing has failed. */
  readonly error: string | undefined;
  /** Reads a secret. `reference` is what `SecretSource.bind` returned to the construct's step. Values are cached for 5 minutes. */
  secret(reference: unknown): Promise<string>;
  /** Runs SQL on the step's connection. If the SQL needs a step that was declared before this one, that step runs first. */
  execute(sql: string, parameters?: QueryParameters): Promise<void>;
}

/** How a type of bootstrap step of your own works. Only `run` is required. */
export interface BootstrapStepType {
  /** Whether the step needs no network, and so runs when DuckDB is opened. @default false */
  readonly runsImmediately?: boolean;
  /** Names of the DuckDB secrets that `run` makes. If somebody drops one, the step runs again. @default - none */
  readonly secrets?: readonly string[];
  /**
   * Sets up what the step provides, when a query first needs it. `config` is what the construct's step returned from `bind`.
   *
   * If it throws, the query that needed the step fails, and the next query tries again.
   */
  run(connection: DuckDBConnection, config: BootstrapStepSettings, context: BootstrapContext): Promise<void>;
  /** Sets it up again, once `diagnose` or `isStale` has said that it must be. @default - `run` */
  renew?(connection: DuckDBConnection, config: BootstrapStepSettings, context: BootstrapContext): Promise<void>;
  /**
   * Says what DuckDB's error of a query means for the step. `isDone` says whether the step had run when the query began.
   *
   * - `missing`: the query lacks something that the step sets up, and nothing of the query was executed. The step runs, and the query runs again.
   * - `refused`: a server refused what the step set up, such as a token. The step is renewed. The query runs again if it is a SELECT outside
   *   of a transaction; otherwise it fails with `BOOTSTRAP`, and can be tried again.
   * - `transient`: a SELECT outside of a transaction runs once more. The step does not run.
   * - `undefined`: the error is of no concern to the step.
   *
   * @default - `missing` for a binding error that names a catalog which the step provides
   */
  diagnose?(error: string, config: BootstrapStepSettings, isDone: boolean): Diagnosis | undefined;
  /** Whether what `run` set up has ended, such as a token. It is asked before each query, so it must be quick. @default - never */
  isStale?(config: BootstrapStepSettings): boolean;
}

/** Makes the step for one DuckDB instance, so that it can keep what it knows of that instance, such as when a token ends. */
export type BootstrapStepFactory = (step: { readonly name: string; readonly config: BootstrapStepSettings }) => BootstrapStepType;
