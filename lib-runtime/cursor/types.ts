import type { DuckDBConnection } from '@duckdb/node-api';
import type { AbortSignalLike } from '../base/abort';
import type { AsyncDisposableLike } from '../base/disposable';
import type { RowFormat } from '../base/row-format';
import type { Column } from '../values/column';
import type { QueryParameters } from '../values/parameters';

/** Options of a call. */
export interface CallOptions {
  /** Rejects the call as soon as it aborts, without waiting for DuckDB. The cursor ends with the call. @default - the cursor's signal */
  readonly signal?: AbortSignalLike;
}

/** Options of a call that runs SQL, and of its result. */
export interface QueryOptions extends CallOptions {
  /**
   * The form of the rows.
   *
   * - `'js'` survives `JSON.stringify`. Integers of every width are numbers. DECIMAL, DATE, TIME, INTERVAL, UUID and BIT are text. Timestamps are
   *   `Date` (to the millisecond), and text if they are infinite. BLOB and GEOMETRY (its WKB) are `Uint8Array`, which `JSON.stringify` turns into
   *   base64 text. JSON is its text, LIST and ARRAY are arrays, STRUCT is an object, MAP an array of `{ key, value }`, UNION the value of its
   *   member. VARIANT follows the value's own type. NaN, Infinity and -0 are numbers, which `JSON.stringify` turns into null, null and 0.
   *   An integer beyond 2^53 and a timestamp beyond the range of `Date` are `OUT_OF_RANGE` errors.
   * - `'bigint'` is like `'js'`, but an integer beyond 2^53 is a bigint. `writeRows` writes it as CSV, and as text into JSON.
   * - `'json'` is the client's exact JSON form: integers of 64 bits and more, DECIMAL, dates and times are text, and so are NaN and the infinities
   *   (`'NaN'`, `'Infinity'`, `'-Infinity'`); -0 is a number; BLOB and GEOMETRY are text as SQL shows bytes (`\xAA`), INTERVAL is
   *   `{ months, days, micros }`, UNION `{ tag, value }`.
   * - `'duckdb'` are the client's own value objects, and bigints. All but GEOMETRY can be parameters again. `JSON.stringify` throws for a bigint.
   *
   * A STRUCT whose fields do not have names, such as `row(1, 2)`, is an `OUT_OF_RANGE` error in every form. Objects list keys that are whole
   * numbers first: `queryResult().columns` has the order of the query.
   *
   * @default 'js'
   */
  readonly rows?: RowFormat;
  /** The maximum number of rows in a result. More rows are a `RESULT_LIMIT` error. @default - no limit */
  readonly maxRows?: number;
  /**
   * The maximum size of a result's values in bytes: one per character, eight per number. More bytes are a `RESULT_LIMIT` error.
   *
   * @default - a quarter of the function's memory; no limit for a stream
   */
  readonly maxBytes?: number;
  /**
   * How old the answer may be, in milliseconds, if the query reads remote files.
   *
   * During that time, a SELECT that runs again sends no request except the LIST of a glob, if memory still has what it read before. The answer is a
   * version of the files that was current at most `maxStalenessMs` ago. If DuckDB notices that a file has changed, the SELECT runs once more. With 0,
   * each query asks whether its files have changed. Streams, transactions, scripts, statements other than SELECT, and instances whose configuration
   * is locked always do so.
   *
   * @default - the cursor's
   */
  readonly maxStalenessMs?: number;
}

/** Options of a cursor: its database, and the steps that it may use. */
export interface CursorOptions {
  /** The logical database. @default 'default' */
  readonly database?: string;
  /**
   * The bootstrap steps that its statements may trigger; `[]` means none. Catalogs that others attached stay visible. @default - all declared steps
   */
  readonly bootstrap?: readonly string[];
  /** How old answers from remote files may be, in milliseconds: see `QueryOptions`. @default - the `maxStaleness` of the `S3Step` */
  readonly maxStalenessMs?: number;
  /** Ends the cursor and rejects its running call, as soon as it aborts. @default - none */
  readonly signal?: AbortSignalLike;
}

/** A result with its columns. */
export interface QueryResult<Row> {
  /** The rows, in the form that was asked for. */
  readonly rows: Row[];
  /** The columns, in the order of the query. */
  readonly columns: Column[];
  /** Rows inserted, updated or deleted, over all statements. */
  readonly rowsChanged: number;
}

/**
 * A separate connection to a DuckDB instance. Transactions, temporary tables, variables and USE belong to the cursor; everything else belongs to the
 * instance.
 *
 * A cursor runs one query at a time. Concurrent calls run in the order in which they were made. Every method throws `CLOSED` after the cursor's end.
 */
export interface Cursor extends AsyncDisposableLike {
  /**
   * Runs every statement of `sql` and returns the rows of the last.
   *
   * `params` is a list for `?` and `$1`, or an object for `$name`. The values are read at the call. They are bound as the statement's own types,
   * exactly or not at all. Arrays and objects for a JSON column or `$1::JSON` are bound as their JSON. In a script, the values of an object go
   * to every statement that names them, and a list belongs to the last statement. A name that is not in the script is an error before it runs.
   *
   * Throws `QUERY`, `PARAMETER`, `RESULT_LIMIT`, `OUT_OF_RANGE`, `BOOTSTRAP`, `TIMEOUT` or `ABORTED`.
   */
  query<Row = Record<string, unknown>>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<Row[]>;
  /** Like `query`, for one row or none. More than one row is a `RESULT_LIMIT` error. */
  queryOne<Row = Record<string, unknown>>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<Row | undefined>;
  /** Like `query`, with the columns' names and types in the order of the query, and the number of changed rows. */
  queryResult<Row = Record<string, unknown>>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<QueryResult<Row>>;
  /** Runs every statement of `sql` and returns how many rows they inserted, updated or deleted. */
  execute(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<{
    /** How many rows all statements inserted, updated or deleted. */
    rowsChanged: number;
  }>;
  /**
   * Like `query`, for results of any size. The rows come in batches of at most 2,048 rows and about 8 MB, and only one batch is in memory.
   *
   * The query begins and ends with the loop, however the loop is left. Until then, everything else on the cursor is a `BUSY` error. Leaving the loop
   * early ends the query at once, but within a transaction, the rest is read first. The result is complete, or the loop throws: `STREAM` if the query
   * fails after it has begun, for which DuckDB's client does not give a reason, or any error that `query` throws.
   *
   * @example
   * for await (const rows of c.stream<Order>('FROM orders')) await send(rows);
   */
  stream<Row = Record<string, unknown>>(sql: string, params?: QueryParameters, options?: QueryOptions): AsyncIterable<Row[]>;
  /**
   * Runs `fn` in a transaction. It is committed when `fn` returns. It is rolled back when `fn` throws or a statement in it has failed, even if `fn`
   * caught the error.
   *
   * `fn` gets a separate cursor. Other calls on this cursor wait until the transaction has ended. Inside `fn`, they are a `BUSY` error, and so is a
   * transaction within another one, or while a transaction is open that SQL has begun. A stream that `fn` leaves open is ended. If the transaction
   * can be neither committed nor rolled back, this cursor ends with it.
   *
   * @example
   * await c.transaction(async (t) => {
   *   await t.execute('UPDATE accounts SET balance = balance - 10 WHERE id = 1');
   *   await t.execute('UPDATE accounts SET balance = balance + 10 WHERE id = 2');
   * });
   */
  transaction<T>(fn: (transaction: Cursor) => Promise<T>, options?: CallOptions): Promise<T>;
  /** Gives `fn` the connection of DuckDB's client, for appenders and prepared statements. Nothing else runs on the cursor meanwhile. */
  withConnection<T>(fn: (connection: DuckDBConnection) => Promise<T>, options?: CallOptions): Promise<T>;
  /** Runs those of the named bootstrap steps that have not run yet. Throws `BOOTSTRAP`. */
  bootstrap(...names: string[]): Promise<void>;
  /** Interrupts the running call, and closes the cursor. Closing twice is allowed. */
  close(): Promise<void>;
}
