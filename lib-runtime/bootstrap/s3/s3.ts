import { createRequire } from 'node:module';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type AwsCredentials, environmentCredentials, processCredentials } from '../../aws/credentials';
import type { StepConfig } from '../../base/config';
import { ConfigError } from '../../base/errors';
import { quotedIdentifier, quotedString } from '../../base/sql-text';
import { CURL, DUCKDB, S3, saysOneOf } from '../../base/wording';
import { withoutEcho } from '../../diagnosis/missing-catalog';
import { hasChanged } from '../../diagnosis/transient-http';
import { runBound } from '../run-bound';
import type { BootstrapStep, Diagnosis, StepContext } from '../step';
import { StepOptions } from '../step-options';

// A distinct name, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** The module that assumes a role. */
const roles = () => requireFromHere('../../aws/assume-role') as typeof import('../../aws/assume-role');

/** Credentials are renewed this long before they expire, so that no query outlives its credentials. */
const RENEW_BEFORE_MS = 5 * 60_000;
const REMOTE_ERRORS = [DUCKDB.httpError, DUCKDB.ioError];
const EXPIRED = [S3.expiredToken, S3.tokenRefreshRequired, S3.requestExpired];
const S3_URL = /\bs3[an]?:\/\//i;
const S3_BUCKETS = /\bs3[an]?:\/\/([^/\s'"]*)/gi;
const HTTP_URLS = /\bhttps?:\/\/([^/\s'"]+)(?:\/([^/\s'"?]*))?/gi;
const AWS_HOST = /\.amazonaws\.com(?:\.cn)?$/;
/** DuckDB reads all of these schemes as S3, and compares a secret's scope literally. */
const SCHEMES = ['s3://', 's3a://', 's3n://'];
const PATH_STYLE = { URL_STYLE: "'path'" };

/** DuckDB's own default is only the files of a profile. */
const CHAIN = 'env;config;sso;process;instance';

/** The source of the credentials in DuckDB's secret. */
type Source =
  /**
   * The process's own credentials. PROVIDER config and not credential_chain, which needs the aws extension, adds 97 ms to a cold start and does not
   * renew.
   */
  | { readonly kind: 'process' }
  | { readonly kind: 'role'; readonly arn: string }
  /** DuckDB's aws extension finds the credentials. */
  | { readonly kind: 'chain' };

/** One DuckDB secret. */
interface Secret {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  /** Undefined if DuckDB is to find them. */
  readonly credentials: Pick<AwsCredentials, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'> | undefined;
}

/** The location of S3. */
export interface S3Location {
  readonly region?: string;
  readonly endpoint?: string;
}

const NO_CREDENTIALS = { accessKeyId: '', secretAccessKey: '' };

/** Access to S3: DuckDB secrets for the step's scopes. */
export class S3BootstrapStep implements BootstrapStep {
  readonly name: string;
  readonly provides = [];
  readonly required = false;
  readonly prefetch: readonly string[] | undefined;
  /** The names of the secrets that the step creates, or has created. */
  secrets: readonly string[];
  private readonly scopes: readonly string[];
  private readonly location: () => Record<string, string>;
  private readonly source: Source;
  private readonly maxStalenessMs: number;
  private current: AwsCredentials | undefined;
  /** Buckets that no scope names and that can only be reached in path style, as errors have shown. */
  private readonly found = new Set<string>();

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
    this.secrets = [this.secretName];
    this.scopes = scopes;
    this.location = () => locationOptions(options, env, this.defaults);
    this.maxStalenessMs = options.flag('immutable') ? Infinity : 1000 * (options.number('maxStalenessSeconds') ?? 0);
    this.prefetch = options.texts('prefetch');
    this.source = source(options);
  }

  get ready(): boolean {
    return true;
  }

  get runsImmediately(): boolean {
    return this.hasFixedCredentials;
  }

  mayBeNeededBy(sql: string): boolean {
    return S3_URL.test(sql);
  }

  maxStalenessMsOf(url: string): number | undefined {
    const plain = url.replace(/^s3[an]:/i, 's3:');
    return this.scopes.some((scope) => plain.startsWith(scope)) ? this.maxStalenessMs : undefined;
  }

  isStale(sql?: string): boolean {
    const now = this.source.kind === 'process' ? environmentCredentials(this.env) : undefined;
    // This check is cheap, so it does not depend on the statement. A view may contain the URLs that the statement reads.
    if (now !== undefined) return !sameCredentials(now, this.current);
    const ends = this.current?.expiration?.getTime() ?? Infinity;
    return ends - RENEW_BEFORE_MS < Date.now() && (sql === undefined || S3_URL.test(sql));
  }

  /** Failures of the network are not this step's concern: DuckDB itself repeats such requests. */
  diagnose(error: string, isDone: boolean): Diagnosis | undefined {
    if (!saysOneOf(REMOTE_ERRORS, error)) return undefined;
    // Without its secret, a bucket is searched for elsewhere, or without credentials.
    const isRefused = isDone ? hasExpired(error) && !this.hasFixedCredentials : this.isMeantBy(error);
    if (isRefused || this.unverifiedBucket(error) !== undefined) return 'refused';
    return isDone && hasChanged(error) ? 'transient' : undefined;
  }

  async run(connection: DuckDBConnection, { error }: StepContext): Promise<void> {
    this.noteUnverified(error);
    const { kind } = this.source;
    const credentials = kind === 'chain' ? undefined : kind === 'role' ? await roles().assumeRole(this.source.arn, this.env) : await processCredentials(this.env);
    await this.makeSecrets(connection, credentials);
  }

  async renew(connection: DuckDBConnection, context: StepContext): Promise<void> {
    if (this.noteUnverified(context.error)) {
      // The credentials are still valid.
      await this.makeSecrets(connection, this.current);
      return;
    }
    const { current: before } = this;
    await this.run(connection, context);
    // The credentials of a profile have no known expiry, and stay until somebody changes them.
    const hasEnded = (before?.expiration?.getTime() ?? 0) <= Date.now();
    if (before?.accessKeyId && hasEnded && this.current && sameCredentials(before, this.current)) {
      throw new ConfigError('the AWS credentials have expired, and there are no newer ones: sign in again, for example with aws sso login, or set new ones');
    }
  }

  /** Whether newer credentials may be found after a refusal. */
  get isRenewable(): boolean {
    return !this.hasFixedCredentials;
  }

  /** The credentials in the secrets. Undefined if DuckDB has found them. */
  get credentials(): AwsCredentials | undefined {
    return this.current;
  }

  /** The region, if neither the step nor the environment has one. */
  protected get defaults(): S3Location {
    return {};
  }

  /** Whether the credentials are the environment's. The current ones are read at each statement. */
  private get hasFixedCredentials(): boolean {
    return this.source.kind === 'process' && environmentCredentials(this.env) !== undefined;
  }

  protected get secretName(): string {
    return this.name;
  }

  /** Creates DuckDB's secrets. DuckDB's aws extension finds the credentials if there are none. */
  protected async makeSecrets(connection: DuckDBConnection, credentials: AwsCredentials | undefined): Promise<void> {
    const secrets = [...this.secretsOfScopes(credentials), ...this.secretsOfTheRest(), ...await this.secretsOfFound(connection, credentials)];
    for (const secret of secrets) await make(connection, secret);
    this.secrets = secrets.map(({ name }) => name);
    this.current = credentials;
  }

  private secretsOfScopes(credentials: AwsCredentials | undefined): readonly Secret[] {
    const options = this.location();
    const needsPath = (scope: string) => !('URL_STYLE' in options) && bucketOf(scope).includes('.');
    const plain = this.scopes.filter((scope) => !needsPath(scope));
    const dotted = this.scopes.filter(needsPath);
    return [
      ...plain.length > 0 || dotted.length === 0 ? [{ name: this.secretName, scopes: plain, options, credentials }] : [],
      ...dotted.length > 0
        ? [{ name: plain.length > 0 ? `${this.secretName} path style` : this.secretName, scopes: dotted, options: { ...options, ...PATH_STYLE }, credentials }]
        : [],
    ];
  }

  /**
   * Keys outside the prefixes are requested from the bucket's own endpoint, without credentials. By DuckDB's default, they would be requested from
   * AWS.
   */
  private secretsOfTheRest(): readonly Secret[] {
    const options = this.location();
    if (!('ENDPOINT' in options)) return [];
    const buckets = new Set(this.scopes.map(bucketOf).filter((bucket) => bucket !== '').map((bucket) => `s3://${bucket}/`));
    const scopes = [...buckets].filter((bucket) => !this.scopes.includes(bucket));
    // If two secrets match equally, DuckDB takes the first name: this name sorts after all others.
    return scopes.length === 0 ? [] : [{ name: `~${this.name} unsigned`, scopes, options, credentials: NO_CREDENTIALS }];
  }

  /** The user's own secret for such a bucket still takes precedence. */
  private async secretsOfFound(connection: DuckDBConnection, credentials: AwsCredentials | undefined): Promise<readonly Secret[]> {
    const secrets: Secret[] = [];
    for (const bucket of this.found) {
      const scope = `s3://${bucket}/`;
      const isOurs = this.scopes.some((ours) => scope.startsWith(ours));
      const rows = await (await connection.run(`SELECT name FROM which_secret(${quotedString(scope)}, 's3')`)).getRows();
      if (rows.some(([name]) => name !== this.secretName && !this.secrets.includes(String(name)))) continue;
      // If two secrets match equally, DuckDB takes the first name: this name sorts after all others.
      secrets.push({
        name: `~${this.name} ${bucket}`,
        scopes: [scope],
        options: { ...isOurs && this.location(), ...PATH_STYLE },
        credentials: isOurs ? credentials : NO_CREDENTIALS,
      });
    }
    return secrets;
  }

  /** The bucket whose name is not in S3's certificate, if path style can reach it. */
  private unverifiedBucket(error: string): string | undefined {
    return 'URL_STYLE' in this.location() ? undefined : CURL.unverifiedBucket.exec(error)?.[1];
  }

  /** Whether the error is about such a bucket, which is used in path style from now on. */
  private noteUnverified(error: string | undefined): boolean {
    const bucket = error === undefined ? undefined : this.unverifiedBucket(error);
    if (bucket !== undefined) this.found.add(bucket);
    return bucket !== undefined;
  }

  /** Whether an error mentions the step's buckets, with their S3 or HTTP URLs. */
  private isMeantBy(error: string): boolean {
    const text = withoutEcho(error);
    const buckets = this.scopes.map(bucketOf);
    // A scope such as `s3://` covers every bucket.
    const isAny = buckets.includes('');
    const endpoint = isAny ? this.location().ENDPOINT?.slice(1, -1) : undefined;
    return [...text.matchAll(S3_BUCKETS)].some(([, bucket]) => isAny || buckets.includes(bucket!))
      || [...text.matchAll(HTTP_URLS)].some(([, host, segment]) => (
        isAny ? host === endpoint || AWS_HOST.test(host!) : buckets.some((bucket) => segment === bucket || host!.startsWith(`${bucket}.`))
      ));
  }
}

async function make(connection: DuckDBConnection, { name, scopes, options, credentials }: Secret): Promise<void> {
  const scope = scopes.flatMap((each) => SCHEMES.map((scheme) => quotedString(each.replace('s3://', scheme))));
  const literals = Object.entries({ SCOPE: `[${scope.join(', ')}]`, ...options }).map(([option, value]) => `, ${option} ${value}`).join('');
  const create = `CREATE OR REPLACE TEMPORARY SECRET ${quotedIdentifier(name)} (TYPE s3`;
  if (credentials === undefined) {
    await connection.run(`${create}, PROVIDER credential_chain, CHAIN ${quotedString(CHAIN)}${literals})`);
    return;
  }
  // Values are bound and never written into the SQL, because parser errors and logs repeat SQL.
  await runBound(connection, `${create}, PROVIDER config, KEY_ID $keyId, SECRET $secret, SESSION_TOKEN $sessionToken${literals})`, {
    keyId: credentials.accessKeyId, secret: credentials.secretAccessKey, sessionToken: credentials.sessionToken ?? '',
  });
}

/** The scope's bucket; empty if the scope covers more than one bucket. */
/** Whether S3 refuses credentials because they have expired. */
export function hasExpired(error: string): boolean {
  return saysOneOf(REMOTE_ERRORS, error) && saysOneOf(EXPIRED, error);
}

function bucketOf(scope: string): string {
  return /^s3:\/\/([^/]+)\//.exec(scope)?.[1] ?? '';
}

function source(options: StepOptions): Source {
  const arn = options.text('assumeRole');
  if (!options.flag('credentialChain')) return arn === undefined ? { kind: 'process' } : { kind: 'role', arn };
  if (arn !== undefined) options.refuse('assumeRole', 'none beside "credentialChain"');
  return { kind: 'chain' };
}

/** Region and endpoint. If the step does not set them, they come from the variables that the AWS SDKs read. */
function locationOptions(options: StepOptions, env: NodeJS.ProcessEnv, defaults: S3Location): Record<string, string> {
  const region = options.text('region') ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? defaults.region;
  const endpoint = options.text('endpoint') ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ?? defaults.endpoint;
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
