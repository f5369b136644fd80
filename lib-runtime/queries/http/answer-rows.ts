import { createReadStream, statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Headers, HttpResponse } from './http-response';
import type { HttpFormat } from './negotiation';
import { HttpProblem } from './problem';
import { rowForm, rowLines, type TextFormat, wholeText } from './row-text';
import { StreamError } from '../../base/errors';
import { writeLines } from '../../output/write-lines';
import { carriedColumns } from '../../values/carried-columns';
import type { Column } from '../../values/column';
import { InlineRows } from '../inline-rows';
import { copyStatement, source } from '../result-copy';
import type { RunningQuery } from '../running-query';

/** The most JSON of rows that are in memory at once. Compressed, as CSV or as base64 it may still fit into an answer of Lambda. */
const MAX_ROWS_BYTES = 16 * 1024 * 1024;

/** The columns of answers that this process has seen, by the names of queries. */
export const seenColumns = new Map<string, readonly Column[]>();

/** Sends the rows of a query. */
export async function answerRows(running: RunningQuery, format: HttpFormat, headers: Headers, response: HttpResponse): Promise<void> {
  const answer = new RowsAnswer(running, headers, response);
  return format === 'parquet' ? answer.asParquet() : answer.asText(format);
}

class RowsAnswer {
  constructor(private readonly running: RunningQuery, private readonly headers: Headers, private readonly response: HttpResponse) {}

  async asText(format: TextFormat): Promise<void> {
    const { query, statements } = this.running;
    const mayStream = this.response.streams && statements.reads;
    // What is known of remote files helps only answers that are read at once.
    if (!mayStream || query.cacheSeconds !== undefined) {
      if (await this.atOnce(format)) return;
      if (!mayStream) throw this.response.tooLarge(this.headers);
    }
    return this.inBatches(format);
  }

  /** Sends the rows at once. Returns false if they are too many. */
  private async atOnce(format: TextFormat): Promise<boolean> {
    const rows = new InlineRows(MAX_ROWS_BYTES);
    if (!await this.running.read(rows, MAX_ROWS_BYTES, rowForm(format))) return false;
    this.haveSeen(rows.columns!);
    await this.response.sendResult(this.headers, wholeText(format, rows));
    return true;
  }

  private async inBatches(format: TextFormat): Promise<void> {
    const { running, response } = this;
    const { cursor, query, statements: { last, statement } } = running;
    // A stream occupies the cursor, which this check needs too.
    if (query.columns.length > 0) await this.columns();
    const batches = cursor.stream<object>(`FROM ${source(statement)}`, last.parameters, { rows: rowForm(format) })[Symbol.asyncIterator]();
    try {
      // An error before the first rows is still an answer of its own.
      const first = await batches.next();
      this.haveSeen(carriedColumns(batches)!);
      await response.stream(this.headers, true, (reader) => (
        writeLines(afterFirst(first, batches), rowLines(format, batches), reader)
      ));
    } catch (error) {
      // DuckDB's client loses the reason. The query tells it when it runs at once, or succeeds this time.
      if (response.hasBegun || !(error instanceof StreamError)) throw error;
      if (!await this.atOnce(format)) throw error;
    } finally {
      await batches.return?.();
    }
  }

  /** DuckDB writes Parquet only to files. */
  async asParquet(): Promise<void> {
    const { cursor, statements: { last, statement, reads } } = this.running;
    if (!reads) throw new HttpProblem(406, 'the statement may write, so its rows cannot be Parquet: ask for JSON, NDJSON or CSV');
    const columns = await this.columns();
    const directory = await mkdtemp(join(tmpdir(), 'duckdb-http-'));
    try {
      const file = join(directory, 'data.parquet');
      await cursor.query(copyStatement(statement, { columns, types: [] }, 'parquet', file), last.parameters, { maxBytes: Infinity });
      await this.sendFile(file);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  private async sendFile(file: string): Promise<void> {
    const { size } = statSync(file);
    if (size <= MAX_ROWS_BYTES) return this.response.sendResult(this.headers, await readFile(file));
    if (!this.response.streams) throw this.response.tooLarge(this.headers, size);
    return this.response.stream(this.headers, false, async (reader) => {
      for await (const chunk of createReadStream(file)) await reader.take(chunk);
      await reader.finish();
    });
  }

  /** The columns of the last statement, without its rows. Throws if they are not those that the file declares. */
  private async columns(): Promise<readonly Column[]> {
    const { cursor, statements: { last, statement } } = this.running;
    const { columns } = await cursor.queryResult(`FROM ${source(statement)} LIMIT 0`, last.parameters);
    await this.running.checkColumns(columns);
    this.haveSeen(columns);
    return columns;
  }

  private haveSeen(columns: readonly Column[]): void {
    seenColumns.set(this.running.query.name, columns);
  }
}

async function* afterFirst<T>(first: IteratorResult<T>, others: AsyncIterator<T>): AsyncGenerator<T, void, undefined> {
  for (let each = first; !each.done; each = await others.next()) yield each.value;
}
