import { AbortedError, ConfigError, DuckDbError, messageOf } from './base/errors';
import { FORMAT, Options, TEXTS } from './base/options';
import { shown } from './base/shown';
import { base64 } from './values/bytes';
import { carriedColumns } from './values/carried-columns';

/** What a streaming handler of Lambda writes its answer to; a Node.js `Writable`, as far as this package needs it. */
export interface ResponseStreamLike {
  readonly destroyed?: boolean;
  write(chunk: string): boolean;
  end(callback?: () => void): unknown;
  once(event: string, listener: (...args: any[]) => void): unknown;
  removeListener(event: string, listener: (...args: any[]) => void): unknown;
}

/** How rows are written. */
export interface WriteRowsOptions {
  /**
   * `'jsonl'`: an object a line. `'csv'`: by RFC 4180, with a header; what is not text or a number is written as JSON.
   *
   * In both, bytes are base64 text, a `Date` is ISO 8601 text, and NaN, Infinity and -Infinity are text, as DuckDB reads them. NULL is nothing in
   * CSV, but `""` in one of a single column: many readers skip an empty line.
   *
   * @default 'jsonl'
   */
  readonly format?: 'jsonl' | 'csv';
  /**
   * The columns that are written, in order; the header of CSV also where there are no rows. One that a stream does not have is a `CONFIG` error.
   *
   * @default - the stream's own, in the order of the query; for batches that you have made yourself, the keys of each row, in CSV those of the
   * first one: there, a row with another key is a `CONFIG` error
   */
  readonly columns?: readonly string[];
}

const WRITE_OPTIONS = new Options<WriteRowsOptions>('writeRows()', { format: FORMAT, columns: TEXTS });

/**
 * Writes the batches of a stream to Lambda's response stream and ends it; the next batch is read when the reader has taken the last.
 *
 *     export const handler = awslambda.streamifyResponse(withDuckDB(async (_event, response) => {
 *       await cursor((c) => writeRows(c.stream('FROM orders'), response, { format: 'csv' }));
 *     }));
 *
 * Rows are of the forms `'js'` and `'json'`: the client's value objects (`rows: 'duckdb'`) say nothing as JSON.
 *
 * When the query fails after rows were written, the last line says so, as an HTTP status cannot any more: `{"error":{"code":"STREAM"}}`, in CSV
 * `error: STREAM`. The error is thrown on, which Lambda records as the function's. Throws `CONFIG` for options and rows that are none, and
 * `ABORTED` when the reader goes away.
 */
export async function writeRows(rows: AsyncIterable<readonly object[]>, response: ResponseStreamLike, options?: WriteRowsOptions): Promise<void> {
  const { format = 'jsonl', columns } = WRITE_OPTIONS.read(options);
  checkArguments(rows, response);
  // A stream's columns are known to what reads it, once it has begun.
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
    // The error's text is for the log: it may tell of the SQL.
    reader.tell(lines.ofError(error instanceof DuckDbError ? error.code : 'HANDLER'));
    throw error;
  } finally {
    reader.leave();
  }
}

type Row = Readonly<Record<string, unknown>>;

interface Lines {
  of(rows: readonly Row[]): string;
  /** What is to be written still when all rows are: a header that none of them has brought. */
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

/** That of a list of batches, as of a stream. */
function iteratorOf(rows: AsyncIterable<readonly object[]>): AsyncIterator<readonly object[]> {
  if (hasOneOf(rows, [Symbol.asyncIterator])) return rows[Symbol.asyncIterator]();
  return (async function* () { yield* rows; })();
}

function notBatches(got: unknown): ConfigError {
  return new ConfigError(`writeRows() got ${shown(got)} for its rows, expected batches of them: pass c.stream(...), or [rows] for rows that are all there`);
}

function jsonLines(columns: readonly string[] | undefined, stream: object): Lines {
  let isChecked = columns === undefined;
  const check = (rows: object) => {
    const carried = carriedColumns(rows);
    if (!isChecked && carried) checkColumns(columns!, carried);
    isChecked = true;
  };
  const toLine = columns ? (row: Row) => only(columns, row) : json;
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

/** The JSON of some fields of a row, in their order: an object has its own order for keys that are whole numbers. */
function only(columns: readonly string[], row: Row): string {
  const fields = columns.map((name) => [JSON.stringify(name), json(row[name])]).filter(([, value]) => value !== undefined);
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
      const first = columns === undefined ? header(carriedColumns(rows), Object.keys(rows[0]!)) : '';
      return first + rows.map(toLine).join('');
    },
    ofNone: () => (columns === undefined ? header(carriedColumns(stream)) : ''),
    ofError: (code) => `error: ${code}\r\n`,
  };
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
    // Without its sign, zero would be another number.
    case 'number': return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint': return String(value);
    default: break;
  }
  if (value instanceof Date) return value.toISOString();
  return value instanceof Uint8Array ? base64(value) : json(value) ?? '';
}

/** As `JSON.stringify`, which makes null of NaN and of the infinities, and throws for a bigint: here they are text. */
function json(value: unknown): string | undefined {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  // A function that looks at each value makes it several times slower, so it does so only where it may have something to do.
  return text === undefined || text.includes('null') ? JSON.stringify(value, speltOut) : text;
}

function speltOut(_: string, value: unknown): unknown {
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? String(value) : value;
}

/** Who reads a response: takes what is written at its own pace, and may go away at any time, also while nothing is written. */
class Reader {
  private hasBegun = false;
  private readonly gone: Promise<never>;
  private isGone = false;
  private readonly listeners: Record<string, (error?: unknown) => void> = {};

  constructor(private readonly response: ResponseStreamLike) {
    this.gone = new Promise((_, reject) => {
      const leave = (message: string, cause?: unknown) => {
        this.isGone = true;
        reject(new AbortedError(`${message}: its reader has gone, or something else has ended it`, { cause }));
      };
      this.listeners.error = (error) => leave(`the response failed before it was written (${messageOf(error)})`, error);
      this.listeners.close = () => leave('the response was closed before it was written');
    });
    this.gone.catch(() => undefined);
    for (const [name, listener] of Object.entries(this.listeners)) response.once(name, listener);
    if (response.destroyed) this.listeners.close!();
  }

  /** Writes `text`, and waits until more may be written. Throws when the reader has gone. */
  async take(text: string): Promise<void> {
    if (this.isGone) await this.gone;
    this.hasBegun = true;
    if (!this.response.write(text)) await this.until('drain');
  }

  /** Ends the response, and waits until all of it was taken. Throws when the reader has gone. */
  async finish(): Promise<void> {
    if (this.isGone) await this.gone;
    await this.until('finish', () => this.response.end());
  }

  /** Writes `text` to a reader that has got something already. */
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
