import { setImmediate } from 'node:timers/promises';
import type { DuckDBMaterializedResult, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { loadApi } from './client';
import { ConfigError, ResultLimitError } from './errors';
import { type Convert, jsConverter } from './js-values';

/** The form in which rows are handed out: see `QueryOptions.rows`. */
export type RowFormat = 'js' | 'json' | 'duckdb';

/** A column of a result. */
export interface Column {
  /** Its name; a repeated one has a suffix (`a`, `a:1`), as its key in the rows. */
  readonly name: string;
  /** DuckDB's name for its type, such as `DECIMAL(18,3)`. */
  readonly type: string;
}

/** The most that a result may hold. */
export interface RowLimits {
  readonly maxRows: number | undefined;
  readonly maxBytes: number;
}

/** Conversion is synchronous; after this long other work of the process gets its turn. */
const YIELD_AFTER_MS = 20;

/** The columns of a result, as its rows' keys. */
export function readColumns(result: DuckDBMaterializedResult): Column[] {
  const types = result.columnTypes();
  return columnKeys(result).map((name, index) => ({ name, type: String(types[index]) }));
}

/** A result's rows in the form asked for. Throws `RESULT_LIMIT` beyond a limit, `OUT_OF_RANGE` for what JavaScript cannot hold. */
export async function readRows(result: DuckDBMaterializedResult, format: RowFormat, limits: RowLimits): Promise<Record<string, unknown>[]> {
  checkRowCount(result.rowCount, limits.maxRows);
  const types = result.columnTypes();
  const names = columnKeys(result);
  const converters = names.map((name, index) => converter(format, types[index]!, name));
  const rows: Record<string, unknown>[] = [];
  let bytes = 0;
  let lastYield = performance.now();
  for (let index = 0; index < result.chunkCount; index++) {
    const chunk = result.getChunk(index);
    const vectors = names.map((_, column) => chunk.getColumnVector(column));
    const { rowCount } = chunk;
    for (let row = 0; row < rowCount; row++) {
      const object: Record<string, unknown> = {};
      for (let column = 0; column < names.length; column++) {
        const value = converters[column]!(vectors[column]!.getItem(row) as DuckDBValue);
        setKey(object, names[column]!, value);
        bytes += sizeOf(value);
      }
      rows.push(object);
    }
    checkBytes(bytes, rows.length, limits.maxBytes);
    if (performance.now() - lastYield > YIELD_AFTER_MS) {
      await setImmediate();
      lastYield = performance.now();
    }
  }
  return rows;
}

/** A name for each column. The client's own suffix (`a:1`) may be another column's name, and one of the two would be lost. */
function columnKeys(result: DuckDBMaterializedResult): string[] {
  const keys = new Set<string>();
  for (const name of result.deduplicatedColumnNames()) {
    let key = name;
    for (let suffix = 1; keys.has(key); suffix++) key = `${name}:${suffix}`;
    keys.add(key);
  }
  return [...keys];
}

/** Sets an own key, also one that is called `__proto__`. */
function setKey(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

function converter(format: RowFormat, type: DuckDBType, column: string): Convert {
  if (format === 'duckdb') return (value) => value;
  if (format === 'js') return jsConverter(type, column);
  if (format !== 'json') throw new ConfigError(`rows is ${JSON.stringify(format)}, expected "js", "json" or "duckdb"`);
  const { JsonDuckDBValueConverter: json } = loadApi();
  return (value) => json(value, type, json);
}

function checkRowCount(rows: number, maxRows: number | undefined): void {
  if (maxRows !== undefined && rows > maxRows) {
    throw new ResultLimitError(`the result has ${rows} rows, more than maxRows ${maxRows}: add a LIMIT, aggregate in SQL, or raise maxRows`);
  }
}

function checkBytes(bytes: number, rows: number, maxBytes: number): void {
  if (bytes > maxBytes) {
    throw new ResultLimitError(`the result is larger than maxBytes ${maxBytes} after ${rows} rows: select less, aggregate in SQL, ` +
      'COPY it to a file, or raise maxBytes (by default it is a quarter of the function\'s memory)');
  }
}

/** About what a value takes in memory: a byte a character, eight for all that has no length. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  let size = 8;
  for (const part of Array.isArray(value) ? value : Object.values(value)) size += sizeOf(part);
  return size;
}
