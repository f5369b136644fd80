import * as s3 from 'aws-cdk-lib/aws-s3';
import { expectObject, expectProps, expectText, PropNames } from '../../checks/expect';
import { expectKey } from '../../checks/folders';
import { IDuckDbHost } from '../../duckdb-host';
import { DuckDbExtension } from '../../extension';
import { PostgresConnection, POSTGRES_CONNECTION_OPTIONS } from '../postgres/postgres-connection';
import { PostgresConnectionOptions } from '../postgres/postgres-connection-options';
import { S3Area, urls } from '../s3/s3-access';

/** The PostgreSQL database with the catalog of a DuckLake, and how the function connects to it. */
export interface DuckLakePostgresOptions extends PostgresConnectionOptions {
  /**
   * The PostgreSQL schema that has the catalog's tables. Several lakes may share a database, each with its own schema.
   *
   * @default - `public`
   */
  readonly schema?: string;
}

const POSTGRES: PropNames<DuckLakePostgresOptions> = { ...POSTGRES_CONNECTION_OPTIONS, schema: true };

/**
 * Where a DuckLake has its catalog: the tables, snapshots and data files that it consists of.
 *
 * @example
 * declare const catalog: rds.IDatabaseInstance;
 * declare const archive: s3.IBucket;
 *
 * DuckLakeMetadata.postgres({
 *   endpoint: PostgresEndpoint.fromInstance(catalog),
 *   database: 'lakehouse',
 *   credentials: PostgresCredentials.fromIam('lake_reader'),
 * });
 * // A frozen lake, which is read only.
 * DuckLakeMetadata.file(archive, 'catalogs/2026-01.ducklake');
 */
export abstract class DuckLakeMetadata {
  /**
   * A PostgreSQL database. Many functions can read and write the lake at the same time.
   *
   * For `LakeAccess.READ`, a database role with SELECT is enough. `WRITE` and `MAINTAIN` need the writer, not a replica.
   */
  public static postgres(options: DuckLakePostgresOptions): DuckLakeMetadata {
    return new PostgresMetadata(options);
  }

  /**
   * A file in S3 that DuckDB has written: a "frozen" lake. It does not need a server, and is read-only. To change the lake, write a new file under a
   * new key, because a process reads the file only once.
   *
   * @param bucket the bucket
   * @param key    the file's key, such as `catalogs/2026-01.ducklake`
   */
  public static file(bucket: s3.IBucket, key: string): DuckLakeMetadata {
    return new FileMetadata(bucket, key);
  }

  /**
   * Why the catalog cannot be written, and what to do instead; undefined if it may be.
   * @internal
   */
  public abstract readonly _whyReadOnly: string | undefined;

  /**
   * Whether the catalog knows where the data is, so that the step need not.
   * @internal
   */
  public abstract readonly _isFrozen: boolean;

  /** @internal */
  public abstract readonly _extensions: DuckDbExtension[];

  /**
   * What the catalog itself has in S3.
   * @internal
   */
  public abstract readonly _areas: S3Area[];

  /**
   * Lets the host reach the catalog, and returns what its runtime needs for this.
   * @internal
   */
  public abstract _bind(host: IDuckDbHost, step: string, name: string): { [key: string]: any };
}

class PostgresMetadata extends DuckLakeMetadata {
  public readonly _isFrozen = false;
  public readonly _extensions = [DuckDbExtension.core('postgres')];
  public readonly _areas = [];
  private readonly connection: PostgresConnection;

  constructor(private readonly options: DuckLakePostgresOptions) {
    super();
    const at = 'DuckLakeMetadata.postgres';
    expectProps(options, at, 'DuckLakeMetadata.postgres({ endpoint, database, credentials })', POSTGRES);
    if (options.schema !== undefined) expectText(options.schema, `${at} has the schema`, 'lake');
    this.connection = new PostgresConnection(options, at);
  }

  public get _whyReadOnly(): string | undefined {
    if (!this.connection.isReadOnly) return undefined;
    return 'metadata at a replica, which cannot be written: name the writer, as in PostgresEndpoint.fromClusterWriter(cluster) or fromInstance(primary)';
  }

  public _bind(host: IDuckDbHost, step: string, name: string): { [key: string]: any } {
    const { schema } = this.options;
    return { ...this.connection.bind(host, step, name), ...(schema !== undefined && { metadataSchema: schema }) };
  }
}

class FileMetadata extends DuckLakeMetadata {
  public readonly _isFrozen = true;
  public readonly _whyReadOnly = 'metadata in a file, which is read-only: use DuckLakeMetadata.postgres';
  public readonly _extensions = [];

  constructor(private readonly bucket: s3.IBucket, private readonly key: string) {
    super();
    expectObject(bucket, 'arnForObjects', 'DuckLakeMetadata.file has as bucket', 'an IBucket, such as s3.Bucket.fromBucketName(this, \'Lake\', \'my-data-lake\')');
    expectKey(key, 'DuckLakeMetadata.file has the key', 'catalogs/2026-01.ducklake');
  }

  public get _areas(): S3Area[] {
    return [{ bucket: this.bucket, key: this.key }];
  }

  public _bind(): { [key: string]: any } {
    const [file] = urls(this.bucket, [this.key]);
    return { file };
  }
}
