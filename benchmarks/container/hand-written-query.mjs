// Does the same as the query benchmarks/queries/best-category.sql, as a handler written by hand with this library.
import { cursor, withDuckDB } from 'cdk-duckdb-lambda/runtime';

const SQL = `
SELECT month, category, count(*) AS orders, sum(amount) AS revenue
FROM read_parquet('s3://my-data-lake/orders/*/*.parquet', hive_partitioning = true, hive_types = {'month': VARCHAR})
WHERE month >= $first
GROUP BY month, category
QUALIFY row_number() OVER (PARTITION BY month ORDER BY revenue DESC) = 1
ORDER BY month
`;
const MOST_BYTES = 200 * 1024;

export const handler = withDuckDB(async (event) => {
  const { first = '2025-01', ...unknown } = event.params ?? {};
  if (Object.keys(unknown).length > 0) throw new Error(`unknown parameters: ${Object.keys(unknown).join(', ')}`);
  if (!/^\d{4}-\d\d$/.test(first)) throw new Error(`first is ${first}, expected a month as YYYY-MM`);
  const { columns, rows } = await cursor((c) => c.queryResult(SQL, { first }));
  const answer = { columns, rows, rowCount: rows.length };
  if (Buffer.byteLength(JSON.stringify(answer)) > MOST_BYTES) throw new Error('the answer is too large');
  return answer;
});
