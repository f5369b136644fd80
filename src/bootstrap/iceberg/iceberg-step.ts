import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { BootstrapStepConfig, IBootstrapStep } from '../bootstrap-step';
import { IcebergSource } from './iceberg-source';
import { expectCatalog } from '../../checks/catalog';
import { expectDuration, expectObject, expectOneOf, expectProps, expectStaleness, PropNames } from '../../checks/expect';
import { IDuckDbHost } from '../../duckdb-host';
import { DuckDbExtension } from '../../extension';
import { LakeAccess } from '../lake-access';
import { expectRoleAndKeys } from '../s3/s3-access';

/** Properties of an `IcebergStep`. */
export interface IcebergStepProps {
  /** The catalog that has the tables. */
  readonly source: IcebergSource;

  /**
   * What the function may do with the tables. `MAINTAIN` is an error, because DuckDB does not maintain Iceberg tables.
   *
   * @default LakeAccess.READ
   */
  readonly access?: LakeAccess;

  /**
   * The catalog under which SQL addresses the tables, as in `SELECT * FROM iceberg.sales.orders`.
   *
   * @default 'iceberg'
   */
  readonly catalog?: string;

  /**
   * How old the state of a table may be that a query sees. At least 1 second. Cannot be combined with `LakeAccess.WRITE`, because a writer that
   * repeats a statement after a conflict needs the current state.
   *
   * During that time, a warm function that reads a table again does not ask the catalog.
   *
   * @default - each query asks the catalog for the current state of its tables
   */
  readonly maxStaleness?: Duration;

  /**
   * The KMS keys that encrypt the tables' files, in addition to those that CDK knows as a bucket's `encryptionKey`.
   *
   * @default - none
   */
  readonly encryptionKeys?: kms.IKey[];

  /**
   * A role that can access the catalog and its files, such as a role in the account that owns them. CDK grants the permissions to this role instead,
   * if it can, and lets the function assume it. You must make the role trust the function's role.
   *
   * @default - the function's own role
   */
  readonly assumeRole?: iam.IRole;

  /**
   * The step's name.
   *
   * @default 'iceberg'
   */
  readonly name?: string;
}

const PROPS: PropNames<IcebergStepProps> = {
  source: true,
  access: true,
  catalog: true,
  maxStaleness: true,
  encryptionKeys: true,
  assumeRole: true,
  name: true,
};

/**
 * Attaches a catalog of Iceberg tables: S3 Tables, Glue or any REST catalog.
 *
 * @example
 * declare const tableBucketArn: string;
 *
 * new DuckDbFunction(this, 'Reports', {
 *   entry: 'src/reports.ts', // SELECT * FROM iceberg.sales.orders
 *   bootstrap: [new IcebergStep({ source: IcebergSource.s3Tables(tableBucketArn), maxStaleness: Duration.minutes(1) })],
 * });
 */
export class IcebergStep implements IBootstrapStep {
  public readonly name: string;
  public readonly extensions: DuckDbExtension[] = [DuckDbExtension.core('iceberg')];

  private readonly catalog: string;
  private readonly canWrite: boolean;

  constructor(private readonly props: IcebergStepProps) {
    expectProps(props, 'an IcebergStep', 'new IcebergStep({ source: IcebergSource.s3Tables(tableBucketArn) })', PROPS);
    this.name = props.name ?? 'iceberg';
    this.catalog = props.catalog ?? 'iceberg';
    this.canWrite = props.access === LakeAccess.WRITE;
    expectObject(props.source, '_bind', `${this.at} has the source`, 'an IcebergSource such as IcebergSource.s3Tables(tableBucketArn)');
    expectCatalog(this.catalog, `${this.at} has the catalog`, 'iceberg');
    this.checkAccess();
    this.checkStaleness();
    this.checkCredentials();
  }

  public bind(host: IDuckDbHost): BootstrapStepConfig {
    const { source, access, maxStaleness, encryptionKeys = [], assumeRole } = this.props;
    const bound = source._bind({ host, step: this.name, at: this.at, canWrite: this.canWrite, encryptionKeys, assumeRole });
    return {
      type: 'iceberg',
      provides: [this.catalog],
      attaches: [this.catalog],
      config: {
        catalog: this.catalog,
        ...(access === LakeAccess.WRITE && { access }),
        ...(maxStaleness && { maxStalenessSeconds: maxStaleness.toSeconds() }),
        ...(assumeRole && source._signs && { assumeRole: assumeRole.roleArn }),
        ...bound,
      },
    };
  }

  private get at(): string {
    return `the IcebergStep "${this.name}"`;
  }

  private checkAccess(): void {
    const { access } = this.props;
    expectOneOf(access, `${this.at} has the access`, 'LakeAccess', LakeAccess);
    if (access !== LakeAccess.MAINTAIN) return;
    throw new Error(`${this.at} has LakeAccess.MAINTAIN, but DuckDB neither merges the files of Iceberg tables nor expires their snapshots: use LakeAccess.WRITE, `
      + 'and let the catalog maintain its tables, as S3 Tables and Glue\'s table optimizers do');
  }

  private checkStaleness(): void {
    const { maxStaleness } = this.props;
    if (maxStaleness === undefined) return;
    expectDuration(maxStaleness, `${this.at} has the maxStaleness`);
    if (this.canWrite) {
      throw new Error(`${this.at} has maxStaleness beside LakeAccess.WRITE: a writer needs the current state of its tables; remove it, or declare another step that reads`);
    }
    expectStaleness(maxStaleness, this.at, 'the catalog');
  }

  private checkCredentials(): void {
    const { source, encryptionKeys, assumeRole } = this.props;
    expectRoleAndKeys({ assumeRole, encryptionKeys }, this.at);
    if (assumeRole !== undefined && !source._signs && !source._readsData) this.refuse('assumeRole');
    if (encryptionKeys !== undefined && !source._readsData) this.refuse('encryptionKeys');
  }

  private refuse(prop: string): never {
    throw new Error(`${this.at} has ${prop}, but the catalog hands out the credentials for its tables' files: `
      + 'name the files\' buckets, as in IcebergSource.rest(url, { data: [{ bucket: lake }] }), or remove the prop');
  }
}
