import { cursor } from 'cdk-duckdb-lambda/runtime';

/**
 * Two roles: one writes and maintains the lake, and one reads it. The lake's tables are in a separate schema and belong to the writer. The reader may
 * only read the existing and future tables of this schema. READ_ONLY alone would not stop SQL from writing to the catalog.
 */
const ROLES = `
  DO $roles$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lake_writer') THEN CREATE ROLE lake_writer LOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lake_reader') THEN CREATE ROLE lake_reader LOGIN; END IF;
  END $roles$;
  GRANT rds_iam TO lake_writer, lake_reader;
  GRANT lake_writer TO CURRENT_USER;
  CREATE SCHEMA IF NOT EXISTS lake AUTHORIZATION lake_writer;
  GRANT USAGE ON SCHEMA lake TO lake_reader;
  GRANT SELECT ON ALL TABLES IN SCHEMA lake TO lake_reader;
  ALTER DEFAULT PRIVILEGES FOR ROLE lake_writer IN SCHEMA lake GRANT SELECT ON TABLES TO lake_reader;`;

/** Creates the roles. It may run again. */
export const handler = () => cursor((c) => c.execute('CALL postgres_execute(\'lakehouse\', $roles)', { roles: ROLES }));
