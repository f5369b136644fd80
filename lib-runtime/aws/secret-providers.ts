import { BaseProvider } from '@aws-lambda-powertools/parameters/base';
import { AwsError, awsRequest } from './aws-request';
import { regionFor } from './region';

// A separate chunk, which is loaded when a secret is first fetched.

/** Powertools' cache over our own request. Powertools' own providers load clients of the AWS SDK, which take 54 ms of a cold start. */
class Provider extends BaseProvider {
  constructor(private readonly fetch: (name: string) => Promise<string | undefined>) {
    super({});
  }

  protected override _get(name: string): Promise<string | undefined> {
    return this.fetch(name);
  }

  protected override _getMultiple(): Promise<never> {
    throw new Error('secrets are fetched one by one');
  }
}

/** Parameters of SSM Parameter Store, decrypted. */
export const ssm = new Provider(async (name) => {
  const answer = await awsRequest({
    service: 'ssm',
    endpointVariable: 'AWS_ENDPOINT_URL_SSM',
    region: regionFor(name, process.env),
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameter' },
    body: JSON.stringify({ Name: name, WithDecryption: true }),
  });
  const { Parameter } = parsed<{ Parameter?: { Value?: string } }>(answer, 'SSM');
  return Parameter?.Value;
});

/** Secrets of AWS Secrets Manager, as text. */
export const secretsManager = new Provider(async (name) => {
  const answer = await awsRequest({
    service: 'secretsmanager',
    endpointVariable: 'AWS_ENDPOINT_URL_SECRETS_MANAGER',
    region: regionFor(name, process.env),
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' },
    body: JSON.stringify({ SecretId: name }),
  });
  return parsed<{ SecretString?: string }>(answer, 'Secrets Manager').SecretString;
});

/** The error does not repeat the answer, as the parser's message would, because it may contain the secret. */
function parsed<T extends object>(answer: string, service: string): T {
  try {
    const value: unknown = JSON.parse(answer);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as T;
  } catch {
    // Reported below.
  }
  throw new AwsError('UnreadableAnswer', `the answer of ${service} is not a JSON object; check its endpoint's variable, and any proxy`, true);
}
