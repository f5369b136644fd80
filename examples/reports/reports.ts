import { cursor } from 'cdk-duckdb-lambda/runtime';

interface Report {
  readonly country: string;
  readonly revenue: string;
  readonly target: string;
}

/** Revenue and plan of each country: files, PostgreSQL and MotherDuck in one query. */
export const handler = () => cursor((c) => c.query<Report>(`
  SELECT users.country, sum(orders.amount) AS revenue, any_value(targets.revenue) AS target
  FROM read_parquet('s3://${process.env.LAKE}/orders/*/*.parquet') AS orders
  JOIN pg_replica.users ON users.id = orders.customer_id
  JOIN planning.targets USING (country)
  GROUP BY users.country
  ORDER BY users.country
`));
