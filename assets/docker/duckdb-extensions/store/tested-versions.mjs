import { readFileSync } from 'node:fs';

/** The versions that this package is tested with, and the names of their extensions and settings. */
export const TESTED = JSON.parse(readFileSync(new URL('../../versions.json', import.meta.url), 'utf8'));

/** For errors about extensions that a version of DuckDB lacks: the client that has all of them, unless it has this version. */
export function testedInstead(version) {
  return version === TESTED.duckdb ? '' : `; cdk-duckdb-lambda is tested with @duckdb/node-api ${TESTED.client} (DuckDB ${TESTED.duckdb})`;
}
