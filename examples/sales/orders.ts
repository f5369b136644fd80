import { mkdirSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';

/**
 * Three million orders of the year 2025 as Parquet, one folder per month.
 *
 * Each value is a hash of the order's number, so every run writes the same rows. Sales grow over the year, toys sell in
 * December, and some customers buy far more than others.
 */
const ORDERS = `
  WITH dice AS (
    SELECT i AS order_id, hash(i, 1) % 365 AS a, hash(i, 2) % 365 AS b, hash(i, 3) % 1000 AS c, hash(i, 4) % 1000 AS d,
      hash(i, 5) % 1000 AS e, hash(i, 6) % 86400 AS second
    FROM range(3000000) t(i)
  ), dated AS (
    SELECT *, TIMESTAMP '2025-01-01' + to_days(greatest(a, b // 2)::INTEGER) + to_seconds(second::INTEGER) AS ordered_at FROM dice
  )
  SELECT order_id, ordered_at, (c * c * 120) // 1000 + d % 100 AS customer_id,
    CASE
      WHEN month(ordered_at) = 12 AND e < 400 THEN 'toys'
      ELSE ['books', 'garden', 'kitchen', 'music', 'sports', 'toys'][1 + ((e + 90 * abs(month(ordered_at) - 6)) // 250)::INTEGER % 6]
    END AS category,
    (5 + (d * d) / 4000 + e / 100)::DECIMAL(10, 2) AS amount,
    strftime(ordered_at, '%Y-%m') AS month
  FROM dated
  ORDER BY ordered_at, order_id`;

/** Writes `orders/month=…/*.parquet` into a bucket's directory. */
export async function writeOrders(bucket: string): Promise<void> {
  mkdirSync(bucket, { recursive: true });
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  // One file per month, whatever the number of cores, so that the bytes are the same everywhere.
  await connection.run('SET threads = 1');
  await connection.run(`COPY (${ORDERS}) TO '${bucket}/orders' (FORMAT parquet, PARTITION_BY (month), COMPRESSION zstd)`);
  connection.closeSync();
  instance.closeSync();
}
