/** The fields of every message of a tracing channel. */
export interface Trace {
  /** The duration, known at the end. */
  milliseconds?: number;
  /** The error, if it failed. Its message may quote values of parameters. */
  error?: unknown;
}

/** An instance is opened, loaded and locked. */
export interface CreateTrace extends Trace {
  /** Its file, or `:memory:`. */
  readonly path: string;
}

/** An extension is loaded. */
export interface LoadTrace extends Trace {
  /** The extension's name. */
  readonly extension: string;
}

/** A bootstrap step runs. */
export interface BootstrapTrace extends Trace {
  /** The step's name. */
  readonly step: string;
}

/** A call of a cursor runs SQL. It covers the time from the call to its answer, including waiting and bootstrap steps. */
export interface QueryTrace extends Trace {
  /** The first word of the SQL, in upper case, such as `SELECT`. */
  readonly operation: string;
  /** The SQL, if the environment variable `DUCKDB_LAMBDA_TRACE_SQL` is `true`. Values of parameters are never shown. */
  readonly sql?: string;
  /** The directory to which the query's DuckDB instance spills. */
  readonly tempDirectory: string;
  /** The number of rows in the result, or rows read from a stream. */
  rows?: number;
  /** The most bytes that DuckDB was seen to have on disk during the query. Known only if metrics are on. */
  spillBytes?: number;
}

/** The messages of each tracing channel, by the channel's name after `cdk-duckdb-lambda:`. */
export interface Traces {
  readonly create: CreateTrace;
  readonly load: LoadTrace;
  readonly bootstrap: BootstrapTrace;
  readonly query: QueryTrace;
}
