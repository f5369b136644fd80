import { DuckDbMapItems } from './duckdb-map-items';
import { DuckDbMapWorker } from './duckdb-map-worker';
import { DuckDbResultsLocation } from './duckdb-results-location';

/** How many items one worker gets. If both limits are given, a batch ends with the one that is reached first. */
export interface DuckDbMapBatch {
  /**
   * The most items of a batch.
   *
   * @default - as many as `maxBytes` allows
   */
  readonly maxItems?: number;

  /**
   * The most bytes of a batch's JSON, at most 262144. Each item counts with about 150 bytes that the map adds.
   *
   * @default - as Step Functions allows, 262144
   */
  readonly maxBytes?: number;
}

/** Properties of a `DuckDbMap`. */
export interface DuckDbMapProps {
  /** What the workers work on. */
  readonly items: DuckDbMapItems;

  /** What works on an item, or on a batch of items. Many run at the same time. */
  readonly worker: DuckDbMapWorker;

  /**
   * What runs once, after all workers, on what they have written.
   *
   * Its query declares the parameter `files`, as in `-- @param files VARCHAR[]`: the files of all workers of this run. Its answer is the result
   * of the map.
   *
   * @default - none: the result is `{ manifests }`, the URL that the manifests of this run begin with, which an event of a query takes as its
   * `manifests`
   */
  readonly reducer?: DuckDbMapWorker;

  /**
   * Where the workers write, and where Step Functions records what became of each of them.
   *
   * The folder must lie in the results of the worker's and of the reducer's function. Each run of the map has a folder of its own in it, named after
   * the execution of the state machine and an id.
   */
  readonly results: DuckDbResultsLocation;

  /**
   * The items of a batch.
   *
   * @default - each worker gets one item
   */
  readonly batch?: DuckDbMapBatch;

  /**
   * How many workers run at the same time, at most 10000.
   *
   * @default - the reserved concurrency of the worker's function, else 1000, which is what Lambda allows a new account
   */
  readonly maxConcurrency?: number;

  /**
   * The percentage of items whose workers may fail. If more fail, the map fails. A worker that Step Functions has given up on may still finish: if its
   * manifest exists when the reducer begins, its result counts.
   *
   * @default 0
   */
  readonly toleratedFailurePercentage?: number;

  /**
   * The number of items whose workers may fail. If more fail, the map fails. What failed counts as with `toleratedFailurePercentage`.
   *
   * @default 0
   */
  readonly toleratedFailureCount?: number;

  /**
   * A name for the runs of the map in ARNs, at most 40 characters.
   *
   * @default - Step Functions makes one
   */
  readonly label?: string;
}
