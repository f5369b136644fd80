import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';

/** What a function may do with the objects of an `S3Step`. */
export enum S3Permissions {
  /** List and read. */
  READ = 'READ',
  /** List, read and write, for `COPY … TO 's3://…'`, but not delete. */
  READ_WRITE = 'READ_WRITE',
  /** List, read, write and delete, for `COPY … TO 's3://…' (OVERWRITE)`, which deletes the contents of the directory and then writes. */
  READ_WRITE_DELETE = 'READ_WRITE_DELETE',
}

/** How an object's URL names its bucket. */
export enum S3UrlStyle {
  /** In the host: `https://bucket.s3.amazonaws.com/key`. */
  VIRTUAL_HOST = 'vhost',
  /** In the path: `https://host/bucket/key`, as most other servers of the S3 API expect. */
  PATH = 'path',
}

/** How a bootstrap step accesses S3 buckets. */
export interface S3AccessOptions {
  /**
   * The KMS keys that encrypt the objects, in addition to those that CDK knows as a bucket's `encryptionKey`.
   *
   * CDK does not know the key of an imported bucket.
   *
   * @default - none
   */
  readonly encryptionKeys?: kms.IKey[];

  /**
   * The region of the buckets, such as `eu-west-1`.
   *
   * @default - the region that CDK knows for the buckets, for example from `Bucket.fromBucketAttributes(…, { region })`, otherwise the function's
   */
  readonly region?: string;

  /**
   * A role that can access the buckets, such as a role in the account that owns them. CDK grants the permissions to this role instead, if it can, and
   * lets the function assume it. You must make the role trust the function's role.
   *
   * @default - the function's own role
   */
  readonly assumeRole?: iam.IRole;

  /**
   * Whether the function's account pays for requests and transfer, for buckets that require it ("requester pays").
   *
   * @default false
   */
  readonly requesterPays?: boolean;

  /**
   * The URL of another server with the S3 API, such as `https://s3.example.com:9000`. It must not contain a path. It must not contain credentials
   * either, because the template shows it.
   *
   * @default - AWS's, or the value of AWS_ENDPOINT_URL_S3 in the function's environment
   */
  readonly endpoint?: string;

  /**
   * How URLs name the bucket. `VIRTUAL_HOST` for a bucket with a dot in its name causes the warning `cdk-duckdb-lambda:urlStyle`.
   *
   * @default - for AWS, in the host, or in the path if a bucket's name has a dot, because AWS's certificate does not cover such hosts; for an
   * endpoint, in the path
   */
  readonly urlStyle?: S3UrlStyle;
}
