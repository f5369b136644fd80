/** The memory that the instances of the process share, and its holders. */
export interface BudgetFigures {
  /** The memory of all instances of the process together. */
  readonly memoryBytes: number;
  /** The memory that sessions and DuckDBs hold. */
  readonly reservedBytes: number;
  /** The number of sessions and DuckDBs that hold memory. */
  readonly shares: number;
  /** The number of calls that wait for a share. */
  readonly waiting: number;
}
