// Registered, so that the ES module's copy of this package knows what the CommonJS one has written.
const COLUMNS = Symbol.for('cdk-duckdb-lambda.columns.v1');

/** Lets `rows`, a batch or a stream of batches, carry its columns: an object lists keys that are whole numbers first, wherever they stood. */
export function carryColumns(rows: object, columns: readonly string[]): void {
  // Not enumerable: to who compares, copies or prints the rows it is not there.
  Object.defineProperty(rows, COLUMNS, { value: columns, configurable: true });
}

/** The columns that `rows` carries, in their order. */
export function carriedColumns(rows: object): readonly string[] | undefined {
  return (rows as { readonly [COLUMNS]?: readonly string[] })[COLUMNS];
}
