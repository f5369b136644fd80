import { LAKE } from './servers';

/** What a query needs beside DuckDB itself. */
export type StepName = 's3' | 'postgres' | 'ducklake';

/** A statement, and what must be set up for it. */
export interface Workload {
  readonly name: string;
  readonly steps: readonly StepName[];
  readonly sql: string;
}

const ORDERS = `'s3://${LAKE}/orders/month=2025-12/*.parquet'`;

export const SELECT_1: Workload = { name: 'SELECT 1', steps: [], sql: 'SELECT 1 AS one' };
export const S3_COUNT: Workload = { name: 'S3 count', steps: ['s3'], sql: `SELECT count(*) AS orders FROM ${ORDERS}` };
export const LOOKUP: Workload = {
  name: 'Postgres lookup', steps: ['postgres'], sql: 'SELECT name, category FROM pg_replica.public.users WHERE id = 4711',
};
export const BOTH: Workload = {
  name: 'both',
  steps: ['s3', 'postgres'],
  sql: `SELECT category, count(*) AS orders, sum(amount)::DOUBLE >= any_value(revenue) AS reached
    FROM ${ORDERS} JOIN pg_replica.public.targets USING (category) GROUP BY category ORDER BY category`,
};
export const LAKE_SCAN: Workload = {
  name: 'DuckLake scan', steps: ['s3', 'ducklake'], sql: "SELECT count(*) AS toys FROM ducklake.orders WHERE category = 'toys'",
};
/** The workload of a wrapper that attaches everything, whatever the query needs. */
export const BOOTSTRAP_ONLY: Workload = { name: 'default bootstrap, SELECT 1', steps: ['s3', 'postgres'], sql: SELECT_1.sql };

export const WORKLOADS: readonly Workload[] = [SELECT_1, S3_COUNT, LOOKUP, BOTH, LAKE_SCAN, BOOTSTRAP_ONLY];
