import { cursor } from 'cdk-duckdb-lambda/runtime';

/**
 * A role that writes and maintains the lake, and one that reads it. The lake's tables belong to the writer, in a schema of their own. The reader may
 * read those that are there and those to come, and nothing else: READ_ONLY alone would not stop SQL from writing to the catalog.
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
  ALTER DEFAULT PRIVILEGES FOR ROLE lake_writer IN SCHEMA lake GRANT SELECT ON TABLES TO lake_reader;`;

/** Makes the roles. It may run again. */
export const handler = () => cursor((c) => c.execute('CALL postgres_execute(\'lakehouse\', $roles)', { roles: ROLES }));
