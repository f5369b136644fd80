import type { DuckDBConnection } from '@duckdb/node-api';
import { runBound } from './run-bound';
import type { BootstrapStep, StepContext } from './step';
import { StepOptions } from './step-options';
import { roles } from '../chunks';
import type { StepConfig } from '../config';
import { type AwsCredentials, environmentCredentials, processCredentials } from '../credentials';
import { ConfigError } from '../errors';
import { quotedIdentifier, quotedString } from '../sql-text';

/** Ends of credentials are met this long before, so that no query outlives its own. */
const RENEW_BEFORE_MS = 5 * 60_000;
const REMOTE_ERROR = /^(?:HTTP|IO) Error: /;
const EXPIRED = /ExpiredToken|TokenRefreshRequired|RequestExpired/;
const S3_URL = /\bs3[an]?:\/\//i;

/** What DuckDB may keep of files that never change; each query would else ask S3 whether they have. */
const IMMUTABLE_SETTINGS = ['enable_http_metadata_cache = true', 'parquet_metadata_cache = true', "validate_external_file_cache = 'NO_VALIDATION'"];

/** DuckDB's own default is the files of a profile only. */
const CHAIN = 'env;config;sso;process;instance';

/** From where DuckDB's secret gets its credentials. */
type Source =
  /** The process's own. PROVIDER config and not credential_chain: that one needs the aws extension, 97 ms of a cold start, and does not renew. */
  | { readonly kind: 'process' }
  | { readonly kind: 'role'; readonly arn: string }
  /** DuckDB's aws extension finds them. */
  | { readonly kind: 'chain' };

/** Access to S3: a DuckDB secret for the step's scopes. */
export class S3BootstrapStep implements BootstrapStep {
  readonly name: string;
  readonly provides = [];
  readonly required = false;
  private readonly scopes: readonly string[];
  private readonly location: () => Record<string, string>;
  private readonly immutable: boolean;
  private readonly source: Source;
  private done = false;
  private current: AwsCredentials | undefined;

  constructor(step: StepConfig, protected readonly env: NodeJS.ProcessEnv) {
    const { scopes, region } = step.config;
    if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string' && scope.startsWith('s3://'))) {
      throw new ConfigError(`the S3 step "${step.name}" has scopes ${JSON.stringify(scopes)}, expected a list such as ["s3://bucket/"]`);
    }
    if (region !== undefined && typeof region !== 'string') {
      throw new ConfigError(`the S3 step "${step.name}" has region ${JSON.stringify(region)}, expected a name such as "eu-west-1"`);
    }
    const options = new StepOptions(step);
    this.name = step.name;
    this.scopes = scopes;
    this.location = () => locationOptions(options, env, this.defaultRegion);
    this.immutable = options.flag('immutable');
    this.source = source(options);
  }

  get ready(): boolean {
    return true;
  }

  get immediate(): boolean {
    return this.source.kind === 'process' && environmentCredentials(this.env) !== undefined;
  }

  mayBeNeededBy(sql: string): boolean {
    return S3_URL.test(sql);
  }

  binds(_error: string): boolean {
    return false;
  }

  isStale(sql: string): boolean {
    const now = this.source.kind === 'process' ? environmentCredentials(this.env) : undefined;
    // Cheap, so whatever the statement says: what it reaches may stand in a view.
    if (now !== undefined) return !sameCredentials(now, this.current);
    const ends = this.current?.expiration?.getTime() ?? Infinity;
    return ends - RENEW_BEFORE_MS < Date.now() && S3_URL.test(sql);
  }

  /** The environment's credentials cannot be renewed: what they are at each statement is what they are. */
  isRefusedBy(error: string): boolean {
    return REMOTE_ERROR.test(error) && (!this.done || (EXPIRED.test(error) && !this.immediate));
  }

  /** DuckDB itself repeats what failed on the way. */
  isUnluckyBy(): boolean {
    return false;
  }

  async run(connection: DuckDBConnection, _context: StepContext): Promise<void> {
    const { kind } = this.source;
    const credentials = kind === 'chain' ? undefined : kind === 'role' ? await roles().assumeRole(this.source.arn, this.env) : await processCredentials(this.env);
    await this.makeSecret(connection, credentials);
  }

  /** Where neither the step nor the environment names one. */
  protected get defaultRegion(): string | undefined {
    return undefined;
  }

  protected get secretName(): string {
    return this.name;
  }

  /** Makes DuckDB's secret; its aws extension finds the credentials where there are none. */
  protected async makeSecret(connection: DuckDBConnection, credentials: AwsCredentials | undefined): Promise<void> {
    const options = { SCOPE: `[${this.scopes.map(quotedString).join(', ')}]`, ...this.location() };
    const literals = Object.entries(options).map(([name, value]) => `, ${name} ${value}`).join('');
    const create = `CREATE OR REPLACE TEMPORARY SECRET ${quotedIdentifier(this.secretName)} (TYPE s3`;
    if (credentials === undefined) {
      await connection.run(`${create}, PROVIDER credential_chain, CHAIN ${quotedString(CHAIN)}${literals})`);
    } else {
      // Values are bound, never written into the SQL: parser errors and logs echo SQL.
      await runBound(connection, `${create}, PROVIDER config, KEY_ID $keyId, SECRET $secret, SESSION_TOKEN $sessionToken${literals})`, {
        keyId: credentials.accessKeyId, secret: credentials.secretAccessKey, sessionToken: credentials.sessionToken ?? '',
      });
    }
    if (this.immutable) for (const setting of IMMUTABLE_SETTINGS) await connection.run(`SET GLOBAL ${setting}`);
    this.current = credentials;
    this.done = true;
  }

  async renew(connection: DuckDBConnection, context: StepContext): Promise<void> {
    await this.run(connection, context);
  }
}

function source(options: StepOptions): Source {
  const arn = options.text('assumeRole');
  if (!options.flag('credentialChain')) return arn === undefined ? { kind: 'process' } : { kind: 'role', arn };
  if (arn !== undefined) options.refuse('assumeRole', 'none beside "credentialChain"');
  return { kind: 'chain' };
}

/** Region and endpoint, where the step does not say by the variables that the AWS SDKs read. */
function locationOptions(options: StepOptions, env: NodeJS.ProcessEnv, defaultRegion: string | undefined): Record<string, string> {
  const region = options.text('region') ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? defaultRegion;
  const endpoint = options.text('endpoint') ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  const urlStyle = options.oneOf('urlStyle', ['path', 'vhost']);
  return {
    ...(region && { REGION: quotedString(region) }),
    ...(endpoint && endpointOptions(endpoint)),
    ...(urlStyle && { URL_STYLE: quotedString(urlStyle) }),
    ...(options.flag('requesterPays') && { REQUESTER_PAYS: 'true' }),
  };
}

function endpointOptions(endpoint: string): Record<string, string> {
  if (!URL.canParse(endpoint)) throw new ConfigError(`the S3 endpoint "${endpoint}" is not a URL; expected one such as http://127.0.0.1:9000`);
  const { protocol, host } = new URL(endpoint);
  return { ENDPOINT: quotedString(host), USE_SSL: String(protocol === 'https:'), URL_STYLE: "'path'" };
}

function sameCredentials(a: AwsCredentials, b: AwsCredentials | undefined): boolean {
  return a.accessKeyId === b?.accessKeyId && a.secretAccessKey === b.secretAccessKey && a.sessionToken === b.sessionToken;
}
