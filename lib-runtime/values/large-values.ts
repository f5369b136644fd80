import type { DuckDBVector } from '@duckdb/node-api';
import { loadApi } from '../client/client';

/** Smaller values are checked after their conversion. */
const LARGE_BYTES = 1024 * 1024;
/** The least size of a list's item. */
const ITEM_BYTES = 8;

/** The parts of the client's readers of text, bytes and lists that are used here. If a reader lacks them, its sizes are not known in advance. */
interface Reader {
  readonly itemCount: number;
  /** DuckDB's `string_t` of each text or bytes: 16 bytes, of which the first four are its length. */
  readonly dataView?: unknown;
  readonly validity?: { itemValid?(row: number): boolean };
  getEntryLength?(row: number): number;
  getItemVector?(row: number): unknown;
}

/** The sizes of rows with large values, known before their conversion; undefined if there are none, as nearly always. */
export function largeRows(columns: readonly DuckDBVector[]): ReadonlyMap<number, number> | undefined {
  let rows: Map<number, number> | undefined;
  for (const column of columns as readonly unknown[] as readonly Reader[]) {
    const sizeOf = sizes(column);
    if (sizeOf === undefined) continue;
    for (let row = 0; row < column.itemCount; row++) {
      const size = sizeOf(row);
      // The bytes of a NULL are not a length.
      if (size < LARGE_BYTES || isNull(column, row)) continue;
      rows ??= new Map();
      rows.set(row, (rows.get(row) ?? 0) + size);
    }
  }
  return rows;
}

function sizes(column: Reader): ((row: number) => number) | undefined {
  const { dataView } = column;
  if (typeof column.getEntryLength === 'function') return (row) => column.getEntryLength!(row) * ITEM_BYTES;
  // Other kinds also have a view, of exactly their own size.
  if (!hasStrings(column) || !(dataView instanceof DataView) || !column.validity?.itemValid) return undefined;
  return (row) => dataView.getUint32(row * 16, true);
}

function hasStrings(column: Reader): boolean {
  const { DuckDBBlobVector, DuckDBVarCharVector } = loadApi();
  return column instanceof DuckDBVarCharVector || column instanceof DuckDBBlobVector;
}

function isNull(column: Reader, row: number): boolean {
  return column.getItemVector ? column.getItemVector(row) === null : !column.validity!.itemValid!(row);
}
