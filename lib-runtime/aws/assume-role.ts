import { awsRequest } from './aws-request';
import type { AwsCredentials } from './credentials';
import { regionFor } from './region';
import { BootstrapError, messageOf } from '../base/errors';
import { rememberSecret } from '../base/redaction';

// A separate chunk, which is loaded only to assume a role.

const SECONDS = 3600;

/** Credentials of another role (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). */
export async function assumeRole(role: string, env: NodeJS.ProcessEnv): Promise<AwsCredentials> {
  const query = {
    Action: 'AssumeRole', Version: '2011-06-15', RoleArn: role, RoleSessionName: env.AWS_LAMBDA_FUNCTION_NAME ?? 'duckdb', DurationSeconds: String(SECONDS),
  };
  const answer = await awsRequest({
    service: 'sts',
    endpointVariable: 'AWS_ENDPOINT_URL_STS',
    region: regionFor('', env),
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: new URLSearchParams(query).toString(),
  }).catch((cause) => {
    throw new BootstrapError(`cannot assume the role "${role}": ${messageOf(cause)}; the function's role needs sts:AssumeRole on it, and its trust ` +
      "policy must name the function's role", { cause, retryable: cause.passing });
  });
  const field = (name: string) => fieldOf(answer, name, role);
  const credentials = {
    accessKeyId: field('AccessKeyId'), secretAccessKey: field('SecretAccessKey'), sessionToken: field('SessionToken'), expiration: new Date(field('Expiration')),
  };
  if (Number.isNaN(credentials.expiration.getTime())) throw incomplete(role, 'no readable "Expiration"');
  rememberSecret(credentials.secretAccessKey);
  rememberSecret(credentials.sessionToken);
  return credentials;
}

function fieldOf(answer: string, name: string, role: string): string {
  const value = new RegExp(`<${name}>([^<]+)</${name}>`).exec(answer)?.[1];
  if (value === undefined) throw incomplete(role, `no "${name}"`);
  return value;
}

/** The error does not repeat the answer, because it may contain the credentials. */
function incomplete(role: string, what: string): BootstrapError {
  return new BootstrapError(`cannot assume the role "${role}": the answer has ${what}, expected credentials from STS: check AWS_ENDPOINT_URL_STS, and any proxy`);
}
