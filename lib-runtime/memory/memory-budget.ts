import { processBudget } from './budget';
import { readConfig } from '../base/config';

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

/**
 * The memory that all DuckDB instances of this process share, in bytes, and how much of it sessions and DuckDBs hold just now.
 *
 * Throws `CONFIG` when the configuration cannot be read.
 */
export function memoryBudget(): BudgetFigures {
  return processBudget(process.env, readConfig(process.env).settings).figures;
}
