import { Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { IcebergBinding } from './iceberg-binding';
import { S3Permissions, S3Step } from './s3-step';
import { expectKnownProps, expectList, expectObject, expectText, PropNames, shown } from '../checks/expect';

/** A folder of a bucket that holds files of Iceberg tables: metadata and data. */
export interface IcebergData {
  /** The bucket. */
  readonly bucket: s3.IBucket;

  /**
   * What the keys of the files begin with: a folder such as `warehouse/`, which ends with `/`.
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
    if (prefix !== undefined) checkPrefix(prefix, what);
  }
}

function checkPrefix(prefix: string, what: string): void {
  expectText(prefix, `${what} has in data the prefix`, 'warehouse/');
  if (Token.isUnresolved(prefix) || (/^[^/*?][^*?]*\/$/.test(prefix) && !prefix.startsWith('s3://'))) return;
  throw new Error(`${what} has in data the prefix ${shown(prefix)}: expected a folder such as "warehouse/", which ends with "/", `
    + 'without a leading slash, a bucket or wildcards');
}

/** Lets the step read the files of its tables, and on request add to them. Returns the configuration of an S3 step for them. */
export function bindData(data: IcebergData[], region: string | undefined, binding: IcebergBinding): { [key: string]: any } {
  const { host, step, at, canWrite, encryptionKeys, assumeRole } = binding;
  const permissions = canWrite ? S3Permissions.READ_WRITE : S3Permissions.READ;
  const configs = data.map(({ bucket, prefix }) => {
    const prefixes = prefix === undefined ? undefined : [prefix];
    return new S3Step({ name: step, buckets: [bucket], prefixes, permissions, region, encryptionKeys, assumeRole }).bind(host).config!;
  });
  const regions = [...new Set(configs.map((config) => config.region ?? 'the function\'s'))];
  if (regions.length > 1) throw new Error(`${at} has data in buckets of several regions, ${regions.join(' and ')}: declare one step for each region`);
  return { ...configs[0], scopes: configs.flatMap(({ scopes }) => scopes) };
}
