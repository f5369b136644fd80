import * as s3 from 'aws-cdk-lib/aws-s3';
import { IcebergBinding } from './iceberg-binding';
import { expectKnownProps, expectList, expectObject, PropNames } from '../../checks/expect';
import { expectFolders } from '../../checks/folders';
import { useForFiles } from '../lake-folders';
import { S3Access } from '../s3/s3-access';
import { S3Permissions } from '../s3/s3-access-options';

/** A folder of a bucket that has files of Iceberg tables: metadata and data. */
export interface IcebergData {
  /** The bucket. */
  readonly bucket: s3.IBucket;

  /**
   * The folder of the files, such as `warehouse/`: the beginning of their keys.
   *
   * @default - all keys of the bucket
   */
  readonly prefix?: string;
}

const PROPS: PropNames<IcebergData> = { bucket: true, prefix: true };

/** Refuses a value that is not a list of folders of buckets. `what` begins the error. */
export function checkData(data: unknown, what: string): asserts data is IcebergData[] {
  const example = '[{ bucket: lake, prefix: "warehouse/" }]';
  expectList(data, `${what} has as data`, example);
  if (data.length === 0) throw new Error(`${what} has an empty list as data: name the buckets that hold the tables' files, as in ${example}`);
  for (const folder of data) {
    expectObject(folder, 'bucket', `${what} has in data`, 'a folder of a bucket such as { bucket: lake, prefix: "warehouse/" }');
    const { bucket, prefix } = folder as IcebergData;
    expectKnownProps(folder as IcebergData, PROPS, `${what} has in data a folder that`);
    expectObject(bucket, 'arnForObjects', `${what} has in data the bucket`, 'an IBucket, such as s3.Bucket.fromBucketName(this, \'Lake\', \'my-data-lake\')');
    if (prefix !== undefined) expectFolders(prefix, `${what} has in data the prefix`, 'warehouse/');
  }
}

/** Lets the step read the files of its tables, and on request add to them. Returns the configuration of an S3 step for them. */
export function bindData(data: IcebergData[], region: string | undefined, binding: IcebergBinding): { [key: string]: any } {
  const { host, step, at, canWrite, encryptionKeys, assumeRole } = binding;
  for (const { bucket, prefix } of data) if (prefix !== undefined) useForFiles(host, step, { bucket, prefix });
  const areas = data.map(({ bucket, prefix }) => ({ bucket, prefixes: prefix === undefined ? undefined : [prefix] }));
  return new S3Access({ region, encryptionKeys, assumeRole }, areas, canWrite ? S3Permissions.READ_WRITE : S3Permissions.READ, at).bind(host, step);
}
