import { AbortedError, ConfigError, DuckDbError, messageOf } from './base/errors';
import { FORMAT, Options, TEXTS } from './base/options';
import { shown } from './base/shown';
import { base64 } from './values/bytes';
import { carriedColumns } from './values/carried-columns';
import { jsonText } from './values/json-text';

/** The stream to which a streaming handler of Lambda writes its answer: the part of a Node.js `Writable` that this package needs. */
export interface ResponseStreamLike {
  /** Whether the reader has left. */
  readonly destroyed?: boolean;
  /** Writes text. Answers `false` if the reader has not taken what was written before. */
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
 * Writes the batches of a stream to Lambda's response stream, and ends the response. Reads the next batch when the reader has taken the last.
 *
 * Use the row forms `'js'` and `'json'`. The client's value objects (`rows: 'duckdb'`) have no useful JSON.
 *
 * If the query fails after rows were written, it is too late for an HTTP status. The last line reports the error instead:
 * `{"error":{"code":"STREAM"}}`, or `error: STREAM` in CSV. The error is thrown as well, so Lambda records it. Throws `CONFIG` for invalid
 * options and rows, and `ABORTED` if the reader disconnects.
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
  const lines = format === 'csv' ? csv(columns, batches) : jsonLines(columns, batches);
  const reader = new Reader(response);
  try {
    for await (const batch of { [Symbol.asyncIterator]: () => batches }) {
      if (!Array.isArray(batch)) throw notBatches(batch);
      if (batch.length > 0) await reader.take(lines.of(batch as readonly Row[]));
    }
    const header = lines.ofNone();
    if (header !== '') await reader.take(header);
    await reader.finish();
  } catch (error) {
    // The error's text is only for the log: it may contain SQL.
    reader.tell(lines.ofError(error instanceof DuckDbError ? error.code : 'HANDLER'));
    throw error;
  } finally {
    reader.leave();
  }
}

type Row = Readonly<Record<string, unknown>>;

interface Lines {
  of(rows: readonly Row[]): string;
  /** What remains to be written after all rows: the header, if there were no rows. */
  ofNone(): string;
  ofError(code: string): string;
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

function jsonLines(columns: readonly string[] | undefined, stream: object): Lines {
  let isChecked = columns === undefined;
  const check = (rows: object) => {
    const carried = carriedNames(rows);
    if (!isChecked && carried) checkColumns(columns!, carried);
    isChecked = true;
  };
  const toLine = columns ? (row: Row) => only(columns, row) : jsonText;
  return {
    of: (rows) => {
      check(rows);
      return rows.map((row) => `${toLine(row)}\n`).join('');
    },
    ofNone: () => {
      check(stream);
      return '';
    },
    ofError: (code) => `{"error":{"code":"${code}"}}\n`,
  };
}

/** The JSON of some fields of a row, in their order. A JavaScript object would put keys that are whole numbers first. */
function only(columns: readonly string[], row: Row): string {
  const fields = columns.map((name) => [JSON.stringify(name), jsonText(row[name])]).filter(([, value]) => value !== undefined);
  return `{${fields.map(([name, value]) => `${name}:${value}`).join(',')}}`;
}

function csv(given: readonly string[] | undefined, stream: object): Lines {
  let columns: readonly string[] | undefined;
  // Many readers skip an empty line; DuckDB reads both as NULL.
  const line = (values: readonly unknown[]) => `${values.map(field).join(',') || '""'}\r\n`;
  const toLine = (row: Row) => {
    if (!given) checkKeys(row, columns!);
    return line(columns!.map((name) => row[name]));
  };
  const header = (carried: readonly string[] | undefined, keys?: readonly string[]) => {
    if (given && carried) checkColumns(given, carried);
    columns = given ?? carried ?? keys;
    return columns === undefined ? '' : line(columns);
  };
  return {
    of: (rows) => {
      const first = columns === undefined ? header(carriedNames(rows), Object.keys(rows[0]!)) : '';
      return first + rows.map(toLine).join('');
    },
    ofNone: () => (columns === undefined ? header(carriedNames(stream)) : ''),
    ofError: (code) => `error: ${code}\r\n`,
  };
}

function carriedNames(rows: object): readonly string[] | undefined {
  return carriedColumns(rows)?.map(({ name }) => name);
}

function checkColumns(given: readonly string[], own: readonly string[]): void {
  const unknown = given.find((name) => !own.includes(name));
  if (unknown === undefined) return;
  throw new ConfigError(`columns has ${JSON.stringify(unknown)}, which the query does not have: its columns are ${own.map((name) => JSON.stringify(name)).join(', ')}`);
}

function checkKeys(row: Row, columns: readonly string[]): void {
  for (const key of Object.keys(row)) {
    if (columns.includes(key)) continue;
    throw new ConfigError(`a row has the key ${JSON.stringify(key)}, which is not in the header of the CSV (${columns.map((name) => JSON.stringify(name)).join(', ')}): ` +
      'name all columns in the option columns');
  }
}

function field(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = plain(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function plain(value: unknown): string {
  switch (typeof value) {
    case 'string': return value;
    // Keeps the sign of -0, which would be lost as a number.
    case 'number': return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint': return String(value);
    default: break;
  }
  if (value instanceof Date) return value.toISOString();
  return value instanceof Uint8Array ? base64(value) : jsonText(value) ?? '';
}

/** The reader of a response. It reads at its own pace, and may disconnect at any time, even while nothing is written. */
class Reader {
  private hasBegun = false;
  private readonly gone: Promise<never>;
  private isGone = false;
  private readonly listeners: Record<string, (error?: unknown) => void> = {};

  constructor(private readonly response: ResponseStreamLike) {
    this.gone = new Promise((_, reject) => {
      const leave = (message: string, cause?: unknown) => {
        this.isGone = true;
        reject(new AbortedError(`${message}: its reader has disconnected, or something else has ended it`, { cause }));
      };
      this.listeners.error = (error) => leave(`the response failed before it was written (${messageOf(error)})`, error);
      this.listeners.close = () => leave('the response was closed before it was written');
    });
    this.gone.catch(() => undefined);
    for (const [name, listener] of Object.entries(this.listeners)) response.once(name, listener);
    if (response.destroyed) this.listeners.close!();
  }

  /** Writes `text`, and waits until more may be written. Throws if the reader has disconnected. */
  async take(text: string): Promise<void> {
    if (this.isGone) await this.gone;
    this.hasBegun = true;
    if (!this.response.write(text)) await this.until('drain');
  }

  /** Ends the response, and waits until all of it was taken. Throws if the reader has disconnected. */
  async finish(): Promise<void> {
    if (this.isGone) await this.gone;
    await this.until('finish', () => this.response.end());
  }

  /** Writes `text` to a reader that has already received something. */
  tell(text: string): void {
    if (this.hasBegun && !this.isGone) this.response.write(text);
  }

  leave(): void {
    for (const [name, listener] of Object.entries(this.listeners)) this.response.removeListener(name, listener);
  }

  private async until(event: string, begin?: () => void): Promise<void> {
    let onEvent!: () => void;
    const happened = new Promise<void>((resolve) => onEvent = resolve);
    this.response.once(event, onEvent);
    begin?.();
    await Promise.race([happened, this.gone]).finally(() => this.response.removeListener(event, onEvent));
  }
}
