import { setImmediate } from 'node:timers/promises';
import type { DuckDBDataChunk, DuckDBMaterializedResult, DuckDBResult, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { carryColumns } from './carried-columns';
import { keptType, keptVector, losesFields, setKey } from './kept-names';
import type { Convert } from './nested-values';
import { columnConverter, type RowFormat } from './row-forms';
import { typeName } from './type-name';
import { ResultLimitError } from '../base/errors';
import { HeapGuard } from '../memory/heap-guard';

export type { RowFormat } from './row-forms';

/** A row by its columns' names. */
export type Row = Record<string, unknown>;

/** A column of a result. */
export interface Column {
  /** Its name; a repeated one has a suffix (`a`, `a:1`), as its key in the rows. */
  readonly name: string;
  /** Its type as SQL says it, such as `DECIMAL(18,3)` or `JSON[]`. */
  readonly type: string;
}

/** The most that a result may hold. */
export interface RowLimits {
  readonly maxRows: number | undefined;
  readonly maxBytes: number;
}

/** Conversion is synchronous; after this long other work of the process gets its turn. */
const YIELD_AFTER_MS = 20;
/** A look at the heap takes microseconds, a chunk of 2,048 rows a millisecond. */
const CHUNKS_PER_LOOK = 4;

/** The columns of a result, as its rows' keys. */
export function readColumns(result: DuckDBMaterializedResult): Column[] {
  const types = result.columnTypes();
  return columnKeys(result).map((name, index) => ({ name, type: typeName(types[index]!) }));
}

/** A result's rows in the form asked for. Throws `RESULT_LIMIT` beyond a limit, `OUT_OF_RANGE` for what JavaScript cannot hold. */
export async function readRows(result: DuckDBMaterializedResult, format: RowFormat, limits: RowLimits): Promise<Row[]> {
  checkRowCount(result.rowCount, limits.maxRows);
  const reader = new RowReader(result, format, limits);
  const rows: Row[] = [];
  const heap = new HeapGuard();
  let lastYield = performance.now();
  for (let index = 0; index < result.chunkCount; index++) {
    reader.read(result.getChunk(index), rows);
    if (index % CHUNKS_PER_LOOK === CHUNKS_PER_LOOK - 1) heap.look(rows.length);
    if (performance.now() - lastYield > YIELD_AFTER_MS) {
      await setImmediate();
      lastYield = performance.now();
    }
  }
  return rows;
}

/** Reads a result chunk by chunk. */
export class RowReader {
  /** How many rows were read. */
  rowCount = 0;
  private bytes = 0;
  /** The names of the columns, in their order. */
  readonly names: readonly string[];
  private readonly converters: readonly Convert[];
  /** The types of those columns whose values the client would not read completely. */
  private readonly keptTypes: ReadonlyArray<DuckDBType | undefined>;

  constructor(result: DuckDBResult, format: RowFormat, private readonly limits: RowLimits) {
    const types = result.columnTypes();
    this.names = columnKeys(result);
    this.keptTypes = types.map((type) => (losesFields(type) ? keptType(type) : undefined));
    this.converters = this.names.map((name, index) => columnConverter(format, this.keptTypes[index] ?? types[index]!, name));
  }

  /** The rows of `chunk`, which know the order of their columns. Throws as `read`. */
  batch(chunk: DuckDBDataChunk): Row[] {
    const rows: Row[] = [];
    this.read(chunk, rows);
    carryColumns(rows, this.names);
    return rows;
  }

  /** Adds the rows of `chunk` to `rows`. Throws `RESULT_LIMIT` once all chunks together are beyond a limit, `OUT_OF_RANGE` as above. */
  read(chunk: DuckDBDataChunk, rows: Row[]): void {
    const { names, converters, keptTypes } = this;
    const { rowCount } = chunk;
    this.rowCount += rowCount;
    checkRowCount(this.rowCount, this.limits.maxRows);
    const vectors = keptTypes.map((type, column) => (type ? keptVector(chunk, column, type) : chunk.getColumnVector(column)));
    for (let row = 0; row < rowCount; row++) {
      const object: Row = {};
      for (let column = 0; column < names.length; column++) {
        const value = converters[column]!(vectors[column]!.getItem(row) as DuckDBValue);
        setKey(object, names[column]!, value);
        this.bytes += sizeOf(value);
      }
      rows.push(object);
    }
    checkBytes(this.bytes, this.rowCount, this.limits.maxBytes);
  }
}

/** A name for each column. The client's own suffix (`a:1`) may be another column's name, and one of the two would be lost. */
function columnKeys(result: DuckDBResult): string[] {
  const keys = new Set<string>();
  for (const name of result.deduplicatedColumnNames()) {
    let key = name;
    for (let suffix = 1; keys.has(key); suffix++) key = `${name}:${suffix}`;
    keys.add(key);
  }
  return [...keys];
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
