import { cursor, withDuckDB } from 'cdk-duckdb-lambda/runtime';

const TABLES = `
  CREATE TABLE IF NOT EXISTS lake.country_sales (day DATE, country VARCHAR, orders BIGINT, revenue DECIMAL(38, 2));
  CREATE TABLE IF NOT EXISTS lake.country_sales_runs (due TIMESTAMP);
  INSERT INTO lake.country_sales_runs SELECT NULL WHERE NOT EXISTS (FROM lake.country_sales_runs)`;

/** The three days before the night, because orders may come late. */
const DAYS = 'BETWEEN $due::DATE - 3 AND $due::DATE - 1';

/**
 * Computes three days anew, and replaces them in one transaction: readers see all of it or nothing, and a run that is repeated changes nothing.
 *
 * The event's time is that for which the run was due, however late it runs.
 */
export const handler = withDuckDB(({ time: due }: { readonly time: string }) => cursor(async (c) => {
  await c.execute(TABLES);
  return c.transaction(async (t) => {
    // All runs change this row. Of two at the same time, the second one fails, and Lambda runs it again.
    await t.execute('UPDATE lake.country_sales_runs SET due = $due', { due });
    await t.execute(`DELETE FROM lake.country_sales WHERE day ${DAYS}`, { due });
    const { rowsChanged } = await t.execute(`
      INSERT INTO lake.country_sales
      SELECT ordered_at::DATE AS day, coalesce(country, 'unknown') AS country, count(*) AS orders, sum(amount) AS revenue
      FROM 's3://${process.env.LAKE}/orders/*/*.parquet' LEFT JOIN pg_replica.users ON users.id = customer_id
      WHERE month BETWEEN strftime($due::DATE - 3, '%Y-%m') AND strftime($due::DATE - 1, '%Y-%m') AND ordered_at::DATE ${DAYS}
      GROUP BY ALL`, { due });
    return { rows: rowsChanged };
  });
}));
