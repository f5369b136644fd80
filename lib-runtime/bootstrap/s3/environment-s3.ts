import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type S3Location, S3BootstrapStep } from './s3';
import { type AwsCredentials, credentialChain, environmentCredentials, processCredentials } from '../../aws/credentials';
import type { StepConfig } from '../../base/config';
import { ConfigError, messageOf } from '../../base/errors';
import { AWS_SDK, DUCKDB, HTTPFS, S3, saysOneOf } from '../../base/wording';
import { statusesIn } from '../../diagnosis/http-statuses';
import type { Diagnosis, StepContext } from '../step';

const S3_URL = /\bs3[an]?:\/\//i;
/** S3 answers 403 to an unsigned request. Compatible servers answer 400 or 401. */
const DENIED_STATUSES = [400, 401, 403];
const DENIED = [S3.accessDenied, HTTPFS.forbidden];
/** Credentials for reading without a signature, from a public bucket. */
const NOBODY: AwsCredentials = { accessKeyId: '', secretAccessKey: '' };

/**
 * Access to S3 with the settings that the AWS SDKs read: their variables, and their credential chain. This step exists without a declaration, on a
 * laptop or in a unit test where no stack has declared anything.
 *
 * Of several secrets for the same path, DuckDB takes the secret whose name comes first. So a secret of the user's own takes precedence.
 */
export class EnvironmentS3Step extends S3BootstrapStep {
  private isNobody = false;
  private isPrepared = false;
  private profile: S3Location | undefined;

  constructor({ name }: StepConfig, env: NodeJS.ProcessEnv) {
    super({ name, type: 's3', provides: [], config: { scopes: ['s3://'] } }, env);
  }

  protected override get secretName(): string {
    return '~environment';
  }

  protected override get defaults(): S3Location {
    return this.profile ?? {};
  }

  /** It needs httpfs, which no instance has when it is created. */
  override get runsImmediately(): boolean {
    return false;
  }

  /** The step is not declared, so it waits for a statement that needs it. */
  override get ready(): boolean {
    return false;
  }

  override diagnose(error: string, isDone: boolean): Diagnosis | undefined {
    if (!isDone && DUCKDB.missingExtensionError.test(error) && S3_URL.test(error)) return 'missing';
    // Without httpfs, an error does not come from S3.
    if (!this.isPrepared) return undefined;
    if (this.isNobody) return isDenied(error) ? 'refused' : undefined;
    return super.diagnose(error, isDone);
  }

  /** Sets region and endpoint before the first request that httpfs can make, and credentials if they are available without a request. */
  async prepare(connection: DuckDBConnection): Promise<void> {
    this.isPrepared = true;
    await this.use(connection, environmentCredentials(this.env));
  }

  override async run(connection: DuckDBConnection, context: StepContext): Promise<void> {
    await context.ensureExtension('httpfs');
    // In an instance of `bootstrap: []`, nothing has prepared the step.
    if (!this.isPrepared) await this.prepare(connection);
    await this.use(connection, await this.find());
  }

  override async renew(connection: DuckDBConnection, context: StepContext): Promise<void> {
    await super.renew(connection, context);
    if (this.isNobody) {
      const { AWS_PROFILE: profile } = this.env;
      const found = profile ? `the profile "${profile}" of AWS_PROFILE, if there is one, has no AWS credentials` : 'there are no AWS credentials';
      throw new ConfigError(`S3 refused a request without a signature, and ${found}: set AWS_PROFILE to one that aws configure list-profiles shows, ` +
        'or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with aws sso login');
    }
  }

  private async use(connection: DuckDBConnection, credentials: AwsCredentials | undefined): Promise<void> {
    this.isNobody = credentials === undefined;
    this.profile ??= await locationOfProfile(this.env);
    await this.makeSecrets(connection, credentials ?? NOBODY);
  }

  private async find(): Promise<AwsCredentials | undefined> {
    try {
      return await processCredentials(this.env);
    } catch (error) {
      if (AWS_SDK.noCredentials.test(messageOf(error))) return undefined;
      throw error;
    }
  }
}

function isDenied(error: string): boolean {
  return saysOneOf([DUCKDB.httpError, DUCKDB.ioError], error)
    && (statusesIn(error).some((status) => DENIED_STATUSES.includes(status)) || saysOneOf(DENIED, error));
}

/** Reads the AWS SDKs' shared files, as the SDKs do. Values that a variable has need not be read there. */
async function locationOfProfile(env: NodeJS.ProcessEnv): Promise<S3Location> {
  const hasRegion = Boolean(env.AWS_REGION || env.AWS_DEFAULT_REGION);
  const hasEndpoint = Boolean(env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL);
  if ((hasRegion && hasEndpoint) || !sharedFiles(env).some((file) => existsSync(file))) return {};
  const { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } = credentialChain();
  const region = hasRegion ? undefined : await loadConfig(NODE_REGION_CONFIG_OPTIONS, NODE_REGION_CONFIG_FILE_OPTIONS)().catch(() => undefined);
  const endpoint = hasEndpoint ? undefined : await loadConfig(ENDPOINT_OPTIONS)().catch(() => undefined);
  return { ...(region && { region }), ...(endpoint && { endpoint }) };
}

function sharedFiles(env: NodeJS.ProcessEnv): readonly string[] {
  return [env.AWS_CONFIG_FILE || join(homedir(), '.aws/config'), env.AWS_SHARED_CREDENTIALS_FILE || join(homedir(), '.aws/credentials')];
}

type Sections = Readonly<Record<string, string | undefined>>;

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html */
const ENDPOINT_OPTIONS = {
  environmentVariableSelector: () => undefined,
  configFileSelector: (profile: Sections, sections?: Readonly<Record<string, Sections | undefined>>) => (
    profile.ignore_configured_endpoint_urls === 'true' ? undefined : sections?.[`services.${profile.services}`]?.['s3.endpoint_url'] ?? profile.endpoint_url
  ),
  default: () => undefined,
};
