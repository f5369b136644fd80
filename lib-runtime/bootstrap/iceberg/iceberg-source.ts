import { hasPrivateHost } from '../../base/private-host';
import type { StepOptions } from '../step-options';

/** Where a catalog is, and what is special about it. */
export interface IcebergSource {
  readonly endpoint: string;
  /** The name of a signature's service and region; undefined if requests are not signed. */
  readonly signing?: { readonly service: string; readonly region: string };
  /** Whether it creates a table at once. DuckDB's default is to create it with the first commit. */
  readonly createsAtOnce: boolean;
  /** The options of ATTACH for what the catalog cannot do, or insists on. */
  readonly attachOptions: Readonly<Record<string, string>>;
}

/**
 * Reads where a step's catalog is. Throws `CONFIG` for a configuration that does not say it.
 *
 * DuckDB's own `ENDPOINT_TYPE` knows no other endpoints than those in `amazonaws.com`.
 */
export function icebergSource(options: StepOptions, env: NodeJS.ProcessEnv): IcebergSource {
  const source = options.oneOf('source', ['s3tables', 'glue', 'rest']);
  switch (source) {
    case 's3tables':
      // It refuses DROP TABLE without a purge.
      return awsSource(options, env, 's3tables', 'true');
    case 'glue':
      // It refuses DROP TABLE with a purge.
      return awsSource(options, env, 'glue', 'false');
    case 'rest':
      return restSource(options, env);
    default:
      return options.refuse('source', 'one of: s3tables, glue, rest');
  }
}

function awsSource(options: StepOptions, env: NodeJS.ProcessEnv, service: 's3tables' | 'glue', purges: 'true' | 'false'): IcebergSource {
  const region = options.requiredText('region');
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  // The variables of the AWS SDKs come before AWS's own host, as for the other services.
  const server = env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] ?? env.AWS_ENDPOINT_URL ?? `https://${service}.${region}.${domain}`;
  const endpoint = options.text('endpoint') ?? `${server.replace(/\/+$/, '')}/iceberg`;
  requireEncryption(options, 'endpoint');
  return { endpoint, signing: { service, region }, createsAtOnce: true, attachOptions: { STAGE_CREATE_TABLES: 'false', PURGE_REQUESTED: purges } };
}

function restSource(options: StepOptions, env: NodeJS.ProcessEnv): IcebergSource {
  const auth = options.part('auth');
  if (![undefined, 'none'].includes(auth?.text('type'))) requireEncryption(options, 'endpoint');
  if (auth?.text('type') === 'oauth2') requireEncryption(auth, 'serverUri');
  return { endpoint: options.requiredText('endpoint'), signing: signing(options, env), createsAtOnce: false, attachOptions: {} };
}

/** The URL may have been completed at deployment, when the construct could not check it. */
function requireEncryption(options: StepOptions, name: string): void {
  const url = options.text(name);
  if (url === undefined || !/^http:/i.test(url) || (URL.canParse(url) && hasPrivateHost(new URL(url)))) return;
  options.refuse(name, 'a URL with https, because http would send credentials unencrypted to a host that is not known to be private');
}

function signing(options: StepOptions, env: NodeJS.ProcessEnv): IcebergSource['signing'] {
  const auth = options.part('auth');
  if (auth?.oneOf('type', ['none', 'token', 'oauth2', 'sigv4']) !== 'sigv4') return undefined;
  const region = auth.text('region') ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  return { service: auth.requiredText('service'), region: region ?? auth.refuse('region', 'a region such as "eu-west-1", because AWS_REGION is not set') };
}
