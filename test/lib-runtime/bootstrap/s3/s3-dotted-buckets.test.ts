import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startS3, type S3Server } from '../../../bed/servers/s3';
import { type AwsFront, awsFrontOf } from '../../aws-front';
import { freshRuntime } from '../../fresh-runtime';
import { rejection } from '../../rejection';
import { config } from '../../runtime-config';
import { says } from '../../says';
import { signedExtensions } from '../../signed-extensions';

const AWS = 'https://s3.us-east-1.amazonaws.com';

describe('buckets with a dot in their names, over TLS', () => {
  let s3: S3Server;
  let front: AwsFront;
  let environment: Record<string, string>;

  beforeAll(async () => {
    s3 = await startS3();
    front = await awsFrontOf(s3.endpoint, s3.region);
    for (const bucket of ['my.lake.example', 'other.lake', 'plain']) mkdirSync(join(s3.dir, bucket));
    environment = {
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'tpch'),
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: s3.region,
    };
    const { cursor } = start({ scopes: ['s3://my.lake.example/', 's3://other.lake/'] });
    await cursor((c) => c.execute("COPY (SELECT range AS i FROM range(100)) TO 's3://my.lake.example/t/x.parquet'"));
    await cursor((c) => c.execute("COPY (SELECT range AS i FROM range(100)) TO 's3://other.lake/t/x.parquet'"));
  }, 120_000);
  afterAll(() => Promise.all([front?.stop(), s3?.stop()]));
  beforeEach(() => { front.requests.length = 0; });

  function start(stepConfig: object, settings: object = {}) {
    const step = { name: 's3', type: 's3', config: stepConfig };
    return freshRuntime({ ...environment, ...config({ extensions: ['httpfs'], steps: [step], settings: { ...front.settings, http_retries: 0, ...settings } }) });
  }
  const count = (bucket: string, scheme = 's3') => `SELECT count(*) AS n FROM '${scheme}://${bucket}/t/*.parquet'`;

  test.each(['s3', 's3a', 's3n'])('are read in path style, by %s://', async (scheme) => {
    const { cursor } = start({ scopes: ['s3://my.lake.example/t/'] });
    expect(await cursor((c) => c.queryOne(count('my.lake.example', scheme)))).toEqual({ n: 100 });
    for (const asked of front.requests) expect(asked).toContain(` ${AWS}/my.lake.example`);
  });

  test('the other buckets of the step are asked for by their own host, as before', async () => {
    const { cursor } = start({ scopes: ['s3://my.lake.example/', 's3://plain/'] });
    expect(await cursor((c) => c.queryOne(count('my.lake.example')))).toEqual({ n: 100 });
    front.requests.length = 0;
    await rejection(cursor((c) => c.query("FROM 's3://plain/x.parquet'")));
    expect(front.requests).toEqual(['HEAD https://plain.s3.us-east-1.amazonaws.com/x.parquet']);
    expect(await cursor((c) => c.query('SELECT name FROM duckdb_secrets() ORDER BY name'))).toEqual([{ name: 's3' }, { name: 's3 path style' }]);
  });

  test('an urlStyle of the step\'s own is the user\'s to choose', async () => {
    const { cursor } = start({ scopes: ['s3://my.lake.example/'], urlStyle: 'vhost' });
    const error = await rejection(cursor((c) => c.query(count('my.lake.example'))));
    expect(error).toMatchObject({ code: 'QUERY' });
    says('CURL.unverifiedBucket', error.message);
    expect(front.requests).toEqual([]);
  });

  test('a bucket that no scope names is asked for in path style once its certificate has not matched, without credentials', async () => {
    // As httpfs reads it from the environment of a function, which a Jest environment is not.
    const { cursor } = start({ scopes: ['s3://plain/'] }, { s3_region: s3.region });
    // A public bucket would answer; this server knows no requests without a signature.
    const error = await rejection(cursor((c) => c.query(count('other.lake'))));
    expect(error).toMatchObject({ code: 'QUERY', message: expect.stringContaining('UnsupportedAlgorithm') });
    expect(front.requests).toEqual([expect.stringMatching(/^GET https:\/\/s3\.us-east-1\.amazonaws\.com\/other\.lake\/\?/)]);
    const [secret] = await cursor((c) => c.query("SELECT scope, secret_string FROM duckdb_secrets() WHERE name <> 's3'"));
    expect(secret).toEqual({ scope: ['s3://other.lake/', 's3a://other.lake/', 's3n://other.lake/'], secret_string: expect.not.stringContaining(s3.accessKeyId) });
  });

  test('one that a wider scope covers is read with the step\'s credentials', async () => {
    const { cursor } = start({ scopes: ['s3://'] });
    expect(await cursor((c) => c.queryOne(count('other.lake')))).toEqual({ n: 100 });
    await cursor((c) => c.execute(`CREATE VIEW v AS ${count('my.lake.example')}`)).catch(() => undefined);
    expect(await cursor((c) => c.queryOne(count('my.lake.example')))).toEqual({ n: 100 });
  });

  test('a secret of the user\'s own for such a bucket stays the one that counts', async () => {
    const { cursor } = start({ scopes: ['s3://plain/'] });
    await cursor((c) => c.execute("CREATE SECRET mine (TYPE s3, KEY_ID 'a-key', SECRET 'a-secret', SCOPE 's3://other.lake/', REGION 'us-east-1')"));
    expect(await rejection(cursor((c) => c.query(count('other.lake'))))).toMatchObject({ message: expect.stringContaining('SSL peer certificate') });
    expect(await cursor((c) => c.query('SELECT name FROM duckdb_secrets() ORDER BY name'))).toEqual([{ name: 'mine' }, { name: 's3' }]);
  });
});
