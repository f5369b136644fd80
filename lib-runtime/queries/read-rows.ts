import type { InlineRows } from './inline-rows';
import type { QueryFile } from './query-file';
import { ResultLimitError, StreamError } from '../base/errors';
import type { RowFormat } from '../base/row-format';
import type { Cursor } from '../cursor/types';
import { carriedColumns } from '../values/carried-columns';
import type { QueryParameters } from '../values/parameters';

/** A statement whose rows are read. It only reads, and is one to which a LIMIT can be added. */
export interface Reading {
  readonly cursor: Cursor;
  readonly sql: string;
  readonly parameters: QueryParameters | undefined;
  /** The form of the rows. */
  readonly form: RowFormat;
  readonly maxInlineBytes: number;
}

/** Most answers have fewer rows. They are in memory at once, so they must be few. */
const FEW_ROWS = 1_000;
/** The smallest row with its comma: `{"a":1},`. */
const LEAST_ROW_BYTES = 8;
/** The values of a row take at most this many times their JSON as `maxBytes` counts them: each item of a list 8, and its JSON `1,` has 2 bytes. */
const VALUE_BYTES_PER_JSON_BYTE = 8;

/** The queries that have had more rows in this process. */
const withManyRows = new Set<string>();

/**
 * Reads rows until they are too many. Returns whether all of them fit.
 *
 * A stream bounds memory, whatever a row holds. But it is prepared, which lists the files of a glob twice, and cannot use what is known of remote
 * files. So a query that needs no preparing first runs with a LIMIT. If it has more rows, it is streamed, and from then on at once.
 */
export async function readRows(reading: Reading, { name, cacheSeconds }: QueryFile, rows: InlineRows): Promise<boolean> {
  try {
    if (cacheSeconds !== undefined) return await readAll(reading, rows, cacheSeconds);
    if (reading.parameters === undefined && !withManyRows.has(name)) {
      const areAll = await readFew(reading, rows);
      if (areAll || !rows.fits) return areAll && rows.fits;
      withManyRows.add(name);
      rows.clear();
    }
    return await readStream(reading, rows);
  } catch (error) {
    if (error instanceof ResultLimitError) return false;
    throw error;
  }
}

/** Reads the first rows. Returns whether there are no others. */
async function readFew(reading: Reading, rows: InlineRows): Promise<boolean> {
  const { cursor, sql, parameters } = reading;
  const result = await cursor.queryResult<object>(`${sql} LIMIT ${FEW_ROWS + 1}`, parameters, { rows: reading.form, maxBytes: maxBytes(reading) });
  rows.addResult(result);
  return result.rows.length <= FEW_ROWS;
}

/** Reads as many rows as can fit. */
async function readAll(reading: Reading, rows: InlineRows, cacheSeconds?: number): Promise<boolean> {
  const { cursor, sql, parameters, maxInlineBytes } = reading;
  const limit = Math.ceil(maxInlineBytes / LEAST_ROW_BYTES) + 1;
  const maxStalenessMs = cacheSeconds === undefined ? undefined : cacheSeconds * 1000;
  return rows.addResult(await cursor.queryResult(`${sql} LIMIT ${limit}`, parameters, { rows: reading.form, maxBytes: maxBytes(reading), maxStalenessMs }));
}

/** Reads the rows in batches, and ends the query as soon as they are too many. */
async function readStream(reading: Reading, rows: InlineRows): Promise<boolean> {
  const { cursor, sql, parameters } = reading;
  const batches = cursor.stream<object>(sql, parameters, { rows: reading.form, maxBytes: maxBytes(reading) })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await batches.next();
      rows.columns ??= carriedColumns(batches);
      if (done) return rows.fits;
      if (!rows.add(value)) return false;
    }
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
  } finally {
    await batches.return?.();
  }
  // DuckDB's client loses the reason why a stream failed. The query tells it when it runs at once, or succeeds this time.
  rows.clear();
  return readAll(reading, rows);
}

function maxBytes({ maxInlineBytes }: Reading): number {
  return maxInlineBytes * VALUE_BYTES_PER_JSON_BYTE;
}
