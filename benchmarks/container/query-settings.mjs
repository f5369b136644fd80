// Returns the settings of this library that a query's cost depends on.
import { cursor } from 'cdk-duckdb-lambda/runtime';

const SETTINGS = ['memory_limit', 'max_temp_directory_size', 'threads', 'temp_directory', 'httpfs_connection_caching', 'TimeZone'];

export const handler = () => cursor((c) => c.queryOne(`SELECT ${SETTINGS.map((name) => `current_setting('${name}')::VARCHAR AS ${name}`).join(', ')}`));
