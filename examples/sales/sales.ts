import { cursor } from 'cdk-duckdb-lambda/runtime';

interface Sales {
  readonly month: string;
  readonly category: string;
  readonly orders: number;
  readonly revenue: string;
}

/** The best-selling category of each month. */
export const handler = () => cursor((c) => c.query<Sales>(`
  SELECT month, category, count(*) AS orders, sum(amount) AS revenue
  FROM read_parquet('s3://${process.env.LAKE}/orders/*/*.parquet', hive_partitioning = true, hive_types = {'month': VARCHAR})
  GROUP BY month, category
  QUALIFY row_number() OVER (PARTITION BY month ORDER BY revenue DESC) = 1
  ORDER BY month
`));
