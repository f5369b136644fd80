import { cursor } from 'cdk-duckdb-lambda/runtime';

/** Runs the statement from its environment. */
export const handler = () => cursor((c) => c.query(process.env.SQL!));
