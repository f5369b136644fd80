import { S3Permissions } from '../bootstrap/s3/s3-access-options';
import { S3Step } from '../bootstrap/s3/s3-step';
import { expectObject, expectOptions, PropNames } from '../checks/expect';
import { expectFolders } from '../checks/folders';
import { DuckDbDatabase } from '../database';
import { DuckDbFunctionOptions } from '../duckdb-function-options';
import { DuckDbResultsLocation } from '../duckdb-results-location';

/** The step that gives access to the results. */
const STEP = 'results';

const LOCATION: PropNames<DuckDbResultsLocation> = { bucket: true, prefix: true };

/** The options of a function with the step that its results need. Throws for a location that is not a folder of a bucket. */
export function withResultsStep(options: DuckDbFunctionOptions, results: DuckDbResultsLocation, at: string): DuckDbFunctionOptions {
  checkLocation(results, at);
  const { bootstrap = [], databases } = options;
  if (!Array.isArray(bootstrap)) return options;
  if (bootstrap.some((step) => step?.name === STEP)) {
    throw new Error(`${at} has a bootstrap step named "${STEP}" beside the prop results, which adds a step of this name: give yours another name`);
  }
  const step = new S3Step({ name: STEP, buckets: [results.bucket], prefixes: [results.prefix], permissions: S3Permissions.READ_WRITE_DELETE });
  return {
    ...options,
    bootstrap: [...bootstrap, step],
    ...(databases && { databases: Object.fromEntries(Object.entries(databases).map(([name, database]) => [name, withStep(database)])) }),
  };
}

/** The URL that the results' objects begin with. */
export function resultsUrl({ bucket, prefix }: DuckDbResultsLocation): string {
  return `s3://${bucket.bucketName}/${prefix}`;
}

/** A query of any database may write results. */
function withStep(database: DuckDbDatabase): DuckDbDatabase {
  return Array.isArray(database?.bootstrap) ? { ...database, bootstrap: [...database.bootstrap, STEP] } : database;
}

function checkLocation(results: DuckDbResultsLocation, at: string): void {
  expectOptions(results, `the results of ${at}`, LOCATION);
  expectObject(results.bucket, 'arnForObjects', `the results of ${at} have as bucket`, 'an IBucket, such as new s3.Bucket(this, \'Results\')');
  expectFolders(results.prefix, `the results of ${at} have the prefix`, 'results/');
}
