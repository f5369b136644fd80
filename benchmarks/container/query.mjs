// Runs SETUP and then QUERY with this library.
import { cursor } from 'cdk-duckdb-lambda/runtime';
import { outcomeOf } from './query-outcome.mjs';

export const handler = () => cursor(async (c) => {
  await c.execute(process.env.SETUP);
  const { directory } = await c.queryOne("SELECT current_setting('temp_directory') AS directory");
  return outcomeOf((sql) => c.query(sql, undefined, { rows: 'json', maxBytes: Infinity }), directory);
});
