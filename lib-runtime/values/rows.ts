import { setImmediate } from 'node:timers/promises';
import type { DuckDBDataChunk, DuckDBMaterializedResult, DuckDBResult, DuckDBType, DuckDBValue, DuckDBVector } from '@duckdb/node-api';
import { carryColumns } from './carried-columns';
import type { Column } from './column';
import { keptType, keptVector, losesFields, newVector, setKey } from './kept-names';
import { largeRows } from './large-values';
import type { Convert } from './nested-values';
import { columnConverter } from './row-forms';
import { typeName } from './type-name';
import { DuckDbError, messageOf, OutOfRangeError, ResultLimitError } from '../base/errors';
import type { RowFormat } from '../base/row-format';
import { HeapGuard } from '../memory/heap-guard';


/** A row by its columns' names. */
export type Row = Record<string, unknown>;

/** The most that a result may hold. */
export interface RowLimits {
  readonly maxRows: number | undefined;
  readonly maxBytes: number;
}

/** Conversion is synchronous. After this time, other work of the process gets its turn. */
const YIELD_AFTER_MS = 20;
/** A memory check takes microseconds, a chunk of 2,048 rows a millisecond. */
const CHUNKS_PER_LOOK = 4;
/** The items of lists take several times their size while they are converted. */
const BYTES_PER_LOOK = 2 * 1024 * 1024;
/** A batch of a stream ends after this many bytes. */
const BATCH_BYTES = 8 * 1024 * 1024;
/** Of one of JavaScript's, in UTF-8. */
const MOST_BYTES_OF_A_CHARACTER = 3;

/** The columns of a result, with the keys of its rows. */
export function readColumns(result: DuckDBMaterializedResult): Column[] {
  return columnsOf(columnKeys(result), result.columnTypes());
}

function columnsOf(names: readonly string[], types: readonly DuckDBType[]): Column[] {
  return names.map((name, index) => ({ name, type: typeName(types[index]!) }));
}

/** A result's rows in the requested form. Throws `RESULT_LIMIT` beyond a limit, `OUT_OF_RANGE` for a value that JavaScript cannot hold. */
export async function readRows(result: DuckDBMaterializedResult, format: RowFormat, limits: RowLimits): Promise<Row[]> {
  checkRowCount(result.rowCount, limits.maxRows);
  const reader = new RowReader(result, format, limits);
  const rows: Row[] = [];
  let lastYield = performance.now();
  for (let index = 0; index < result.chunkCount; index++) {
    const chunk = result.getChunk(index);
    for (let row: number | undefined = 0; row !== undefined;) {
      row = reader.read(chunk, rows, row);
      if (performance.now() - lastYield > YIELD_AFTER_MS) {
        await setImmediate();
        lastYield = performance.now();
      }
    }
    if (index % CHUNKS_PER_LOOK === CHUNKS_PER_LOOK - 1) reader.look();
  }
  return rows;
}

/** Reads a result chunk by chunk. */
export class RowReader {
  /** How many rows were read. */
  rowCount = 0;
  private bytes = 0;
  private nextLook: number;
  private readonly memory = new HeapGuard();
  private readonly types: readonly DuckDBType[];
  private columnsRead: readonly Column[] | undefined;
  private readonly names: readonly string[];
  private readonly converters: readonly Convert[];
  /** The types of the columns that the client would not read completely. */
  private readonly keptTypes: ReadonlyArray<DuckDBType | undefined>;

  constructor(result: DuckDBResult, format: RowFormat, private readonly limits: RowLimits) {
    this.types = result.columnTypes();
    this.names = columnKeys(result);
    this.keptTypes = this.types.map((type) => (losesFields(type) ? keptType(type) : undefined));
    this.converters = this.names.map((name, index) => columnConverter(format, this.keptTypes[index] ?? this.types[index]!, name));
    this.nextLook = Math.min(limits.maxBytes, BYTES_PER_LOOK);
  }

  /** The columns, in their order. */
  get columns(): readonly Column[] {
    return this.columnsRead ??= columnsOf(this.names, this.types);
  }

  /** The rows of `chunk` from `first` on, up to the size of a batch, with the order of their columns. Returns and throws like `read`. */
  batch(chunk: DuckDBDataChunk, first: number): [rows: Row[], next: number | undefined] {
    const rows: Row[] = [];
    const next = this.read(chunk, rows, first);
    carryColumns(rows, this.columns);
    // V8 does not know about this memory, and would keep it for long. No returned value refers to it.
    if (first > 0 && next === undefined) chunk.reset();
    return [rows, next];
  }

  /**
   * Adds the rows of `chunk` from `first` on to `rows`, up to the size of a batch. Returns the next row to read; undefined after the last.
   *
   * Throws `RESULT_LIMIT` once the rows read exceed a limit or the memory, `OUT_OF_RANGE` as above.
   */
  read(chunk: DuckDBDataChunk, rows: Row[], first = 0): number | undefined {
    const { names, converters } = this;
    const { rowCount } = chunk;
    checkRowCount(this.rowCount + rowCount - first, this.limits.maxRows);
    let vectors = this.vectors(chunk);
    const large = largeRows(vectors);
    const end = this.bytes + BATCH_BYTES;
    let column = 0;
    try {
      for (let row = first; row < rowCount;) {
        if (large?.has(row)) this.lookAhead(large.get(row)!);
        const object: Row = {};
        for (column = 0; column < names.length; column++) {
          const value = converters[column]!(vectors[column]!.getItem(row) as DuckDBValue);
          setKey(object, names[column]!, value);
          this.bytes += sizeOf(value);
        }
        rows.push(object);
        row += 1;
        this.rowCount += 1;
        if (this.bytes > this.nextLook) {
          vectors = this.vectors(chunk);
          this.look();
        }
        if (this.bytes > end && row < rowCount) return row;
      }
    } catch (error) {
      throw error instanceof DuckDbError ? error : unreadable(names[column]!, error);
    }
    return undefined;
  }

  /** New columns each time, because the client keeps each value that it has read, in addition to the converted values. */
  private vectors(chunk: DuckDBDataChunk): DuckDBVector[] {
    return this.keptTypes.map((type, column) => (type ? keptVector(chunk, column, type) : newVector(chunk, column)));
  }

  /** Throws `RESULT_LIMIT` if the rows read exceed `maxBytes`, or memory is about to run out because of them. */
  look(): void {
    checkBytes(this.bytes, this.rowCount, this.limits.maxBytes);
    this.memory.look(this.rowCount);
    this.nextLook = Math.min(this.limits.maxBytes, this.bytes + BYTES_PER_LOOK);
  }

  /** Like `look`, before a row with large values of `bytes` bytes is converted. */
  private lookAhead(bytes: number): void {
    checkBytes(this.bytes + Math.floor(bytes / MOST_BYTES_OF_A_CHARACTER), this.rowCount, this.limits.maxBytes);
    this.memory.look(this.rowCount, bytes);
  }
}

/** A unique name for each column. The client's own suffix (`a:1`) may be another column's name, and one of the two would be lost. */
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

function unreadable(column: string, cause: unknown): OutOfRangeError {
  const isTooLong = (cause as { code?: string } | undefined)?.code === 'ERR_STRING_TOO_LONG';
  const fix = isTooLong ? 'select a part of it, as substring() does, or COPY it to a file' : 'cast it in SQL, or leave it out';
  return new OutOfRangeError(`column "${column}" holds a value that cannot be read (${messageOf(cause)}): ${fix}`, { cause });
}

/** The approximate size of a value in memory: a byte per character, eight for a value without a length. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  let size = 8;
  for (const part of Array.isArray(value) ? value : Object.values(value)) size += sizeOf(part);
  return size;
}
