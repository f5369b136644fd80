import type { DuckDBConnection } from '@duckdb/node-api';
import type { QueryParameters } from '../values/parameters';

/** What a step may call while it runs. */
export interface StepContext {
  /** Runs SQL on the step's connection. It may need what the steps declared before this one provide: they then run first. */
  execute(sql: string, parameters?: QueryParameters): Promise<void>;
  /** Loads an extension that the instance may lack. Throws `EXTENSION` where it cannot. */
  ensureExtension(name: string): Promise<void>;
}

/** One declared bootstrap step, on one instance. */
export interface BootstrapStep {
  readonly name: string;
  /** Catalogs that are attached once it has run. */
  readonly provides: readonly string[];
  /** Whether it can run at once, with nothing fetched over the network: then it does, at the instance's creation. */
  readonly immediate: boolean;
  /** DuckDB's settings that it needs: made at the instance's creation, before any lock of the configuration. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Names of the DuckDB secrets that are there once it has run. */
  readonly secrets?: readonly string[];
  /** Whether every statement needs it: it then runs before the first, and its failure is that statement's. */
  readonly required: boolean;
  /** Whether its catalogs know their schemas from before, and not those that are made since: `pg_clear_cache` makes them look again. */
  readonly remembersSchemas?: boolean;
  /** Whether it may leave a transaction open on its connection, by what else it runs there than `StepContext.execute`. */
  readonly mayBeginTransaction?: boolean;
  /** Whether it can run yet: the handler may still have to register what it runs. */
  readonly ready: boolean;
  /** A cheap look at the SQL for what raises no binding error. A hit is advice: the statement runs even if the step fails. */
  mayBeNeededBy(sql: string): boolean;
  /** Whether a statement that failed to bind lacks what this step gives. Nothing was executed, so it runs again after the step. */
  binds(error: string): boolean;
  /** Whether what `run` set up is out of date by now, for a statement such as `sql`. */
  isStale(sql: string): boolean;
  /**
   * Whether a statement failed because what `run` set up is refused by now: a password was changed, credentials have expired.
   *
   * Of a step that is not `done`: whether it failed for want of it.
   */
  isRefusedBy(error: string, done: boolean): boolean;
  /** Whether a statement may have failed as one of `secrets` was dropped; what is there is looked at then. */
  mayLackSecret?(error: string): boolean;
  /** Whether a statement failed for want of luck, as when its connection broke: the next run may not meet that. */
  isTransientFor(error: string): boolean;
  /** Sets up what needs no network, as soon as httpfs is loaded on demand. */
  prepare?(connection: DuckDBConnection): Promise<void>;
  /** Sets it up, on a connection of its own. Throws when it cannot; it is tried again at the next need. */
  run(connection: DuckDBConnection, context: StepContext): Promise<void>;
  /** Sets it up anew where it is stale or refused. Throws when it cannot. */
  renew(connection: DuckDBConnection, context: StepContext): Promise<void>;
}
