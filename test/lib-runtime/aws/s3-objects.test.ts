import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { S3Objects } from '../../../lib-runtime/aws/s3-objects';
import { startFarS3, startS3, type FarS3Server, type S3Server } from '../../bed';
import { type Front, frontOf } from '../front';

const KEYS = ['plain', 'folder/day=1/x', "sp ace/+&?#%25é'(!)*", 'colon:at@comma,', '<&">.json'];

describe.each<[string, () => Promise<S3Server | FarS3Server>]>([
  ['rclone', startS3], ['the far S3', () => startFarS3({ tls: false })],
])('objects of %s', (_, start) => {
  let s3: S3Server;
  let front: Front;
  let objects: S3Objects;
  const outside = { ...process.env };

  beforeAll(async () => {
    s3 = await start();
    front = await frontOf(s3.endpoint);
    mkdirSync(join(s3.dir, 'bucket'));
    process.env = { ...outside, AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey };
  }, 120_000);
  beforeEach(() => {
    front.requests.length = 0;
    front.fault = () => undefined;
    objects = new S3Objects('bucket', { region: s3.region }, { AWS_ENDPOINT_URL_S3: front.endpoint });
  });
  afterAll(async () => {
    process.env = outside;
    await front?.stop();
    await s3?.stop();
  });

  test.each(KEYS)('the key %s is written, read, listed and deleted', async (key) => {
    await objects.put(`in/${key}`, 'tëxt', 'text/plain');
    expect(await objects.get(`in/${key}`)).toBe('tëxt');
    expect(await objects.list(`in/${key}`)).toEqual([{ key: `in/${key}`, bytes: 5 }]);
    await objects.delete(`in/${key}`);
    expect(await objects.get(`in/${key}`)).toBeUndefined();
    expect(await objects.list('in/')).toEqual([]);
  });

  test('a list has what begins with the prefix, and only that', async () => {
    for (const key of ['a/1', 'a/2', 'ab/1', 'b']) await objects.put(key, key, 'text/plain');
    expect(await objects.list('a/')).toEqual([{ key: 'a/1', bytes: 3 }, { key: 'a/2', bytes: 3 }]);
    await objects.delete('a/never-there');
  });

  test('the list of a folder has all that is in it, and nothing of the folders below', async () => {
    const keys = Array.from({ length: 1_100 }, (__, i) => `many/${String(i).padStart(4, '0')}`);
    for (const key of [...keys, 'many/x/below', 'many/y/z/below', 'many0']) await objects.put(key, key, 'text/plain');
    front.requests.length = 0;
    expect(await objects.listFolder('many/')).toEqual(keys.map((key) => ({ key, bytes: 9 })));
    expect(front.requests).toHaveLength(2);
    expect(await objects.listFolder('none/')).toEqual([]);
  }, 60_000);

  test('a server that is busy is asked again, and a refusal is reported', async () => {
    front.fault = (_what, count) => (count < 3 ? { status: 503, body: '<Error><Code>SlowDown</Code></Error>' } : undefined);
    await objects.put('again', 'x', 'text/plain');
    expect(front.requests).toHaveLength(3);
    front.fault = () => ({ status: 403, body: '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>' });
    await expect(objects.get('again')).rejects.toMatchObject({ code: 'AccessDenied', passing: false });
  });
});

test.each<[string, Record<string, string>, object, string]>([
  ['my-bucket', {}, {}, 'https://my-bucket.s3.eu-west-1.amazonaws.com'],
  ['my.bucket', {}, {}, 'https://s3.eu-west-1.amazonaws.com/my.bucket'],
  ['my-bucket', { AWS_REGION: 'cn-north-1' }, {}, 'https://my-bucket.s3.cn-north-1.amazonaws.com.cn'],
  ['my-bucket', {}, { region: 'us-east-2' }, 'https://my-bucket.s3.us-east-2.amazonaws.com'],
  ['my-bucket', { AWS_ENDPOINT_URL: 'http://127.0.0.1:1/' }, {}, 'http://127.0.0.1:1/my-bucket'],
  ['my-bucket', { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:2/s3/' }, {}, 'http://127.0.0.1:2/s3/my-bucket'],
  ['my-bucket', { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:2' }, { endpoint: 'http://127.0.0.1:3' }, 'http://127.0.0.1:3/my-bucket'],
])('the bucket %s with %p and %p is at %s', (bucket, env, location, url) => {
  expect(new S3Objects(bucket, location, { AWS_REGION: 'eu-west-1', ...env })).toMatchObject({ base: url });
});

test('an endpoint that is not a URL is an error', () => {
  expect(() => new S3Objects('b', { region: 'eu-west-1' }, { AWS_ENDPOINT_URL_S3: 'localhost' })).toThrow('the endpoint "localhost" is not a URL');
});
