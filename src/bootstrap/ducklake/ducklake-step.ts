import * as path from 'path';
import { Token } from 'aws-cdk-lib';
import { BootstrapStepConfig, IBootstrapStep } from '../bootstrap-step';
import { DuckLakeMetadata } from './ducklake-metadata';
import { DuckLakeSnapshot } from './ducklake-snapshot';
import { expectCatalog } from '../../checks/catalog';
import { expectFlags, expectObject, expectOneOf, expectOptions, expectProps, PropNames, shown } from '../../checks/expect';
import { IDuckDbHost } from '../../duckdb-host';
import { DuckDbExtension } from '../../extension';
import { LakeAccess } from '../lake-access';
import { warnOfDeletion } from './lake-deletion';
import { useAsLake } from '../lake-folders';
import { checkLakeLocation, LakeLocation } from '../lake-location';
import { S3Access, S3Rights, S3_ACCESS_OPTIONS, urls } from '../s3/s3-access';
import { S3AccessOptions, S3Permissions } from '../s3/s3-access-options';

/** Properties of a `DuckLakeStep`. */
export interface DuckLakeStepProps {
  /** Where the lake has its catalog: in a PostgreSQL database, or in a file in S3. */
  readonly metadata: DuckLakeMetadata;

  /**
   * Where the lake has its data files. For a lake in PostgreSQL, this must be the place that the catalog names. For a frozen lake, it is where the
   * files are now, even if they were copied there.
   *
   * @default - required for a lake in PostgreSQL. For a frozen lake, the data is where the catalog says. It must be public, or an `S3Step` must give
   * access to it
   */
  readonly data?: LakeLocation;

  /**
   * How the function accesses the buckets of the data and of a frozen lake's catalog.
   *
   * @default - with the function's own role, in the region that CDK knows for the buckets
   */
  readonly s3?: S3AccessOptions;

  /**
   * What the function may do with the lake. For `WRITE` and `MAINTAIN`, the metadata must be in PostgreSQL, on a server that accepts writes.
   *
   * @default LakeAccess.READ
   */
  readonly access?: LakeAccess;

  /**
   * The catalog under which SQL addresses the lake, as in `SELECT * FROM lake.orders`.
   *
   * @default 'lake'
   */
  readonly catalog?: string;

  /**
   * Whether the lake is created if the metadata has none. Needs `LakeAccess.WRITE` or `MAINTAIN`.
   *
   * By default, a missing lake is an error, so that you notice a wrong database name. A prefix that has files is also an error: they may belong to
   * another lake, and a clean-up would delete them.
   *
   * @default false
   */
  readonly createIfMissing?: boolean;

  /**
   * Whether DuckDB encrypts the data files of a lake that it creates. The keys are in the catalog, so anyone who can read the catalog and the bucket
   * can read the files. Needs `createIfMissing`. An existing lake stays as it is.
   *
   * @default false
   */
  readonly encrypted?: boolean;

  /**
   * Whether a lake of an older version of DuckLake is upgraded permanently. Older clients cannot read it afterwards. Needs `LakeAccess.WRITE` or
   * `MAINTAIN`.
   *
   * By default, a lake of another version is an error.
   *
   * @default false
   */
  readonly migrateIfNeeded?: boolean;

  /**
   * DuckLake writes an insert or a delete of up to this many rows into the catalog, not into a file. Needs `LakeAccess.WRITE` or `MAINTAIN`.
   *
   * By default, all rows go into files, because DuckLake 1.0 gives wrong answers with rows in the catalog. It does not see a conflict between a
   * delete of a few rows and a delete of many, and deleted rows come back (https://github.com/duckdb/ducklake/issues/1215,
   * https://github.com/duckdb/ducklake/issues/1084).
   *
   * @default 0
   */
  readonly dataInliningRowLimit?: number;

  /**
   * The snapshot that all queries read. Only with `LakeAccess.READ`. An expired snapshot is an error.
   *
   * This turns off DuckDB's optimizer `statistics_propagation`. DuckLake has only the statistics of the latest snapshot, with which filters would
   * lose rows.
   *
   * @default - each transaction reads the latest snapshot
   */
  readonly snapshot?: DuckLakeSnapshot;

  /**
   * The step's name.
   *
   * @default 'ducklake'
   */
  readonly name?: string;
}

const PROPS: PropNames<DuckLakeStepProps> = {
  metadata: true,
  data: true,
  s3: true,
  access: true,
  catalog: true,
  createIfMissing: true,
  encrypted: true,
  migrateIfNeeded: true,
  dataInliningRowLimit: true,
  snapshot: true,
  name: true,
};

/**
 * What each access does to the data. No role has both writing and deleting: DuckLake deletes what it has written when a commit fails, and a commit
 * whose answer was lost counts as failed, although PostgreSQL may have made it. The table would then miss its files.
 */
const RIGHTS: { [access in LakeAccess]: S3Rights } = {
  READ: S3Permissions.READ,
  WRITE: S3Permissions.READ_WRITE,
  MAINTAIN: 'READ_DELETE',
};

/**
 * Attaches a DuckLake: tables with transactions, whose catalog is in PostgreSQL or in a file, and whose data is Parquet in S3.
 *
 * @example
 * declare const vpc: ec2.IVpc;
 * declare const catalog: rds.IDatabaseInstance;
 * declare const lake: s3.IBucket;
 *
 * new DuckDbFunction(this, 'Ingestion', {
 *   entry: 'src/ingest.ts',
 *   vpc,
 *   bootstrap: [new DuckLakeStep({
 *     metadata: DuckLakeMetadata.postgres({
 *       endpoint: PostgresEndpoint.fromInstance(catalog),
 *       database: 'lakehouse',
 *       credentials: PostgresCredentials.fromIam('lake_writer'),
 *     }),
 *     data: { bucket: lake, prefix: 'lake/' },
 *     access: LakeAccess.WRITE,
 *   })],
 * });
 */
export class DuckLakeStep implements IBootstrapStep {
  /**
   * The folder of the queries that maintain a lake: `merge`, `expire` and `clean-up`. Use it as the prop `queries` of a `DuckDbQueryFunction`.
   *
   * `merge` needs `LakeAccess.WRITE`, the others need `LakeAccess.MAINTAIN`. Their answers say what they have done.
   */
  public static readonly maintenanceQueries: string = path.join(__dirname, '..', '..', '..', 'assets', 'ducklake-maintenance');

  public readonly name: string;
  public readonly extensions: DuckDbExtension[];

  private readonly catalog: string;
  private readonly access: LakeAccess;
  private readonly s3: S3Access;

  constructor(private readonly props: DuckLakeStepProps) {
    expectProps(props, 'a DuckLakeStep', 'new DuckLakeStep({ metadata, data: { bucket, prefix: \'lake/\' } })', PROPS);
    this.name = props.name ?? 'ducklake';
    this.catalog = props.catalog ?? 'lake';
    this.access = props.access ?? LakeAccess.READ;
    expectCatalog(this.catalog, `${this.at} has the catalog`, 'lake');
    expectOneOf(props.access, `${this.at} has the access`, 'LakeAccess', LakeAccess);
    this.checkMetadata();
    this.checkData();
    this.checkWriting();
    this.checkSnapshot();
    this.extensions = [DuckDbExtension.core('httpfs'), ...props.metadata._extensions, DuckDbExtension.core('ducklake')];
    this.s3 = this.accessToS3();
  }

  public bind(host: IDuckDbHost): BootstrapStepConfig {
    const { metadata, data, access, createIfMissing, encrypted, migrateIfNeeded, dataInliningRowLimit, snapshot, s3 } = this.props;
    const role = s3?.assumeRole ?? host.executionRole;
    if (access === LakeAccess.WRITE && data && role) warnOfDeletion(host, role, data, this.at);
    const connection = metadata._bind(host, this.at, this.name);
    // The file of a frozen lake may be a copy of the catalog of another lake.
    if (data && !metadata._isFrozen) useAsLake(host, this.name, data, { database: connection.database, schema: connection.metadataSchema ?? 'public' });
    return {
      type: 'ducklake',
      provides: [this.catalog],
      attaches: [this.catalog],
      config: {
        catalog: this.catalog,
        ...connection,
        ...(data && { dataPath: urls(data.bucket, [data.prefix])[0] }),
        ...(access && access !== LakeAccess.READ && { access }),
        ...(createIfMissing && { createIfMissing }),
        ...(encrypted && { encrypted }),
        ...(migrateIfNeeded && { migrateIfNeeded }),
        ...(dataInliningRowLimit && { dataInliningRowLimit }),
        ...snapshot?._config,
        s3: this.s3.bind(host, this.name),
      },
    };
  }

  private checkMetadata(): void {
    const { metadata } = this.props;
    expectObject(metadata, '_areas', `${this.at} has as metadata`, 'DuckLakeMetadata such as DuckLakeMetadata.postgres({ endpoint, database, credentials })');
    if (this.access !== LakeAccess.READ && metadata._whyReadOnly !== undefined) {
      throw new Error(`${this.at} has LakeAccess.${this.access} beside ${metadata._whyReadOnly}, or LakeAccess.READ`);
    }
  }

  private checkData(): void {
    const { metadata, data } = this.props;
    if (data !== undefined) return checkLakeLocation(data, `the data of ${this.at}`);
    if (!metadata._isFrozen) throw new Error(`${this.at} has no data: say where its files are, as in data: { bucket, prefix: 'lake/' }`);
  }

  private checkWriting(): void {
    const { createIfMissing, encrypted, migrateIfNeeded, dataInliningRowLimit } = this.props;
    expectFlags({ createIfMissing, encrypted, migrateIfNeeded }, this.at);
    this.checkRowLimit();
    for (const [prop, value] of Object.entries({ createIfMissing, migrateIfNeeded, dataInliningRowLimit })) {
      if (value && this.access === LakeAccess.READ) {
        throw new Error(`${this.at} has ${prop} with LakeAccess.READ, which writes nothing: remove it, or use LakeAccess.WRITE or LakeAccess.MAINTAIN`);
      }
    }
    if (encrypted && !createIfMissing) {
      throw new Error(`${this.at} has encrypted without createIfMissing, which has an effect only when a lake is created: add createIfMissing, or remove it`);
    }
  }

  private checkRowLimit(): void {
    const { dataInliningRowLimit: limit } = this.props;
    if (limit === undefined || Token.isUnresolved(limit) || (Number.isSafeInteger(limit) && limit >= 0)) return;
    throw new Error(`${this.at} has the dataInliningRowLimit ${shown(limit)}: expected a whole number from 0, such as 10`);
  }

  private checkSnapshot(): void {
    const { snapshot } = this.props;
    if (snapshot === undefined) return;
    expectObject(snapshot, '_config', `${this.at} has the snapshot`, 'a DuckLakeSnapshot such as DuckLakeSnapshot.version(42)');
    if (this.access !== LakeAccess.READ) {
      throw new Error(`${this.at} has a snapshot with LakeAccess.${this.access}, but only the latest one can be written: remove it, or use LakeAccess.READ`);
    }
  }

  private accessToS3(): S3Access {
    const { metadata, data, s3 } = this.props;
    expectOptions(s3, `the s3 of ${this.at}`, S3_ACCESS_OPTIONS);
    const areas = [...metadata._areas, ...data ? [{ bucket: data.bucket, prefixes: [data.prefix] }] : []];
    return new S3Access(s3 ?? {}, areas, RIGHTS[this.access], this.at);
  }

  private get at(): string {
    return `the DuckLakeStep "${this.name}"`;
  }
}
