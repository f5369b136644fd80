import { cursor } from 'cdk-duckdb-lambda/runtime';

/** Runs the statement that its environment gives it. */
export const handler = () => cursor((c) => c.query(process.env.SQL!));
