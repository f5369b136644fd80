import type { DuckDBConnection } from '@duckdb/node-api';
import { ConfigError } from '../../base/errors';

const OPTIMIZER = 'statistics_propagation';

const LOCKED = 'the configuration is locked (lock_configuration), and an earlier snapshot of a lake would be read with the statistics of the latest one, which loses rows: ' +
  `add disabled_optimizers: '${OPTIMIZER}' to the function's settings`;

/**
 * Keeps DuckDB from concluding anything from statistics. DuckLake has those of the latest snapshot only, and gives them for earlier ones, too: a filter
 * for a value that has been deleted since then finds nothing, and count(column) counts NULLs (https://github.com/duckdb/ducklake/issues/1377).
 */
export async function ignoreStatistics(connection: DuckDBConnection): Promise<void> {
  const result = await connection.run("SELECT current_setting('disabled_optimizers'), current_setting('lock_configuration')");
  const [[disabled, isLocked] = []] = await result.getRows();
  if (String(disabled).includes(OPTIMIZER)) return;
  if (isLocked === true) throw new ConfigError(LOCKED);
  await connection.run(`SET GLOBAL disabled_optimizers = concat_ws(',', nullif(current_setting('disabled_optimizers'), ''), '${OPTIMIZER}')`);
}
