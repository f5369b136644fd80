import type { DuckDBVector } from '@duckdb/node-api';
import { loadApi } from '../client/client';

/** What is smaller is converted, and looked at then. */
const LARGE_BYTES = 1024 * 1024;
/** What an item of a list takes at least. */
const ITEM_BYTES = 8;

/** What is used here of the client's readers of text, bytes and lists. Where one of them lacks it, its values are not known before. */
interface Reader {
  readonly itemCount: number;
  /** Of each text or bytes DuckDB's `string_t`, 16 bytes, the first four of them its length. */
  readonly dataView?: unknown;
  readonly validity?: { itemValid?(row: number): boolean };
  getEntryLength?(row: number): number;
  getItemVector?(row: number): unknown;
}

/** The bytes of those rows whose values are large, known before they are converted; undefined where there are none, as nearly always. */
export function largeRows(columns: readonly DuckDBVector[]): ReadonlyMap<number, number> | undefined {
  let rows: Map<number, number> | undefined;
  for (const column of columns as readonly unknown[] as readonly Reader[]) {
    const sizeOf = sizes(column);
    if (sizeOf === undefined) continue;
    for (let row = 0; row < column.itemCount; row++) {
      const size = sizeOf(row);
      // What stands in the place of a NULL is no length.
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
  // Other kinds have a view too, of as many bytes as they take themselves.
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
