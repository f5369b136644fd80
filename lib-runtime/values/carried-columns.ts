import type { Column } from './column';

// A registered symbol, so that the ES module's copy of this package can read what the CommonJS copy has written.
const COLUMNS = Symbol.for('cdk-duckdb-lambda.columns.v2');

/** Attaches the columns to `rows`, a batch or a stream of batches, because a JavaScript object lists keys that are whole numbers first. */
export function carryColumns(rows: object, columns: readonly Column[]): void {
  // Not enumerable, so comparing, copying or printing the rows does not see it.
  Object.defineProperty(rows, COLUMNS, { value: columns, configurable: true });
}

/** The columns attached to `rows`, in their order. */
export function carriedColumns(rows: object): readonly Column[] | undefined {
  return (rows as { readonly [COLUMNS]?: readonly Column[] })[COLUMNS];
}
