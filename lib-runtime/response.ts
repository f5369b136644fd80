import { ConfigError, DuckDbError } from './errors';

/** What a streaming handler of Lambda writes its answer to; a Node.js `Writable`, as far as this package needs it. */
export interface ResponseStreamLike {
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
export async function writeRows(rows: AsyncIterable<readonly object[]>, response: ResponseStreamLike, options: WriteRowsOptions = {}): Promise<void> {
  const lines = linesIn(options.format ?? 'jsonl', options.columns);
  const sent = { begun: false, broken: false };
  const write = async (text: string) => {
    sent.begun = true;
    if (!response.write(text)) await until(response, 'drain').catch((error) => { sent.broken = true; throw error; });
  };
  try {
    for await (const batch of rows) await write(lines.of(batch as readonly Row[]));
  } catch (error) {
    // The error's text is for the log: it may tell of the SQL.
    if (sent.begun && !sent.broken) response.write(lines.ofError(error instanceof DuckDbError ? error.code : 'HANDLER'));
    throw error;
  }
  await until(response, 'finish', () => response.end());
}

type Row = Readonly<Record<string, unknown>>;

interface Lines {
  of(rows: readonly Row[]): string;
  ofError(code: string): string;
}

function linesIn(format: string, columns: readonly string[] | undefined): Lines {
  if (format === 'jsonl') return { of: (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''), ofError: (code) => `{"error":{"code":"${code}"}}\n` };
  if (format === 'csv') return csv(columns);
  throw new ConfigError(`format is ${JSON.stringify(format)}, expected "jsonl" or "csv"`);
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

/** Waits for `event`. Throws when the stream breaks, as it does when its reader has gone. */
function until(response: ResponseStreamLike, event: string, begin?: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const listeners: Record<string, (error?: unknown) => void> = {
      [event]: () => settle(resolve),
      error: (error) => settle(() => reject(error)),
      close: () => settle(() => reject(new Error('the response was closed before it was written'))),
    };
    const settle = (outcome: () => void) => {
      for (const [name, listener] of Object.entries(listeners)) response.removeListener(name, listener);
      outcome();
    };
    for (const [name, listener] of Object.entries(listeners)) response.once(name, listener);
    begin?.();
  });
}
