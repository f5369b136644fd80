import { Duration, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { IConstruct } from 'constructs';
import { otherRegion } from './aws/other-region';
import { expectDuration, expectOptions, expectText, PropNames } from './checks/expect';
import { IDuckDbHost } from './duckdb-host';

/** How the runtime fetches a secret. */
export interface SecretSourceOptions {
  /**
   * How long the runtime uses a value before it fetches it again. If a server refuses a value, the runtime fetches it again at once.
   *
   * @default Duration.minutes(5)
   */
  readonly maxAge?: Duration;

  /**
   * The KMS key that encrypts the value. Set it if CDK does not know the key, as for an imported parameter or secret.
   *
   * @default - the key that CDK knows, or else the AWS managed key, which does not need a permission
   */
  readonly encryptionKey?: kms.IKey;
}

const OPTIONS: PropNames<SecretSourceOptions> = { maxAge: true, encryptionKey: true };

/**
 * A secret that the runtime fetches when a bootstrap step needs it.
 *
 * The template and the function's environment contain only its name, never its value.
 *
 * @example
 * declare const token: ssm.IParameter;
 * declare const login: secretsmanager.ISecret;
 *
 * SecretSource.fromSsmParameter(token);
 * // The field `password` of a secret that is JSON, fetched at most once a minute.
 * SecretSource.fromSecretsManager(login, 'password', { maxAge: Duration.minutes(1) });
 */
export class SecretSource {
  /**
   * A parameter of SSM Parameter Store, encrypted (SecureString) or not.
   *
   * @param parameter such as `StringParameter.fromSecureStringParameterAttributes(this, 'Password', { parameterName: '/db/password' })`
   */
  public static fromSsmParameter(parameter: ssm.IParameter, options: SecretSourceOptions = {}): SecretSource {
    expectConstruct(parameter, 'parameterArn', 'fromSsmParameter has no parameter: expected an IParameter, '
      + 'such as ssm.StringParameter.fromSecureStringParameterAttributes(this, \'Password\', { parameterName: \'/db/password\' })');
    checkOptions(options, 'fromSsmParameter');
    const key = options.encryptionKey ?? (parameter as { encryptionKey?: kms.IKey }).encryptionKey;
    return new SecretSource((host) => {
      const { parameterArn } = parameter;
      // CDK treats a parameter that was imported by its ARN as one of the stack's account, and drops the path from its name.
      const isNamedByArn = !Token.isUnresolved(parameterArn);
      grant(host, 'ssm:GetParameter', parameterArn, key);
      host.addRequiredEndpoint({ service: 'ssm', region: otherRegion(parameter.env.region, host) });
      // SSM accepts a name only for the function's own account and region.
      return { ssm: isNamedByArn || isElsewhere(parameter, host) ? parameterArn : parameter.parameterName, ...age(options) };
    });
  }

  /**
   * A secret of AWS Secrets Manager.
   *
   * @param secret such as `Secret.fromSecretCompleteArn(this, 'Password', arn)`
   * @param field  if the secret is JSON, the field that has the value; by default the whole secret
   */
  public static fromSecretsManager(secret: secretsmanager.ISecret, field?: string, options: SecretSourceOptions = {}): SecretSource {
    expectConstruct(secret, 'secretArn', 'fromSecretsManager has no secret: expected an ISecret, '
      + 'such as secretsmanager.Secret.fromSecretNameV2(this, \'Password\', \'db/password\')');
    if (field !== undefined) expectText(field, 'SecretSource.fromSecretsManager has the field', 'password');
    checkOptions(options, 'fromSecretsManager');
    const key = options.encryptionKey ?? secret.encryptionKey;
    return new SecretSource((host) => {
      // The ARN of a secret that was imported by name lacks the six characters that AWS appends.
      grant(host, 'secretsmanager:GetSecretValue', secret.secretFullArn ?? `${secret.secretArn}-??????`, key);
      host.addRequiredEndpoint({ service: 'secretsmanager', region: otherRegion(secret.env.region, host) });
      return { secretsManager: secret.secretArn, ...(field !== undefined && { field }), ...age(options) };
    });
  }

  private constructor(private readonly grantAndDescribe: (host: IDuckDbHost) => { [key: string]: any }) {}

  /**
   * Lets a function read the secret, and returns the reference with which its runtime fetches it, for a step's configuration.
   *
   * @param host the function whose step needs the secret
   */
  public bind(host: IDuckDbHost): { [key: string]: any } {
    return this.grantAndDescribe(host);
  }
}

function grant(host: IDuckDbHost, action: string, resource: string, key?: kms.IKey): void {
  iam.Grant.addToPrincipal({ grantee: host, actions: [action], resourceArns: [resource] });
  key?.grant(host, 'kms:Decrypt');
}

function age({ maxAge }: SecretSourceOptions): { maxAgeSeconds?: number } {
  return maxAge ? { maxAgeSeconds: maxAge.toSeconds() } : {};
}

function isElsewhere(parameter: ssm.IParameter, host: IConstruct): boolean {
  const { account, region } = Stack.of(host);
  return [[parameter.env.account, account], [parameter.env.region, region]]
    .some(([theirs, ours]) => Token.compareStrings(theirs, ours) === TokenComparison.DIFFERENT);
}

/** Refuses a value that is not a secret source. The error does not repeat the value, because it may be the secret itself. */
export function expectSecretSource(source: unknown, what: string): void {
  if (typeof source === 'object' && typeof (source as SecretSource | null)?.bind === 'function') return;
  throw new Error(`${what} ${source === undefined ? 'nothing' : 'a value that is not a SecretSource'}: expected one such as SecretSource.fromSsmParameter(parameter), `
    + 'because the template would show the value itself');
}

function expectConstruct(value: unknown, attribute: string, message: string): void {
  if (typeof value !== 'object' || value === null || !(attribute in value)) throw new Error(`SecretSource.${message}`);
}

function checkOptions(options: SecretSourceOptions, method: string): void {
  expectOptions(options, `SecretSource.${method}`, OPTIONS);
  expectDuration(options.maxAge, 'a SecretSource has the maxAge');
}
