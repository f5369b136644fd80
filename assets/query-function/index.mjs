// The handler of every DuckDbQueryFunction. The image has its queries beside it.
import { queryHandler } from 'cdk-duckdb-lambda/runtime';

export const handler = queryHandler({ queries: 'queries' });
