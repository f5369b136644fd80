import type { DuckDBConnection } from '@duckdb/node-api';
import { CatalogStep } from '../catalog-step';
import { type CommitTarget, explainCommit, explainScript, isFailedCommit, settleCommit } from './ducklake-commit';
import { attachError, isMissingLake, notEmpty, statementError } from './ducklake-errors';
import { guardOfDeletes } from './ducklake-guard';
import { refuseUnsafe } from './ducklake-maintenance';
import { SeparateCommits } from './ducklake-separate-commits';
import { ignoreStatistics } from './ducklake-statistics';
import type { StepConfig } from '../../base/config';
import type { DuckDbError } from '../../base/errors';
import { quotedIdentifier, quotedString } from '../../base/sql-text';
import { namesOneOf } from '../../diagnosis/missing-catalog';
import { isTransient } from '../../diagnosis/transient';
import type { ConnectionLease } from '../../execution/connection';
import type { Statement } from '../../execution/statement';
import { type PostgresCatalog, PostgresAccess } from '../postgres/postgres-access';
import { S3BootstrapStep } from '../s3/s3';
import type { Asking, Diagnosis, NoteCommit, StepContext } from '../step';
import { StepOptions } from '../step-options';

/** A DuckLake as a catalog. Its data are in S3, its metadata in PostgreSQL, or in a file in S3 that never changes. */
export class DuckLakeBootstrapStep extends CatalogStep implements PostgresCatalog {
  readonly hasRemoteFiles = true;
  readonly catalog: string;
  private readonly s3: S3BootstrapStep;
  /** Undefined if the metadata are in a file. */
  private readonly postgres: PostgresAccess | undefined;
  private readonly path: string;
  /** The schema of its tables in PostgreSQL. */
  readonly schema: string;
  private readonly attachOptions: readonly string[];
  /** Whether all queries read one earlier snapshot. */
  private readonly isPinned: boolean;
  /** Undefined if it is only read. */
  private readonly writable: CommitTarget | undefined;
  private readonly deletesRows: boolean;
  private readonly commits: SeparateCommits | undefined;
  private readonly createsIfMissing: boolean;

  /** `timeoutSeconds` is the maximum duration of an invocation. */
  constructor(step: StepConfig, env: NodeJS.ProcessEnv, timeoutSeconds?: number) {
    const options = new StepOptions(step);
    const catalog = options.requiredText('catalog');
    super({ ...step, provides: [catalog] });
    this.catalog = catalog;
    this.s3 = new S3BootstrapStep({ name: this.name, type: 's3', provides: [], config: options.object('s3') ?? options.refuse('s3', 'an object') }, env);
    const file = options.text('file');
    this.postgres = file === undefined ? new PostgresAccess(options, `${this.name} metadata`, env, timeoutSeconds) : undefined;
    this.path = `ducklake:${file ?? 'postgres:'}`;
    this.schema = options.text('metadataSchema') ?? 'public';
    this.attachOptions = attachOptions(options);
    this.isPinned = options.number('snapshotVersion') !== undefined || options.text('snapshotTime') !== undefined;
    const access = options.oneOf('access', ['WRITE', 'MAINTAIN']);
    this.deletesRows = access === 'WRITE';
    this.createsIfMissing = options.flag('createIfMissing');
    this.writable = access && { catalog, dataPath: options.requiredText('dataPath'), schema: this.schema };
    this.commits = access && new SeparateCommits(catalog);
  }

  get secrets(): readonly string[] {
    return this.postgres === undefined ? this.s3.secrets : [...this.s3.secrets, this.postgres.secret];
  }

  override isStale(sql?: string): boolean {
    // The statement names the catalog, and not the URLs of its files.
    const isMeant = sql === undefined || namesOneOf(this.provides, sql);
    return this.s3.isStale(isMeant ? undefined : sql) || (isMeant && (this.postgres?.isExpiring ?? false));
  }

  override diagnose(error: string, isDone: boolean): Diagnosis | undefined {
    const missing = super.diagnose(error, isDone);
    if (missing !== undefined) return missing;
    if (this.writable && isFailedCommit(error, this.writable)) return 'conflict';
    // Also while another statement's renewal runs, or after it.
    return this.postgres?.diagnose(error) ?? (isDone ? this.s3.diagnose(error, isDone) : undefined);
  }

  async settleCommit(connection: DuckDBConnection, error: string, sql: string): Promise<void> {
    if (this.writable) await settleCommit(connection, error, sql, this.writable);
  }

  explain(error: string, sql: string): DuckDbError | undefined {
    const isLost = this.postgres?.diagnose(error) === 'transient';
    const ofCommit = this.writable && explainCommit(error, sql, this.writable);
    // Otherwise retryable.
    const mayPass = this.writable && (isLost || isTransient(error)) && namesOneOf(this.provides, sql);
    return ofCommit ?? (mayPass ? explainScript(error, sql) : undefined) ?? statementError(error, sql, this, isLost);
  }

  around<T>(lease: ConnectionLease, statement: Statement, attempt: () => Promise<T>, noteCommit: NoteCommit | undefined): Promise<T> {
    const { commits } = this;
    return commits && noteCommit ? commits.around(lease, statement, attempt, noteCommit) : attempt();
  }

  check(sql: string, ask: Asking): Promise<void> {
    return refuseUnsafe(sql, ask);
  }

  async run(connection: DuckDBConnection, context: StepContext): Promise<void> {
    if (this.isPinned) await ignoreStatistics(connection);
    await this.s3.run(connection, context);
    await (this.postgres?.attach(connection, this) ?? this.attachWith(connection));
  }

  override async renew(connection: DuckDBConnection, context: StepContext): Promise<void> {
    const { postgres, s3 } = this;
    const { error } = context;
    if (error === undefined ? postgres?.isExpiring : postgres?.diagnose(error) === 'refused') await postgres!.renew(connection, this);
    if (error === undefined ? s3.isStale() : s3.diagnose(error, true) === 'refused') await s3.renew(connection, context);
  }

  async attachWith(connection: DuckDBConnection, secret?: string): Promise<void> {
    try {
      await connection.run(this.attachScript(secret, false));
    } catch (error) {
      if (!this.createsIfMissing || !isMissingLake(error)) throw await this.attachFailed(connection, error);
      await this.create(connection, secret);
    }
  }

  /** Makes a lake in an empty folder. In another, it may also have been made in the meantime, by another process. */
  private async create(connection: DuckDBConnection, secret: string | undefined): Promise<void> {
    const { dataPath } = this.writable!;
    const [[file] = []] = await (await connection.run(`SELECT file FROM glob(${quotedString(`${dataPath}**`)}) LIMIT 1`)).getRows();
    try {
      await connection.run(this.attachScript(secret, file === undefined));
    } catch (error) {
      if (file !== undefined && isMissingLake(error)) throw notEmpty(dataPath, String(file));
      throw await this.attachFailed(connection, error);
    }
  }

  /** The error for a lake that could not be attached. If the connection broke at the end, DuckDB keeps the lake without its metadata. */
  private async attachFailed(connection: DuckDBConnection, error: unknown): Promise<unknown> {
    await this.detach(connection).catch(() => undefined);
    return attachError(error, this.catalog, this.schema);
  }

  /** One script, because each call costs a thread switch. */
  private attachScript(secret: string | undefined, creates: boolean): string {
    const { catalog, path, postgres } = this;
    const options = [
      ...this.attachOptions,
      ...this.writable === undefined ? [] : [`CREATE_IF_NOT_EXISTS ${creates}`],
      ...secret === undefined ? [] : [`META_SECRET ${quotedString(secret)}`],
    ];
    const attach = `ATTACH IF NOT EXISTS ${quotedString(path)} AS ${quotedIdentifier(catalog)} (${options.join(', ')})`;
    if (postgres === undefined) return attach;
    const limit = `FROM postgres_configure_pool(catalog_name = ${quotedString(`__ducklake_metadata_${catalog}`)}, max_connections = ${postgres.maxConnections})`;
    return [attach, limit, ...this.deletesRows ? [guardOfDeletes(catalog, this.schema)] : []].join('; ');
  }

  detach(connection: DuckDBConnection): Promise<unknown> {
    return connection.run(`DETACH DATABASE IF EXISTS ${quotedIdentifier(this.catalog)}`);
  }
}

/** The options of ATTACH that do not depend on a login. */
function attachOptions(options: StepOptions): readonly string[] {
  const isFrozen = options.text('file') !== undefined;
  const dataPath = options.text('dataPath');
  const schema = options.text('metadataSchema');
  const writes = options.oneOf('access', ['WRITE', 'MAINTAIN']) !== undefined;
  const version = options.number('snapshotVersion');
  const time = options.text('snapshotTime');
  return [
    ...dataPath === undefined ? [] : [`DATA_PATH ${quotedString(dataPath)}`],
    // The catalog names the folder where it was made.
    ...isFrozen && dataPath !== undefined ? ['OVERRIDE_DATA_PATH true'] : [],
    ...schema === undefined ? [] : [`METADATA_SCHEMA ${quotedString(schema)}`],
    ...writes ? [
      `AUTOMATIC_MIGRATION ${options.flag('migrateIfNeeded')}`,
      // DuckLake sees no conflict between a change of few rows, which it keeps in the catalog, and another change or maintenance.
      `DATA_INLINING_ROW_LIMIT ${options.number('dataInliningRowLimit') ?? 0}`,
    ] : ['READ_ONLY'],
    ...options.flag('encrypted') ? ['ENCRYPTED'] : [],
    ...version === undefined ? [] : [`SNAPSHOT_VERSION ${version}`],
    ...time === undefined ? [] : [`SNAPSHOT_TIME ${quotedString(time)}`],
  ];
}
