import { WRITE_OPTIONS } from './check-options';
import { ConfigError, DuckDbError } from './errors';
import { shown } from './shown';

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
  /** `'jsonl'`: an object a line. `'csv'`: by RFC 4180, with a header; what is no text or number is written as JSON. @default 'jsonl' */
  readonly format?: 'jsonl' | 'csv';
  /** The columns of CSV, in order. @default - those of the first row; without rows, no header */
  readonly columns?: readonly string[];
}

/**
 * Writes the batches of a stream to Lambda's response stream and ends it; the next batch is read when the reader has taken the last.
 *
 *     export const handler = awslambda.streamifyResponse(withDuckDB(async (_event, response) => {
 *       await cursor((c) => writeRows(c.stream('FROM orders'), response, { format: 'csv' }));
 *     }));
 *
 * When the query fails after rows were written, the last line says so, as an HTTP status cannot any more: `{"error":{"code":"STREAM"}}`, in CSV
 * `error: STREAM`. The error is thrown on, which Lambda records as the function's.
 */
export async function writeRows(rows: AsyncIterable<readonly object[]>, response: ResponseStreamLike, options?: WriteRowsOptions): Promise<void> {
  const { format = 'jsonl', columns } = WRITE_OPTIONS.read(options);
  checkArguments(rows, response);
  const lines = format === 'csv' ? csv(columns) : JSON_LINES;
  const reader = new Reader(response);
  try {
    for await (const batch of rows) {
      if (!Array.isArray(batch)) throw notBatches(batch);
      if (batch.length > 0) await reader.take(lines.of(batch as readonly Row[]));
    }
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
  ofError(code: string): string;
}

const JSON_LINES: Lines = { of: (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''), ofError: (code) => `{"error":{"code":"${code}"}}\n` };

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

function notBatches(got: unknown): ConfigError {
  return new ConfigError(`writeRows() got ${shown(got)} for its rows, expected batches of them: pass c.stream(...), or [rows] for rows that are all there`);
}

function csv(given: readonly string[] | undefined): Lines {
  let columns: readonly string[] | undefined;
  return {
    of: (rows) => {
      const header = columns === undefined;
      const names = columns ??= given ?? Object.keys(rows[0]!);
      return [...header ? [names] : [], ...rows.map((row) => names.map((name) => row[name]))].map((values) => `${values.map(field).join(',')}\r\n`).join('');
    },
    ofError: (code) => `error: ${code}\r\n`,
  };
}

function field(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = typeof value === 'string' ? value : value instanceof Date ? value.toISOString() : JSON.stringify(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Who reads a response: takes what is written at its own pace, and may go away at any time, also while nothing is written. */
class Reader {
  private hasBegun = false;
  private readonly gone: Promise<never>;
  private isGone = false;
  private readonly listeners: Record<string, (error?: unknown) => void> = {};

  constructor(private readonly response: ResponseStreamLike) {
    this.gone = new Promise((_, reject) => {
      const leave = (error: unknown) => {
        this.isGone = true;
        reject(error);
      };
      this.listeners.error = leave;
      this.listeners.close = () => leave(new Error('the response was closed before it was written'));
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
