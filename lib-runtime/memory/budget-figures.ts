/** What the instances of the process share, and who has it. */
export interface BudgetFigures {
  /** For all instances of the process together. */
  readonly memoryBytes: number;
  /** Held by sessions and DuckDBs. */
  readonly reservedBytes: number;
  /** How many sessions and DuckDBs hold it. */
  readonly shares: number;
  /** How many calls wait for a share. */
  readonly waiting: number;
}
