import type { DuckDBConnection } from '@duckdb/node-api';
import type { Diagnosis } from './step';
import type { QueryParameters } from '../values/parameters';

/** The `config` that the construct's step returned from `bind`. */
export type BootstrapStepSettings = Readonly<Record<string, any>>;

/** The context of a registered step while it runs. */
export interface BootstrapContext {
  /** The step's name. */
  readonly name: string;
  /** DuckDB's error that made the step run. Undefined if nothing has failed. */
  readonly error: string | undefined;
  /** Reads a secret. `reference` is the value that `SecretSource.bind` returned to the construct's step. Values are cached for 5 minutes. */
  secret(reference: unknown): Promise<string>;
  /** Runs SQL on the step's connection. If the SQL needs a step that was declared before this one, that step runs first. */
  execute(sql: string, parameters?: QueryParameters): Promise<void>;
}

/** Describes a registered type of bootstrap step. Only `run` is required. */
export interface BootstrapStepType {
  /** Whether the step runs when DuckDB is opened, because it does not need the network. @default false */
  readonly runsImmediately?: boolean;
  /** Names of the DuckDB secrets that `run` creates. If SQL drops one of them, the step runs again. @default - none */
  readonly secrets?: readonly string[];
  /**
   * Sets up what the step provides, when a query first needs it. `config` is what the construct's step returned from `bind`.
   *
   * If it throws, the query that needed the step fails, and the next query tries again.
   */
  run(connection: DuckDBConnection, config: BootstrapStepSettings, context: BootstrapContext): Promise<void>;
  /** Sets up again what is out of date, if `diagnose` or `isStale` requires it. @default - `run` */
  renew?(connection: DuckDBConnection, config: BootstrapStepSettings, context: BootstrapContext): Promise<void>;
  /**
   * Says what DuckDB's error for a query means for the step. `isDone` says whether the step had run when the query began.
   *
   * - `missing`: the query lacks something that the step sets up, and nothing of the query was executed. The step runs, and the query runs again.
   * - `refused`: a server refused what the step set up, such as a token. The step is renewed. The query runs again if it is a SELECT outside a
   *   transaction; otherwise it fails with a retryable `BOOTSTRAP` error.
   * - `conflict`: another writer was first, and nothing of the query was committed. Outside a transaction, the query runs again if it is one statement,
   *   after a pause and up to twenty times. The step does not run.
   * - `transient`: a SELECT outside a transaction runs once more. The step does not run.
   * - `undefined`: the error does not concern the step.
   *
   * @default - `missing` for a binding error that names a catalog of the step
   */
  diagnose?(error: string, config: BootstrapStepSettings, isDone: boolean): Diagnosis | undefined;
  /** Whether the result of `run`, such as a token, has expired. It is called before each query, so it must be quick. @default - never */
  isStale?(config: BootstrapStepSettings): boolean;
}

/** Creates the step for one DuckDB instance, so that it can keep state for that instance, such as when a token expires. */
export type BootstrapStepFactory = (step: { readonly name: string; readonly config: BootstrapStepSettings }) => BootstrapStepType;
