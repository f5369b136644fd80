import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { deployedEnvironment } from './deployed-environment';
import { DuckDbFunction, S3Permissions, S3Step, S3StepProps } from '../../src';
import { startAws, type AwsServer } from '../bed';
import { describeWith } from '../bed/require';
import { boto } from '../lib-runtime/boto';
import { freshRuntime, type Runtime } from '../lib-runtime/fresh-runtime';
import { rejection } from '../lib-runtime/rejection';
import { signedExtensions } from '../lib-runtime/signed-extensions';

const LAKE = `
s3 = boto3.client('s3')
s3.create_bucket(Bucket='lake', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
for key in ['events/2025/a.csv', 'events/2025/b.csv', 'private/c.csv']:
    s3.put_object(Bucket='lake', Key=key, Body=b'n\\n1\\n2\\n')
`;

describeWith('aws', 'the permissions of an S3Step, held against IAM', () => {
  let aws: AwsServer;

  beforeAll(async () => {
    aws = await startAws({ iam: true });
    await aws.allowUnchecked(20);
    await boto(aws, LAKE);
  });
  afterAll(() => aws.stop());

  /** The runtime as the synthesised function would run it, with a key that may do what its policy says. */
  async function functionWith(props: Partial<S3StepProps>): Promise<Runtime> {
    const stack = new Stack(new App(), 'Stack', { env: { account: '123456789012', region: 'eu-west-1' } });
    const lake = Bucket.fromBucketName(stack, 'Lake', 'lake');
    new DuckDbFunction(stack, 'Fn', { entry: join(__dirname, '..', 'fixtures', 'handler.ts'), bootstrap: [new S3Step({ buckets: [lake], ...props })] });
    return freshRuntime({ ...await deployedEnvironment(stack, aws), DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs') });
  }

  const sum = ({ cursor }: Runtime, path: string) => cursor((c) => c.queryOne(`SELECT sum(n) AS sum FROM read_csv('${path}')`));
  const write = ({ cursor }: Runtime, path: string) => cursor((c) => c.execute(`COPY (SELECT 3 AS n) TO '${path}' (FORMAT csv)`));
  const overwrite = ({ cursor }: Runtime, path: string, partitions = 1) => cursor((c) => c.execute(
    `COPY (SELECT n AS part, n FROM range(1, ${partitions + 1}) t(n)) TO '${path}' (FORMAT csv, PARTITION_BY (part), WRITE_PARTITION_COLUMNS, OVERWRITE)`));
  const denied = { code: 'QUERY', message: expect.stringMatching(/403/) };

  test('reading a prefix: listing and reading it, and nothing else', async () => {
    const runtime = await functionWith({ prefixes: ['events/'] });
    expect(await sum(runtime, 's3://lake/events/2025/a.csv')).toEqual({ sum: 3 });
    expect(await sum(runtime, 's3://lake/events/*/*.csv')).toEqual({ sum: 6 });
    expect(await rejection(sum(runtime, 's3://lake/private/c.csv'))).toMatchObject(denied);
    expect(await rejection(sum(runtime, 's3://lake/private/*.csv'))).toMatchObject(denied);
    expect(await rejection(write(runtime, 's3://lake/events/d.csv'))).toMatchObject(denied);
  });

  test('reading a bucket: all of it, and no writing', async () => {
    const runtime = await functionWith({});
    expect(await sum(runtime, 's3://lake/*/**/*.csv')).toEqual({ sum: 9 });
    expect(await rejection(write(runtime, 's3://lake/events/d.csv'))).toMatchObject(denied);
  });

  test('writing too, within the prefix', async () => {
    const runtime = await functionWith({ prefixes: ['events/'], permissions: S3Permissions.READ_WRITE });
    await write(runtime, 's3://lake/events/d.csv');
    expect(await sum(runtime, 's3://lake/events/d.csv')).toEqual({ sum: 3 });
    expect(await rejection(write(runtime, 's3://lake/private/d.csv'))).toMatchObject(denied);
    await overwrite(runtime, 's3://lake/events/kept');
    expect(await rejection(overwrite(runtime, 's3://lake/events/kept'))).toMatchObject({ code: 'QUERY', message: expect.stringMatching(/AccessDenied/) });
  });

  test('overwriting too: what was there is gone', async () => {
    const runtime = await functionWith({ prefixes: ['events/'], permissions: S3Permissions.READ_WRITE_DELETE });
    await overwrite(runtime, 's3://lake/events/out', 3);
    await overwrite(runtime, 's3://lake/events/out', 1);
    expect(await sum(runtime, 's3://lake/events/out/**/*.csv')).toEqual({ sum: 1 });
  });
});
