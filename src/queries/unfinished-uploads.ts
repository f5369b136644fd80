import { Annotations, Duration } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { IConstruct } from 'constructs';
import { DuckDbResultsLocation } from '../duckdb-results-location';

/** The prefixes of each bucket that have a rule, because several functions may share a location. */
const ruled = new WeakMap<s3.IBucket, Set<string>>();

/** Lets a bucket of the app remove uploads that a killed process left behind. Warns of a bucket that CDK cannot change. */
export function removeUnfinishedUploads(fn: IConstruct, { bucket, prefix }: DuckDbResultsLocation): void {
  if (!canHaveRules(bucket)) {
    Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:results', 'the bucket of the results is not created by this app, so CDK cannot add a lifecycle rule to it: '
      + `add one for the prefix "${prefix}" that aborts incomplete multipart uploads after a day, and acknowledge this warning; `
      + 'without it, a process that is killed while it writes leaves parts of objects, which cost money and which no list shows');
    return;
  }
  const prefixes = ruled.get(bucket) ?? new Set();
  ruled.set(bucket, prefixes);
  if (prefixes.has(prefix)) return;
  prefixes.add(prefix);
  bucket.addLifecycleRule({ prefix, abortIncompleteMultipartUploadAfter: Duration.days(1) });
}

/** `instanceof` would not do: a project may have two copies of the class. */
function canHaveRules(bucket: s3.IBucket): bucket is s3.Bucket {
  return 'addLifecycleRule' in bucket;
}
