import { ConfigError } from './base/errors';
import { FORMAT, Options, TEXTS } from './base/options';
import { shown } from './base/shown';
import { Reader, type ResponseTarget } from './output/reader';
import { csvLines, jsonLines } from './output/row-lines';
import { writeLines } from './output/write-lines';

/** The stream to which a streaming handler of Lambda writes its answer: the part of a Node.js `Writable` that this package needs. */
export interface ResponseStreamLike {
  /** Whether the client has disconnected. */
  readonly destroyed?: boolean;
  /** Writes text. Returns `false` if the client has not yet read what was written before. */
  write(chunk: string): boolean;
  /** Ends the answer. */
  end(callback?: () => void): unknown;
  /** Calls `listener` at the next `drain`, `close` or `error`. */
  once(event: string, listener: (...args: any[]) => void): unknown;
  /** Removes a listener. */
  removeListener(event: string, listener: (...args: any[]) => void): unknown;
}

/** The options of `writeRows`. */
export interface WriteRowsOptions {
  /**
   * `'jsonl'`: one object per line. `'csv'`: RFC 4180 with a header; values that are not text or a number are written as JSON.
   *
   * In both, bytes are base64 text, a `Date` is ISO 8601 text, and NaN, Infinity and -Infinity are text, as DuckDB reads them. In CSV, NULL is an
   * empty field, or `""` if there is a single column, because many readers skip an empty line.
   *
   * @default 'jsonl'
   */
  readonly format?: 'jsonl' | 'csv';
  /**
   * The columns to write, in order. They are also the header of a CSV without rows. A column that the stream does not have is a `CONFIG` error.
   *
   * @default - the stream's columns, in the order of the query. For batches that you made yourself: in JSON lines, the keys of each row; in CSV, the
   * keys of the first row, and a row with another key is a `CONFIG` error
   */
  readonly columns?: readonly string[];
}

const WRITE_OPTIONS = new Options<WriteRowsOptions>('writeRows()', { format: FORMAT, columns: TEXTS });

/**
 * Writes the batches of a stream to Lambda's response stream, and ends the response. It reads the next batch when the client has read the previous
 * one.
 *
 * Use the row forms `'js'`, `'bigint'` or `'json'`. The value objects of DuckDB's client (`rows: 'duckdb'`) do not have useful JSON.
 *
 * If the query fails after rows were written, it is too late for an HTTP status. The last line reports the error instead:
 * `{"error":{"code":"STREAM"}}`, or `error: STREAM` in CSV. The error is thrown as well, so Lambda records it. Throws `CONFIG` for invalid options
 * and rows, and `ABORTED` if the client disconnects.
 *
 * @example
 * export const handler = awslambda.streamifyResponse(withDuckDB(async (_event, response) => {
 *   await cursor((c) => writeRows(c.stream('FROM orders'), response, { format: 'csv' }));
 * }));
 */
export async function writeRows(rows: AsyncIterable<readonly object[]>, response: ResponseStreamLike, options?: WriteRowsOptions): Promise<void> {
  const { format = 'jsonl', columns } = WRITE_OPTIONS.read(options);
  checkArguments(rows, response);
  // A stream's columns are known once it has begun.
  const batches = iteratorOf(rows);
  const lines = format === 'csv' ? csvLines(columns, batches) : jsonLines(columns, batches);
  const reader = new Reader(response as ResponseTarget);
  try {
    await writeLines(batches, lines, reader, checkBatch);
  } finally {
    reader.leave();
  }
}

function checkBatch(batch: unknown): void {
  if (!Array.isArray(batch)) throw notBatches(batch);
}

function checkArguments(rows: unknown, response: unknown): void {
  if (!hasOneOf(rows, [Symbol.asyncIterator, Symbol.iterator]) || typeof rows === 'string') throw notBatches(rows);
  if (['write', 'end', 'once', 'removeListener'].every((name) => hasOneOf(response, [name]))) return;
  throw new ConfigError(`the response of writeRows() is ${shown(response)}, expected Lambda's response stream, or another Writable`);
}

function hasOneOf(value: unknown, methods: readonly PropertyKey[]): boolean {
  try {
    return methods.some((method) => typeof (value as any)?.[method] === 'function');
  } catch {
    return false;
  }
}

/** The iterator of a list of batches, or of a stream. */
function iteratorOf(rows: AsyncIterable<readonly object[]>): AsyncIterator<readonly object[]> {
  if (hasOneOf(rows, [Symbol.asyncIterator])) return rows[Symbol.asyncIterator]();
  return (async function* () { yield* rows; })();
}

function notBatches(got: unknown): ConfigError {
  return new ConfigError(`writeRows() got ${shown(got)} as rows, expected batches of rows: pass c.stream(...), or [rows] for rows in memory`);
}
