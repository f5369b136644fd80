import { processBudget } from './budget';
import type { BudgetFigures } from './budget-figures';
import { readConfig } from '../base/config';

/**
 * The memory that all DuckDB instances of this process share, in bytes, and how much of it sessions and DuckDBs currently hold.
 *
 * Throws `CONFIG` when the configuration cannot be read.
 *
 * @example
 * const { memoryBytes, reservedBytes } = memoryBudget();
 * console.log(`sessions hold ${reservedBytes} of ${memoryBytes} bytes`);
 */
export function memoryBudget(): BudgetFigures {
  return processBudget(process.env, readConfig(process.env).settings).figures;
}
