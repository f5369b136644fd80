import { Annotations, ArnFormat, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { allowToUrl, checkCatalogUrl, checkEncryption } from './catalog-url';
import { IcebergBinding } from './iceberg-binding';
import { grantToRole } from '../../aws/assumed-role';
import { otherRegion } from '../../aws/other-region';
import { expectProps, expectText, PropNames, shown } from '../../checks/expect';
import { expectRegion } from '../../checks/region';
import { expectSecretSource, SecretSource } from '../../secret-source';
import { hostOf } from '../s3/s3-endpoint';

/** How the function gets tokens from an OAuth2 server, with the client credentials grant. */
export interface IcebergOAuth2Options {
  /** The client's id, empty if the server wants none, as Snowflake does. It is not a secret, and the template shows it. */
  readonly clientId: string;

  /** The source of the client's secret. */
  readonly clientSecret: SecretSource;

  /** The URL of the token server, such as `https://auth.example.com/oauth2/token`. */
  readonly serverUri: string;

  /**
   * The scope of the tokens, such as `PRINCIPAL_ROLE:ALL`.
   *
   * @default - DuckDB's own, `PRINCIPAL_ROLE:ALL`
   */
  readonly scope?: string;
}

const OAUTH2: PropNames<IcebergOAuth2Options> = { clientId: true, clientSecret: true, serverUri: true, scope: true };

/** An API of API Gateway: its id and its region. */
const API = /^([a-z0-9]+)\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;

/**
 * How the function signs in to an Iceberg REST catalog.
 *
 * @example
 * declare const token: ssm.IParameter;
 * declare const client: secretsmanager.ISecret;
 *
 * IcebergAuth.token(SecretSource.fromSsmParameter(token));
 * IcebergAuth.oauth2({
 *   clientId: 'reports',
 *   clientSecret: SecretSource.fromSecretsManager(client, 'secret'),
 *   serverUri: 'https://catalog.example.com/api/catalog/v1/oauth/tokens',
 * });
 * // A catalog behind API Gateway that asks for AWS's signatures.
 * IcebergAuth.sigV4('execute-api');
 */
export class IcebergAuth {
  /** No sign-in, for a catalog that is reachable only in a private network. */
  public static none(): IcebergAuth {
    return new IcebergAuth(undefined, false, () => ({ type: 'none' }));
  }

  /**
   * Signs in with a bearer token that does not change often. If the catalog refuses it, the runtime fetches the secret again.
   *
   * @param token the token's source
   */
  public static token(token: SecretSource): IcebergAuth {
    expectSecretSource(token, 'IcebergAuth.token has');
    return new IcebergAuth('the token', false, ({ host }) => ({ type: 'token', token: token.bind(host) }));
  }

  /**
   * Signs in with tokens of an OAuth2 server. DuckDB requests them with a client's id and secret, and renews them when they expire.
   *
   * @param options the client and the server
   */
  public static oauth2(options: IcebergOAuth2Options): IcebergAuth {
    const what = 'IcebergAuth.oauth2';
    expectProps(options, what, 'IcebergAuth.oauth2({ clientId, clientSecret, serverUri })', OAUTH2);
    const { clientId, clientSecret, serverUri, scope } = options;
    if (clientId !== '') expectText(clientId, `${what} has the clientId`, 'reports');
    expectSecretSource(clientSecret, `${what} has as clientSecret`);
    checkCatalogUrl(serverUri, `${what} has as serverUri`, 'https://auth.example.com/oauth2/token');
    checkEncryption(serverUri, 'the client\'s secret', `${what} has the serverUri`);
    if (scope !== undefined) expectText(scope, `${what} has the scope`, 'PRINCIPAL_ROLE:ALL');
    return new IcebergAuth('the token', false, ({ host, step, at }) => {
      allowToUrl(host, serverUri, `tokens of the step ${step}`, at);
      return { type: 'oauth2', clientId, clientSecret: clientSecret.bind(host), serverUri, ...(scope !== undefined && { scope }) };
    });
  }

  /**
   * Signs requests with AWS's Signature Version 4, with the function's own credentials or those of the step's `assumeRole`.
   *
   * For a catalog behind API Gateway (`execute-api`), the step grants what the requests need, if the URL names the API as in
   * `https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod`. Another URL, such as one with a custom domain name, causes the warning
   * `cdk-duckdb-lambda:apiNotGranted`. For other services, grant the permission yourself.
   *
   * @param service the name of the service in the signature, such as `execute-api`
   * @param region  the region in the signature; by default the one in the API's URL, or the function's
   */
  public static sigV4(service: string, region?: string): IcebergAuth {
    expectText(service, 'IcebergAuth.sigV4 has the service', 'execute-api');
    if (!Token.isUnresolved(service) && !/^[a-z0-9-]+$/.test(service)) {
      throw new Error(`IcebergAuth.sigV4 has the service ${shown(service)}: expected its name in signatures, such as "execute-api"`);
    }
    if (region !== undefined) expectRegion(region, 'IcebergAuth.sigV4 has the region');
    return new IcebergAuth('the session token of AWS credentials', true, (binding, url) => {
      const signed = service === 'execute-api' ? grantApi(url, region, binding) : region;
      return { type: 'sigv4', service, ...(signed !== undefined && { region: signed }) };
    });
  }

  private constructor(
    /**
     * The secret that requests to the catalog contain, if they contain one.
     * @internal
     */
    public readonly _sends: string | undefined,
    /**
     * Whether requests are signed with AWS credentials.
     * @internal
     */
    public readonly _signs: boolean,
    /**
     * Grants what signing in to the catalog of a URL takes, and returns what the runtime needs.
     * @internal
     */
    public readonly _bind: (binding: IcebergBinding, url: string) => { [key: string]: any },
  ) {}
}

/**
 * Lets the role send a catalog's requests to an API of API Gateway. A private API's own policy must allow them too. Returns the region for the signatures,
 * if it is not the function's.
 */
function grantApi(url: string, region: string | undefined, { host, at, canWrite, assumeRole }: IcebergBinding): string | undefined {
  const [, api, apiRegion] = (Token.isUnresolved(url) ? null : API.exec(hostOf(url))) ?? [];
  if (api === undefined || apiRegion === undefined) {
    Annotations.of(host).addWarningV2('cdk-duckdb-lambda:apiNotGranted', `${at} signs requests for execute-api, but its URL does not name the API: `
      + 'grant execute-api:Invoke on the API to the function\'s role, or to assumeRole, yourself');
    return region;
  }
  if (region !== undefined && Token.compareStrings(region, apiRegion) === TokenComparison.DIFFERENT) {
    throw new Error(`${at} signs requests for the region "${region}", but the API of ${shown(url)} is in ${apiRegion}: remove the region from IcebergAuth.sigV4`);
  }
  const arn = (method: string) => Stack.of(host).formatArn({
    service: 'execute-api', region: apiRegion, resource: api, resourceName: `*/${method}/*`, arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
  const methods = ['GET', 'HEAD', ...(canWrite ? ['POST'] : [])];
  grantToRole(host, assumeRole, (role) => {
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['execute-api:Invoke'], resources: methods.map(arn) }));
  });
  const elsewhere = otherRegion(apiRegion, host);
  host.addRequiredEndpoint({ service: 'execute-api', region: elsewhere });
  return region ?? elsewhere;
}
