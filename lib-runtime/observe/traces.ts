/** What every message of a tracing channel tells. */
export interface Trace {
  /** Known from the end on. */
  milliseconds?: number;
  /** What it failed with, if it did. */
  error?: unknown;
}

/** An instance is opened, loaded and locked. */
export interface CreateTrace extends Trace {
  /** Its file, or `:memory:`. */
  readonly path: string;
}

/** An extension is loaded. */
export interface LoadTrace extends Trace {
  readonly extension: string;
}

/** A bootstrap step is performed. */
export interface BootstrapTrace extends Trace {
  readonly step: string;
}

/** A call of a cursor runs SQL, from the call to its answer: waiting, bootstrap steps and all. */
export interface QueryTrace extends Trace {
  /** The first word of the SQL, in upper case, such as `SELECT`. */
  readonly operation: string;
  /** The SQL, where the environment variable `DUCKDB_LAMBDA_TRACE_SQL` is `true`. Values of parameters are never shown. */
  readonly sql?: string;
  /** The directory that its DuckDB instance spills to. */
  readonly tempDirectory: string;
  /** How many rows the result has; of a stream, how many were read. */
  rows?: number;
  /** The most bytes that DuckDB had on disk meanwhile, as far as was seen; known where metrics are on. */
  spillBytes?: number;
}

/** What is told on each tracing channel, by the channel's name after `cdk-duckdb-lambda:`. */
export interface Traces {
  readonly create: CreateTrace;
  readonly load: LoadTrace;
  readonly bootstrap: BootstrapTrace;
  readonly query: QueryTrace;
}
