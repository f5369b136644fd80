import type { DuckDBConnection } from '@duckdb/node-api';
import { CatalogStep } from './catalog-step';
import { icebergLogin, type IcebergLogin } from './iceberg-login';
import { type IcebergSource, icebergSource } from './iceberg-source';
import { S3BootstrapStep } from './s3';
import type { StepContext } from './step';
import { StepOptions } from './step-options';
import type { StepConfig } from '../base/config';
import { quotedIdentifier, quotedString } from '../base/sql-text';
import { namesOneOf } from '../diagnosis/missing-catalog';

// A separate chunk, which is loaded for a function that has the step.

/** An Iceberg catalog: S3 Tables, Glue, or another REST catalog. */
export class IcebergBootstrapStep extends CatalogStep {
  private readonly catalog: string;
  private readonly source: IcebergSource;
  private readonly login: IcebergLogin | undefined;
  /** The access to the data, which also signs requests to a catalog that wants AWS signatures. Undefined if the catalog hands out the access. */
  private readonly storage: S3BootstrapStep | undefined;
  private readonly attachOptions: Readonly<Record<string, string>>;
  private readonly warehouse: string;

  constructor(step: StepConfig, env: NodeJS.ProcessEnv) {
    const options = new StepOptions(step);
    const catalog = options.requiredText('catalog');
    super({ ...step, provides: [catalog] });
    this.catalog = catalog;
    this.source = icebergSource(options, env);
    this.login = icebergLogin(step.name, options);
    this.storage = storage(step, options, this.source, env);
    this.warehouse = options.text('warehouse') ?? '';
    this.attachOptions = this.optionsOf(options);
  }

  /** The names of the secrets that the step creates. */
  get secrets(): readonly string[] {
    return [...this.storage?.secrets ?? [], ...this.login ? [this.login.secret] : []];
  }

  override isStale(sql?: string): boolean {
    return this.storage?.isStale(sql === undefined || namesOneOf(this.provides, sql) ? undefined : sql) ?? false;
  }

  async run(connection: DuckDBConnection, context: StepContext): Promise<void> {
    await this.storage?.run(connection, context);
    await this.login?.put(connection);
    await connection.run(this.attachStatement);
  }

  override async renew(connection: DuckDBConnection, context: StepContext): Promise<void> {
    // The catalog's next request has the new credentials.
    await this.storage?.renew(connection, context);
  }

  private get attachStatement(): string {
    const attachOptions = Object.entries(this.attachOptions).map(([name, value]) => `, ${name} ${value}`).join('');
    return `ATTACH IF NOT EXISTS ${quotedString(this.warehouse)} AS ${quotedIdentifier(this.catalog)} (TYPE iceberg${attachOptions})`;
  }

  private optionsOf(options: StepOptions): Readonly<Record<string, string>> {
    const { source: { endpoint, signing, attachOptions }, login, storage: data } = this;
    const isWriter = options.oneOf('access', ['WRITE']) === 'WRITE';
    const maxStaleness = options.number('maxStalenessSeconds');
    if (isWriter && maxStaleness !== undefined) options.refuse('maxStalenessSeconds', 'none beside "access": "WRITE", because a writer needs the current table');
    const secret = signing ? data!.secrets[0] : login?.secret;
    return {
      ENDPOINT: quotedString(endpoint),
      AUTHORIZATION_TYPE: quotedString(signing ? 'sigv4' : login ? 'oauth2' : 'none'),
      ...secret !== undefined && { SECRET: quotedString(secret) },
      ...signing && { SIGV4_SERVICE: quotedString(signing.service), SIGV4_REGION: quotedString(signing.region) },
      // Otherwise DuckDB copies credentials into secrets of its own, and never replaces them.
      ...data && { ACCESS_DELEGATION_MODE: "'none'" },
      ...attachOptions,
      // If the answer to a commit is lost, DuckDB would delete the files of a commit that was done.
      REMOVE_FILES_ON_DELETE: 'false',
      // Some catalogs lose commits in their request for several tables.
      DISABLE_MULTI_TABLE_COMMIT: 'true',
      ...maxStaleness !== undefined && { MAX_TABLE_STALENESS: quotedString(`${maxStaleness} seconds`) },
      ...!isWriter && { READ_ONLY: 'true' },
    };
  }
}

/** The data's location is unknown if the configuration does not say it: then every object that no other secret covers is read with this one. */
function storage(step: StepConfig, options: StepOptions, { signing }: IcebergSource, env: NodeJS.ProcessEnv): S3BootstrapStep | undefined {
  const declared = options.part('s3') && step.config.s3 as StepConfig['config'];
  if (declared === undefined && signing === undefined) return undefined;
  // If two secrets match equally, DuckDB takes the first name: the second form sorts after all others.
  const name = declared === undefined ? `~${step.name} data` : `${step.name} data`;
  return new S3BootstrapStep({ name, type: 's3', provides: [], config: declared ?? { scopes: ['s3://'], region: signing!.region } }, env);
}
