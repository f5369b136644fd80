import { createRequire } from 'node:module';
import { rememberSecret } from '../base/redaction';

// Another name than `require`, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** The AWS SDK's credential chain. Evaluating it takes tens of milliseconds. */
export const credentialChain = () => requireFromHere('./aws-credential-chain') as typeof import('./aws-credential-chain');

/** AWS credentials of the process. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When they expire, if they do. */
  readonly expiration?: Date;
}

/** The credentials in the environment's variables, as in a Lambda function. Undefined if there are none. */
export function environmentCredentials(env: NodeJS.ProcessEnv): AwsCredentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

/** The environment's credentials, or those of the AWS SDK's chain. */
export async function processCredentials(env: NodeJS.ProcessEnv): Promise<AwsCredentials> {
  return environmentCredentials(env) ?? chainCredentials();
}

/**
 * The credentials of the AWS SDK's default chain: shared files, single sign-on, container, instance metadata.
 *
 * Call it only if the environment has no credentials, because it loads the SDK. Throws the SDK's own error if no provider has credentials.
 */
export async function chainCredentials(): Promise<AwsCredentials> {
  const credentials = await credentialChain().defaultProvider()();
  rememberSecret(credentials.secretAccessKey);
  rememberSecret(credentials.sessionToken);
  return credentials;
}
