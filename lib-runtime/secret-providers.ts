import { BaseProvider } from '@aws-lambda-powertools/parameters/base';
import { awsRequest } from './aws-request';
import { regionFor } from './region';

// A chunk of its own, loaded only when a secret is first fetched.

/** Powertools' cache over a request of ours: its own providers bring clients of the AWS SDK, 54 ms of a cold start. */
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
  return (JSON.parse(answer) as { Parameter: { Value?: string } }).Parameter.Value;
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
  return (JSON.parse(answer) as { SecretString?: string }).SecretString;
});
