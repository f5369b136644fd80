import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { IDuckDbHost } from '../../duckdb-host';

/** What the parts of an Iceberg step know of the step when it is bound. */
export interface IcebergBinding {
  readonly host: IDuckDbHost;
  /** The step's name. */
  readonly step: string;
  /** The step, as errors and warnings name it. */
  readonly at: string;
  readonly canWrite: boolean;
  readonly encryptionKeys: kms.IKey[];
  readonly assumeRole?: iam.IRole;
}
