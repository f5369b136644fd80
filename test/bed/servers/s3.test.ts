import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, startS3, type S3Server } from '..';
import { installAws } from './aws';
import { isAlive, processIdentity } from '../process/process-identity';
import { describeWith } from '../require';

const PUT_AND_GET = `
import boto3
s3 = boto3.client('s3')
s3.create_bucket(Bucket='lake')
s3.put_object(Bucket='lake', Key='a/b.txt', Body=b'forty-two')
print(s3.get_object(Bucket='lake', Key='a/b.txt')['Body'].read().decode(), end='')`;

describeWith(['s3', 'aws'], 'startS3', () => {
  let s3: S3Server;

  beforeAll(async () => { s3 = await startS3(); });
  afterAll(async () => { await s3.stop(); });

  async function python(script: string, secretAccessKey = s3.secretAccessKey): Promise<string> {
    const env = {
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_REGION: s3.region,
      AWS_DEFAULT_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    return (await run(join(await installAws(), 'bin/python'), ['-c', script], { env })).stdout;
  }

  it('keeps what a signed request puts, under its directory', async () => {
    expect(await python(PUT_AND_GET)).toBe('forty-two');
    expect(readFileSync(join(s3.dir, 'lake/a/b.txt'), 'utf8')).toBe('forty-two');
  });

  it('refuses a wrong signature', async () => {
    await expect(python(PUT_AND_GET, 'wrong')).rejects.toThrow('SignatureDoesNotMatch');
  });

  it('starts at once when installed, and leaves no process', async () => {
    const start = performance.now();
    const another = await startS3();
    expect(performance.now() - start).toBeLessThan(10_000);
    const identity = processIdentity(another.pid)!;
    expect(isAlive(identity)).toBe(true);
    await another.stop();
    expect(isAlive(identity)).toBe(false);
  });
});
