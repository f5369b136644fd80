import { cursor } from 'cdk-duckdb-lambda/runtime';

const ORDERS = `s3://${process.env.LAKE}/orders/orders.parquet`;

/** Writes orders to the lake and reads them again. */
export const handler = () => cursor(async (c) => {
  await c.execute(`COPY (SELECT * FROM (VALUES ('toys', 10.5), ('toys', 2.0), ('books', 7.25)) AS orders(category, amount)) TO '${ORDERS}'`);
  return c.query(`SELECT category, sum(amount) AS revenue FROM '${ORDERS}' GROUP BY category ORDER BY category`);
});
