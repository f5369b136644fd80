// Returns the milliseconds of each LOAD that the runtime makes, by the extension's name.
import { DuckDBConnection } from '@duckdb/node-api';

const loads = {};
const { run } = DuckDBConnection.prototype;
DuckDBConnection.prototype.run = async function (sql, ...rest) {
  const started = performance.now();
  const result = await run.call(this, sql, ...rest);
  const [, extension] = /^LOAD '.*\/(\w+)\.duckdb_extension'$/.exec(sql) ?? [];
  if (extension) loads[extension] = performance.now() - started;
  return result;
};

// Not before the line above: the runtime opens its instance when it is imported.
const { cursor } = await import('cdk-duckdb-lambda/runtime');

export async function handler() {
  await cursor((c) => c.query('SELECT 1'));
  return loads;
}
