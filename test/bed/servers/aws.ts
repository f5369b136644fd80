import { join } from 'node:path';
import { startProcess, type BackgroundProcess } from '../process/background-process';
import { freePort } from '../process/free-port';
import { pythonPackages } from '../process/packages';
import { newRunDirectory } from '../process/run-directory';

export interface AwsOptions {
  /** Check signatures and IAM policies. Until `allowUnchecked`, every request then needs a known access key. @default false */
  readonly iam?: boolean;
}

export interface AwsServer extends BackgroundProcess {
  /** Of every service, as this machine sees it; containers use `CONTAINER_HOST` and `port`. */
  readonly endpoint: string;
  readonly port: number;
  /** Lets the next requests pass without a check, to make users and policies with. */
  allowUnchecked(requests: number): Promise<void>;
}

/** A virtual environment with moto and, for tests, AWS's own client boto3. */
export const installAws = async () =>
  pythonPackages('moto', ['moto[server,cloudformation,iam,s3,secretsmanager,ssm,stepfunctions,sts]==5.2.5', 'boto3==1.43.28']);

/** moto, a server of the AWS APIs (SSM, Secrets Manager, STS, IAM, CloudFormation …), on all addresses. */
export async function startAws(options: AwsOptions = {}): Promise<AwsServer> {
  const environment = await installAws();
  const directory = newRunDirectory('aws');
  const port = await freePort();
  const { pid, stop } = await startProcess({
    directory,
    command: [join(environment, 'bin/moto_server'), '--host', '0.0.0.0', '--port', `${port}`],
    env: options.iam ? { INITIAL_NO_AUTH_ACTION_COUNT: '0' } : {},
    port,
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const allowUnchecked = async (requests: number) => {
    const response = await fetch(`${endpoint}/moto-api/reset-auth`, { method: 'POST', body: `${requests}` });
    if (!response.ok) throw new Error(`moto refused to reset its checks: ${response.status} ${await response.text()}`);
  };
  return { pid, stop, endpoint, port, allowUnchecked };
}
