import { createRequire } from 'node:module';
import type { DuckDBConnection } from '@duckdb/node-api';
import { CatalogStep } from '../catalog-step';
import { SingleCommits } from './iceberg-commit';
import { attachError, icebergError, isConflict, type KnownCatalog, lacksSchema, mayRefuseAccess, refusesAccess } from './iceberg-errors';
import { HungRequests } from './iceberg-hung-requests';
import { icebergLogin, type IcebergLogin } from './iceberg-login';
import { wordsOfRefusal } from './iceberg-refusal';
import { type IcebergSource, icebergSource } from './iceberg-source';
import { VendedSecrets } from './iceberg-vended-secrets';
import { encode, signedHeaders } from '../../aws/signature';
import type { StepConfig } from '../../base/config';
import { BootstrapError, DuckDbError } from '../../base/errors';
import { quotedIdentifier, quotedString } from '../../base/sql-text';
import { ICEBERG } from '../../base/wording';
import { namesOneOf } from '../../diagnosis/missing-catalog';
import { textOf } from '../../diagnosis/query-error';
import type { ConnectionLease } from '../../execution/connection';
import type { Statement } from '../../execution/statement';
import type { QueryParameters } from '../../values/parameters';
import { hasExpired, S3BootstrapStep } from '../s3/s3';
import type { Asking, Diagnosis, NoteCommit, StepContext } from '../step';
import { StepOptions } from '../step-options';
import type { StepEnvironment } from '../step-registry';

// A separate chunk, which is loaded for a function that has the step.

// A distinct name, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** Reading tables as of a time. */
const timeTravel = () => requireFromHere('./iceberg-time-travel') as typeof import('./iceberg-time-travel');

const MAY_TRAVEL = /\bTIMESTAMP\s*=>/i;

/** An Iceberg catalog: S3 Tables, Glue, or another REST catalog. */
export class IcebergBootstrapStep extends CatalogStep {
  readonly hasRemoteFiles = true;
  private readonly catalog: string;
  private readonly source: IcebergSource;
  private readonly login: IcebergLogin | undefined;
  /** The access to the data, which also signs requests to a catalog that wants AWS signatures. Undefined if the catalog hands out the access. */
  private readonly storage: S3BootstrapStep | undefined;
  private readonly attachOptions: Readonly<Record<string, string>>;
  private readonly warehouse: string;
  private readonly commits: SingleCommits | undefined;
  private readonly vended: VendedSecrets | undefined;
  private readonly hung = new HungRequests();
  private readonly known: KnownCatalog;

  constructor(step: StepConfig, environment: StepEnvironment) {
    const { env } = environment;
    const options = new StepOptions(step);
    const catalog = options.requiredText('catalog');
    super({ ...step, provides: [catalog] });
    this.catalog = catalog;
    this.source = icebergSource(options, env);
    this.login = icebergLogin(step.name, options);
    this.storage = storage(step, options, this.source, env);
    this.warehouse = options.text('warehouse') ?? '';
    this.attachOptions = this.optionsOf(options, env.AWS_REGION ?? env.AWS_DEFAULT_REGION);
    this.commits = options.oneOf('access', ['WRITE']) && new SingleCommits({ name: catalog, ...this.source }, environment);
    this.vended = this.storage ? undefined : VendedSecrets.of(environment);
    this.known = { name: catalog, endpoint: this.source.endpoint, ...accessOf(this.source, this.login), data: options.part('s3')?.texts('scopes') };
  }

  /** The names of the secrets that the step creates. */
  get secrets(): readonly string[] {
    return [...this.storage?.secrets ?? [], ...this.login ? [this.login.secret] : []];
  }

  override isStale(sql?: string): boolean {
    return this.storage?.isStale(sql === undefined || namesOneOf(this.provides, sql) ? undefined : sql) ?? false;
  }

  override diagnose(error: string, isDone: boolean): Diagnosis | undefined {
    const missing = super.diagnose(error, isDone);
    if (missing !== undefined) return missing;
    // Also while the catalog is attached again, and after it: the statement began before.
    if (isConflict(error)) return 'conflict';
    if (this.isRefusedBy(error)) return 'refused';
    if (!isDone) return undefined;
    if (lacksSchema(error)) return 'missing';
    if (this.storage) return this.storage.diagnose(error, isDone);
    // The next attempt gets new credentials from the catalog.
    return hasExpired(error) ? 'transient' : undefined;
  }

  async check(sql: string, ask: Asking, parameters: QueryParameters | undefined): Promise<void> {
    if (MAY_TRAVEL.test(sql) && namesOneOf(this.provides, sql)) await timeTravel().refuseTooEarly(this.provides, sql, parameters, ask);
  }

  explain(error: string, sql: string): DuckDbError | undefined {
    return this.commits?.explain(error, sql) ?? icebergError(error, sql, this.known);
  }

  around<T>(lease: ConnectionLease, statement: Statement, attempt: () => Promise<T>, noteCommit: NoteCommit | undefined): Promise<T> {
    const { commits, vended } = this;
    const once = commits && noteCommit ? () => commits.around(lease, statement, attempt, noteCommit) : attempt;
    const all = vended ? () => vended.around(lease, once) : once;
    return namesOneOf(this.provides, statement.sql) ? this.hung.limit(lease, all) : all();
  }

  async run(connection: DuckDBConnection, context: StepContext): Promise<void> {
    await this.storage?.run(connection, context);
    await this.vended?.refuseRefresh(connection);
    await this.explained(async () => {
      await this.login?.put(connection);
      await connection.run(this.attachStatement);
    });
  }

  override async renew(connection: DuckDBConnection, context: StepContext): Promise<void> {
    const { login } = this;
    const { error } = context;
    if (login && error !== undefined && this.isRefusedBy(error)) {
      if (!await this.explained(() => login.renew(connection))) throw this.refusal(error);
      await this.attachAgain(connection);
    } else if (error !== undefined && lacksSchema(error)) {
      // DuckDB remembers which schemas did not exist.
      await this.attachAgain(connection);
    } else {
      // The catalog's next request has the new credentials.
      await this.storage?.renew(connection, context);
    }
  }

  /** Whether the catalog refuses the step's credentials, and there may be newer ones. */
  private isRefusedBy(error: string): boolean {
    const isRenewable = this.login !== undefined || (this.source.signing !== undefined && this.storage!.isRenewable);
    if (refusesAccess(error, this.source.endpoint)) return isRenewable;
    return this.login?.isToken === true && mayRefuseAccess(error);
  }

  /** The error of a refusal after which the secret store has no newer credentials. */
  private refusal(error: string): BootstrapError {
    if (!refusesAccess(error, this.source.endpoint)) return attachError(error, this.known);
    return new BootstrapError(`the catalog refuses the credentials of the secret, which has no others: put valid ones into it (${error})`);
  }

  private async attachAgain(connection: DuckDBConnection): Promise<void> {
    await connection.run(`DETACH DATABASE IF EXISTS ${quotedIdentifier(this.catalog)}`);
    await this.explained(() => connection.run(this.attachStatement));
  }

  private async explained<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (error instanceof DuckDbError) throw error;
      const words = ICEBERG.configRefused.test(textOf(error)) ? await this.wordsOfRefusal() : undefined;
      throw attachError(words === undefined ? textOf(error) : `${textOf(error)}; the catalog says: ${words}`, this.known);
    }
  }

  /** What the catalog says with its refusal, as far as this step can sign in as DuckDB does. */
  private async wordsOfRefusal(): Promise<string | undefined> {
    const { source: { endpoint, signing }, login, storage: data, warehouse } = this;
    const url = new URL(`${endpoint}/v1/config${warehouse === '' ? '' : `?warehouse=${encode(warehouse)}`}`);
    if (signing) {
      const credentials = data?.credentials;
      return credentials && wordsOfRefusal(url, signedHeaders({ method: 'GET', url, headers: {}, body: '' }, { ...signing, credentials }));
    }
    if (login && login.authorization === undefined) return undefined;
    return wordsOfRefusal(url, login ? { authorization: login.authorization! } : {});
  }

  private get attachStatement(): string {
    const attachOptions = Object.entries(this.attachOptions).map(([name, value]) => `, ${name} ${value}`).join('');
    return `ATTACH IF NOT EXISTS ${quotedString(this.warehouse)} AS ${quotedIdentifier(this.catalog)} (TYPE iceberg${attachOptions})`;
  }

  private optionsOf(options: StepOptions, region: string | undefined): Readonly<Record<string, string>> {
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
      ...!data && login && region !== undefined && { DEFAULT_REGION: quotedString(region) },
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

/** What decides whether the catalog accepts a request, for messages. */
function accessOf({ signing }: IcebergSource, login: IcebergLogin | undefined): Pick<KnownCatalog, 'access' | 'credentials'> {
  if (signing) {
    return {
      access: `the permissions of the function's role for ${signing.service}`,
      credentials: 'the AWS credentials, of which a function gets new ones by itself, and the region and service of the signature',
    };
  }
  const access = login ? 'the secret with the token or the client\'s credentials, and what the catalog allows them' : 'what the catalog allows to requests without credentials';
  return { access, credentials: access };
}

/** The data's location is unknown if the configuration does not say it: then every object that no other secret covers is read with this one. */
function storage(step: StepConfig, options: StepOptions, { signing }: IcebergSource, env: NodeJS.ProcessEnv): S3BootstrapStep | undefined {
  const declared = options.object('s3');
  if (declared === undefined && signing === undefined) return undefined;
  // If two secrets match equally, DuckDB takes the first name: the second form sorts after all others.
  const name = declared === undefined ? `~${step.name} data` : `${step.name} data`;
  const assumeRole = options.text('assumeRole');
  return new S3BootstrapStep({ name, type: 's3', provides: [], config: declared ?? { scopes: ['s3://'], region: signing!.region, ...assumeRole !== undefined && { assumeRole } } }, env);
}
