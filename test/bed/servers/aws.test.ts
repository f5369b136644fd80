import { join } from 'node:path';
import { run, startAws, type AwsServer } from '..';
import { installAws } from './aws';
import { isAlive, processIdentity } from '../process/process-identity';
import { describeWith } from '../require';

async function python(server: AwsServer, script: string): Promise<string> {
  const env = { AWS_ENDPOINT_URL: server.endpoint, AWS_DEFAULT_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
  return (await run(join(await installAws(), 'bin/python'), ['-c', script], { env })).stdout;
}

describeWith('aws', 'startAws', () => {
  it('answers SSM and Secrets Manager', async () => {
    const aws = await startAws();
    try {
      expect(await python(aws, `
import boto3
ssm, secrets = boto3.client('ssm'), boto3.client('secretsmanager')
ssm.put_parameter(Name='/app/password', Value='open sesame', Type='SecureString')
secrets.create_secret(Name='app', SecretString='{"username":"reader"}')
print(ssm.get_parameter(Name='/app/password', WithDecryption=True)['Parameter']['Value'], secrets.get_secret_value(SecretId='app')['SecretString'], end='')
`)).toBe('open sesame {"username":"reader"}');
    } finally {
      await aws.stop();
    }
  });

  it('checks policies when asked to', async () => {
    const aws = await startAws({ iam: true });
    try {
      await aws.allowUnchecked(4);
      expect(await python(aws, `
import boto3, json
iam = boto3.client('iam')
iam.create_user(UserName='reader')
key = iam.create_access_key(UserName='reader')['AccessKey']
statement = {'Effect': 'Allow', 'Action': 'ssm:GetParameter', 'Resource': '*'}
iam.put_user_policy(UserName='reader', PolicyName='read', PolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': [statement]}))
boto3.client('ssm').put_parameter(Name='/app/password', Value='open sesame', Type='String')
ssm = boto3.client('ssm', aws_access_key_id=key['AccessKeyId'], aws_secret_access_key=key['SecretAccessKey'])
print(ssm.get_parameter(Name='/app/password')['Parameter']['Value'])
try:
  ssm.delete_parameter(Name='/app/password')
except ssm.exceptions.ClientError as error:
  print(error.response['ResponseMetadata']['HTTPStatusCode'])
`)).toBe('open sesame\n403\n');
    } finally {
      await aws.stop();
    }
  });

  it('starts quickly when installed, and leaves no process', async () => {
    const start = performance.now();
    const aws = await startAws();
    expect(performance.now() - start).toBeLessThan(25_000);
    const identity = processIdentity(aws.pid)!;
    expect(isAlive(identity)).toBe(true);
    await aws.stop();
    expect(isAlive(identity)).toBe(false);
  });
});
