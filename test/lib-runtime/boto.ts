import { join } from 'node:path';
import { run } from '../bed';
import { installAws } from '../bed/servers/aws';

/** Runs Python with AWS's own client, as somebody who may do everything; returns what it prints, as JSON. */
export async function boto(aws: { readonly endpoint: string }, script: string, timeoutMs = 30_000): Promise<any> {
  const env = {
    AWS_ENDPOINT_URL: aws.endpoint, AWS_ENDPOINT_URL_SSM: aws.endpoint, AWS_DEFAULT_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret',
  };
  const { stdout } = await run(join(await installAws(), 'bin/python'), ['-c', `import boto3, json\n${script}`], { env, timeoutMs });
  return stdout === '' ? undefined : JSON.parse(stdout);
}
