import { cursor } from 'cdk-duckdb-lambda/runtime';

/** Asks PostgreSQL which user the function is. */
export const handler = () => cursor((c) => c.query(`
  SELECT * FROM postgres_query('pg_replica', 'SELECT current_database() AS "database", current_user AS "user", ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
`));
