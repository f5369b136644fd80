import { createRequire } from 'node:module';
import type { DuckDBConnection } from '@duckdb/node-api';
import { runBound } from './run-bound';
import type { BootstrapStep, Diagnosis, StepContext } from './step';
import { StepOptions } from './step-options';
import { type AwsCredentials, environmentCredentials, processCredentials } from '../aws/credentials';
import type { StepConfig } from '../base/config';
import { ConfigError } from '../base/errors';
import { quotedIdentifier, quotedString } from '../base/sql-text';
import { withoutEcho } from '../diagnosis/missing-catalog';
import { hasChanged } from '../diagnosis/transient-http';

// A name of its own, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** What assumes a role. */
const roles = () => requireFromHere('../aws/assume-role') as typeof import('../aws/assume-role');

/** Ends of credentials are met this long before, so that no query outlives its own. */
const RENEW_BEFORE_MS = 5 * 60_000;
const REMOTE_ERROR = /^(?:HTTP|IO) Error: /;
const EXPIRED = /ExpiredToken|TokenRefreshRequired|RequestExpired/;
const S3_URL = /\bs3[an]?:\/\//i;
const S3_BUCKETS = /\bs3[an]?:\/\/([^/\s'"]*)/gi;
const HTTP_URLS = /\bhttps?:\/\/([^/\s'"]+)(?:\/([^/\s'"?]*))?/gi;
const AWS_HOST = /\.amazonaws\.com(?:\.cn)?$/;
/** The certificate `*.s3.REGION.amazonaws.com` is not one of a bucket with a dot in its name (https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html). */
const UNVERIFIED_BUCKET = /SSL peer certificate[^\n]* 'https:\/\/([^/']*\.[^/']*)\.s3\.[^/']*amazonaws\.com[/']/;
/** DuckDB reads all of them as S3, and matches a secret's scope by its letters. */
const SCHEMES = ['s3://', 's3a://', 's3n://'];
const PATH_STYLE = { URL_STYLE: "'path'" };

/** DuckDB's own default is the files of a profile only. */
const CHAIN = 'env;config;sso;process;instance';

/** From where DuckDB's secret gets its credentials. */
type Source =
  /** The process's own. PROVIDER config and not credential_chain: that one needs the aws extension, 97 ms of a cold start, and does not renew. */
  | { readonly kind: 'process' }
  | { readonly kind: 'role'; readonly arn: string }
  /** DuckDB's aws extension finds them. */
  | { readonly kind: 'chain' };

/** One DuckDB secret. */
interface Secret {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  /** Undefined for DuckDB to find them. */
  readonly credentials: Pick<AwsCredentials, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'> | undefined;
}

/** Where S3 is. */
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
  /** The names of what it makes, or has made. */
  secrets: readonly string[];
  private readonly scopes: readonly string[];
  private readonly location: () => Record<string, string>;
  private readonly source: Source;
  private readonly maxStalenessMs: number;
  private current: AwsCredentials | undefined;
  /** Buckets that no scope names and that can only be reached in path style, as errors have told. */
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

  isStale(sql: string): boolean {
    const now = this.source.kind === 'process' ? environmentCredentials(this.env) : undefined;
    // Cheap, so whatever the statement says: what it reaches may stand in a view.
    if (now !== undefined) return !sameCredentials(now, this.current);
    const ends = this.current?.expiration?.getTime() ?? Infinity;
    return ends - RENEW_BEFORE_MS < Date.now() && S3_URL.test(sql);
  }

  /** A request that fails on the way is not its concern: DuckDB itself repeats it. */
  diagnose(error: string, isDone: boolean): Diagnosis | undefined {
    if (!REMOTE_ERROR.test(error)) return undefined;
    // Without its secret a bucket is looked for elsewhere, or without credentials.
    const isRefused = isDone ? EXPIRED.test(error) && !this.hasFixedCredentials : this.isMeantBy(error);
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
      // The credentials are as good as before.
      await this.makeSecrets(connection, this.current);
      return;
    }
    const { current: before } = this;
    await this.run(connection, context);
    // What a profile holds has no end that is known, and stays until somebody changes it.
    const hasEnded = (before?.expiration?.getTime() ?? 0) <= Date.now();
    if (before?.accessKeyId && hasEnded && this.current && sameCredentials(before, this.current)) {
      throw new ConfigError('the AWS credentials have expired, and there are no newer ones: sign in again, as by aws sso login, or set new ones');
    }
  }

  /** Where neither the step nor the environment says. */
  protected get defaults(): S3Location {
    return {};
  }

  /** Whether they are the environment's: what these are at each statement is what they are. */
  private get hasFixedCredentials(): boolean {
    return this.source.kind === 'process' && environmentCredentials(this.env) !== undefined;
  }

  protected get secretName(): string {
    return this.name;
  }

  /** Makes DuckDB's secrets; its aws extension finds the credentials where there are none. */
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

  /** What is outside of the prefixes is asked for where the bucket is, without credentials: by DuckDB's own default it would be AWS. */
  private secretsOfTheRest(): readonly Secret[] {
    const options = this.location();
    if (!('ENDPOINT' in options)) return [];
    const buckets = new Set(this.scopes.map(bucketOf).filter((bucket) => bucket !== '').map((bucket) => `s3://${bucket}/`));
    const scopes = [...buckets].filter((bucket) => !this.scopes.includes(bucket));
    // A tie of two secrets is decided by their names: after all others.
    return scopes.length === 0 ? [] : [{ name: `~${this.name} unsigned`, scopes, options, credentials: NO_CREDENTIALS }];
  }

  /** The user's own secret for such a bucket stays the one that counts. */
  private async secretsOfFound(connection: DuckDBConnection, credentials: AwsCredentials | undefined): Promise<readonly Secret[]> {
    const secrets: Secret[] = [];
    for (const bucket of this.found) {
      const scope = `s3://${bucket}/`;
      const isOurs = this.scopes.some((ours) => scope.startsWith(ours));
      const rows = await (await connection.run(`SELECT name FROM which_secret(${quotedString(scope)}, 's3')`)).getRows();
      if (rows.some(([name]) => name !== this.secretName && !this.secrets.includes(String(name)))) continue;
      // A tie of two secrets is decided by their names: after all others.
      secrets.push({
        name: `~${this.name} ${bucket}`,
        scopes: [scope],
        options: { ...isOurs && this.location(), ...PATH_STYLE },
        credentials: isOurs ? credentials : NO_CREDENTIALS,
      });
    }
    return secrets;
  }

  /** The bucket whose name is not in the certificate that S3 showed, if path style can reach it. */
  private unverifiedBucket(error: string): string | undefined {
    return 'URL_STYLE' in this.location() ? undefined : UNVERIFIED_BUCKET.exec(error)?.[1];
  }

  /** Whether the error is about such a bucket, which is reached in path style from now on. */
  private noteUnverified(error: string | undefined): boolean {
    const bucket = error === undefined ? undefined : this.unverifiedBucket(error);
    if (bucket !== undefined) this.found.add(bucket);
    return bucket !== undefined;
  }

  /** Whether an error speaks of the step's buckets, by their S3 or HTTP URLs. */
  private isMeantBy(error: string): boolean {
    const text = withoutEcho(error);
    const buckets = this.scopes.map(bucketOf);
    // A scope such as `s3://` is any bucket's.
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
  // Values are bound, never written into the SQL: parser errors and logs echo SQL.
  await runBound(connection, `${create}, PROVIDER config, KEY_ID $keyId, SECRET $secret, SESSION_TOKEN $sessionToken${literals})`, {
    keyId: credentials.accessKeyId, secret: credentials.secretAccessKey, sessionToken: credentials.sessionToken ?? '',
  });
}

/** Empty where a scope is more than one bucket's. */
function bucketOf(scope: string): string {
  return /^s3:\/\/([^/]+)\//.exec(scope)?.[1] ?? '';
}

function source(options: StepOptions): Source {
  const arn = options.text('assumeRole');
  if (!options.flag('credentialChain')) return arn === undefined ? { kind: 'process' } : { kind: 'role', arn };
  if (arn !== undefined) options.refuse('assumeRole', 'none beside "credentialChain"');
  return { kind: 'chain' };
}

/** Region and endpoint, where the step does not say by the variables that the AWS SDKs read. */
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
