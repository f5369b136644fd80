import * as s3 from 'aws-cdk-lib/aws-s3';

/** A folder of a bucket to which functions write large results. */
export interface DuckDbResultsLocation {
  /**
   * The bucket. If an imported bucket encrypts with a KMS key, import it with the key, as in `Bucket.fromBucketAttributes(…, { encryptionKey })`.
   *
   * A process that is killed while it writes leaves an incomplete multipart upload, which costs money and does not appear in listings. If the app
   * creates the bucket, it gets a lifecycle rule that removes such uploads after a day. An imported bucket causes the warning
   * `cdk-duckdb-lambda:results`, because CDK cannot add the rule to it.
   */
  readonly bucket: s3.IBucket;

  /**
   * What the keys of all results begin with: a folder such as `results/`. It has letters, digits and `_`, `-`, `.`, `=`, `:` and at signs, and ends with `/`.
   *
   * The function may list, read, write and delete the objects under it. Do not use the folder for anything else.
   */
  readonly prefix: string;
}
