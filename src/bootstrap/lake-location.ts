import * as s3 from 'aws-cdk-lib/aws-s3';
import { expectObject, expectOptions, PropNames } from '../checks/expect';
import { expectFolders } from '../checks/folders';

/** Where the data files of a lake are. */
export interface LakeLocation {
  /** The bucket. */
  readonly bucket: s3.IBucket;

  /** The folder of the data files, such as `lake/`: the beginning of their keys. Do not use the folder for anything else. */
  readonly prefix: string;
}

const LOCATION: PropNames<LakeLocation> = { bucket: true, prefix: true };

/** Refuses what is not folders of a bucket. `what` is the location as errors name it. */
export function checkLakeLocation(location: LakeLocation, what: string): void {
  expectOptions(location, what, LOCATION);
  expectObject(location.bucket, 'arnForObjects', `${what} has as bucket`, 'an IBucket, such as new s3.Bucket(this, \'Lake\')');
  if (location.prefix === '') {
    throw new Error(`${what} has the prefix "", the whole bucket, whose other Parquet files a clean-up would delete: expected folders such as "lake/"`);
  }
  expectFolders(location.prefix, `${what} has the prefix`, 'lake/');
}
