import type { DuckDBConnection } from '@duckdb/node-api';
import type { AbortSignalLike } from '../base/abort';
import type { AsyncDisposableLike } from '../base/disposable';
import type { RowFormat } from '../base/row-format';
import type { QueryParameters } from '../values/parameters';
import type { Column } from '../values/rows';

/** How a call runs. */
export interface CallOptions {
  /** Rejects the call as soon as it aborts, without waiting for DuckDB. The cursor ends with it. @default - the cursor's signal */
  readonly signal?: AbortSignalLike;
}

/** How a call that runs SQL runs, and what it hands out. */
export interface QueryOptions extends CallOptions {
  /**
   * The form of the rows.
   *
   * - `'js'` survives `JSON.stringify`: integers of every width are numbers, DECIMAL, DATE, TIME, INTERVAL, UUID and BIT are text,
   *   timestamps `Date` (to the millisecond) and text where they are infinite, BLOB and GEOMETRY (its WKB) `Uint8Array`, of which
   *   `JSON.stringify` makes base64 text, JSON its text, LIST and ARRAY arrays, STRUCT an object, MAP an array of `{ key, value }`, UNION the
   *   value of its member, VARIANT what its own type becomes. NaN, Infinity and -0 are numbers, of which `JSON.stringify` makes null, null and 0.
   *   An integer beyond 2^53 is an `OUT_OF_RANGE` error, and a timestamp beyond what `Date` holds.
   * - `'json'` is the client's exact JSON form: integers of 64 bits and more, DECIMAL, dates and times are text, NaN and the infinities too
   *   (`'NaN'`, `'Infinity'`, `'-Infinity'`); -0 is a number; BLOB and GEOMETRY are text as SQL shows bytes (`\xAA`), INTERVAL
   *   `{ months, days, micros }`, UNION `{ tag, value }`.
   * - `'duckdb'` are the client's own value objects, and bigints. All but GEOMETRY can be parameters again. `JSON.stringify` throws for a bigint.
   *
   * A STRUCT whose fields have no names, as `row(1, 2)`, is an `OUT_OF_RANGE` error in each of them. Objects list keys that are whole numbers
   * first: the order of the query is that of `queryResult().columns`.
   *
   * @default 'js'
   */
  readonly rows?: RowFormat;
  /** The most rows that a result may have; more is a `RESULT_LIMIT` error. @default - no limit */
  readonly maxRows?: number;
  /**
   * The most bytes that a result's values may take: a byte a character, eight for a number; more is a `RESULT_LIMIT` error.
   *
   * @default - a quarter of the function's memory; no limit for a stream
   */
  readonly maxBytes?: number;
}

/** Which database a cursor is on, and what it may do. */
export interface CursorOptions {
  /** The logical database. @default 'default' */
  readonly database?: string;
  /** The bootstrap steps that its statements may trigger; `[]` is none. It hides nothing that others attached. @default - all declared steps */
  readonly bootstrap?: readonly string[];
  /** Ends the cursor, and rejects what runs on it, as soon as it aborts. @default - none */
  readonly signal?: AbortSignalLike;
}

/** A result with its columns. */
export interface QueryResult<Row> {
  readonly rows: Row[];
  readonly columns: Column[];
  /** Rows inserted, updated or deleted, over all statements. */
  readonly rowsChanged: number;
}

/**
 * A connection of its own on a DuckDB instance: transactions, temporary tables, variables and USE are its own; all else is the instance's.
 *
 * One query at a time: calls made together run in the order they were made. Every method throws `CLOSED` after the cursor's end.
 */
export interface Cursor extends AsyncDisposableLike {
  /**
   * Runs every statement of `sql` and returns the rows of the last.
   *
   * `params` are a list for `?` and `$1`, an object for `$name`, as they are at the call, bound by the statement's own types, exactly or not at
   * all: of arrays and objects for a JSON column or `$1::JSON`, their JSON. In a script they belong to the last statement. Throws `QUERY`,
   * `PARAMETER`, `RESULT_LIMIT`, `OUT_OF_RANGE`, `BOOTSTRAP`, `TIMEOUT` or `ABORTED`.
   */
  query<Row = Record<string, unknown>>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<Row[]>;
  /** Like `query`, for the one row or none. More than one is a `RESULT_LIMIT` error. */
  queryOne<Row = Record<string, unknown>>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<Row | undefined>;
  /** Like `query`, with the columns' names and types, in the order of the query, and the number of rows changed. */
  queryResult<Row = Record<string, unknown>>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<QueryResult<Row>>;
  /** Runs every statement of `sql` and returns how many rows they inserted, updated or deleted. */
  execute(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<{ rowsChanged: number }>;
  /**
   * Like `query`, for results of any size: the rows come in batches, at most 2,048 at a time and about 8 MB, and no more of them is in memory.
   *
   *     for await (const rows of c.stream<Order>('FROM orders')) await send(rows);
   *
   * It begins with the loop and ends with it, however the loop is left; until then everything else on the cursor is a `BUSY` error. To leave
   * it early ends the query at once; within a transaction the rest is read first. It is complete or it throws: `STREAM` when the query fails
   * after it has begun, for which DuckDB's client gives no reason, and whatever `query` throws.
   */
  stream<Row = Record<string, unknown>>(sql: string, params?: QueryParameters, options?: QueryOptions): AsyncIterable<Row[]>;
  /**
   * Runs `fn` in a transaction: committed when it returns, rolled back when it throws or a statement in it has failed, though its error was caught.
   *
   *     await c.transaction(async (t) => {
   *       await t.execute('UPDATE accounts SET balance = balance - 10 WHERE id = 1');
   *       await t.execute('UPDATE accounts SET balance = balance + 10 WHERE id = 2');
   *     });
   *
   * `fn` is given a cursor of its own. What else is asked of this one waits until the transaction has ended; inside `fn` that is a `BUSY` error,
   * as is a transaction within another one, or while one is open that SQL has begun. A stream that `fn` leaves open is ended. Where the
   * transaction can be neither committed nor rolled back, this cursor ends with it.
   */
  transaction<T>(fn: (transaction: Cursor) => Promise<T>, options?: CallOptions): Promise<T>;
  /** Lends the client's own connection (appenders, prepared statements); nothing else runs on the cursor meanwhile. */
  withConnection<T>(fn: (connection: DuckDBConnection) => Promise<T>, options?: CallOptions): Promise<T>;
  /** Runs the named bootstrap steps now, those that are not done yet. Throws `BOOTSTRAP`. */
  bootstrap(...names: string[]): Promise<void>;
  /** Interrupts what runs, and closes. Closing twice is fine. */
  close(): Promise<void>;
}
