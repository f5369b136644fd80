import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAws, startS3, type AwsServer, type S3Server } from '../../../bed';
import { describeWith } from '../../../bed/require';
import { valuesOf } from '../../built-runtime';
import { freshRuntime } from '../../fresh-runtime';
import { type Fault, type Front, frontOf } from '../../front';
import { rejection } from '../../rejection';
import { config } from '../../runtime-config';
import { signedExtensions } from '../../signed-extensions';

const COUNT = "SELECT count(*) AS n FROM 's3://lake/t.parquet'";
const refusal = (status: number, code: string): Fault => (
  { status, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`, headers: { 'content-type': 'application/xml' } }
);

describeWith(['s3', 'aws'], 'ways to S3', () => {
  let s3: S3Server;
  let aws: AwsServer;
  let store: Front;
  let sts: Front;
  let environment: Record<string, string>;

  beforeAll(async () => {
    [s3, aws] = await Promise.all([startS3(), startAws()]);
    [store, sts] = await Promise.all([frontOf(s3.endpoint), frontOf(aws.endpoint)]);
    mkdirSync(join(s3.dir, 'lake'));
    environment = {
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'tpch', 'aws'),
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: s3.region,
      AWS_ENDPOINT_URL_S3: store.endpoint,
      AWS_ENDPOINT_URL_STS: sts.endpoint,
    };
    const { cursor } = start({});
    await cursor((c) => c.execute("COPY (SELECT range AS i, repeat('x', 50) || hash(range) AS text FROM range(100000)) TO 's3://lake/t.parquet'"));
  });
  afterAll(() => Promise.all([store?.stop(), sts?.stop(), s3?.stop(), aws?.stop()]));
  beforeEach(() => {
    for (const front of [store, sts]) {
      front.requests.length = 0;
      front.fault = () => undefined;
    }
  });

  function start(stepConfig: object, more: Record<string, string> = {}) {
    return freshRuntime({ ...environment, ...more, ...config({ extensions: ['httpfs'], steps: [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/'], ...stepConfig } }] }) });
  }

  /** As STS answers, with credentials that the S3 server knows. */
  const assumed = (seconds = 3600): Fault => ({
    status: 200,
    body: `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${s3.accessKeyId}</AccessKeyId><SecretAccessKey>${s3.secretAccessKey}</SecretAccessKey>` +
      `<SessionToken>a-session-token</SessionToken><Expiration>${new Date(Date.now() + seconds * 1000).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  });
  const role = { assumeRole: 'arn:aws:iam::123456789012:role/reader' };

  test('a role is assumed when a query names S3, and once', async () => {
    sts.fault = () => assumed();
    const { cursor } = start(role);
    await cursor((c) => c.query('SELECT 1'));
    expect(sts.requests).toHaveLength(0);
    expect(await Promise.all([1, 2, 3].map(() => cursor((c) => c.queryOne(COUNT))))).toEqual(Array(3).fill({ n: 100_000 }));
    expect(sts.requests).toEqual([
      'Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Freader&RoleSessionName=duckdb&DurationSeconds=3600',
    ]);
  });

  test('a real STS understands the request', async () => {
    const { cursor } = start(role);
    // Its credentials are not known to this S3 server.
    expect(await rejection(cursor((c) => c.queryOne(COUNT)))).toMatchObject({ code: 'QUERY', message: expect.stringMatching(/403/) });
    expect(sts.requests).toHaveLength(1);
    const secrets = await cursor((c) => c.queryOne<{ secret_string: string }>('SELECT secret_string FROM duckdb_secrets()'));
    expect(secrets!.secret_string).toMatch(/key_id=ASIA/);
  });

  test('a role that may not be assumed is an error that says what is missing', async () => {
    sts.fault = () => refusal(403, 'AccessDenied');
    expect(await rejection(start(role).cursor((c) => c.queryOne(COUNT)))).toMatchObject({
      code: 'BOOTSTRAP', retryable: false, message: expect.stringContaining('cannot assume the role "arn:aws:iam::123456789012:role/reader": AccessDenied: no; the function'),
    });
  });

  describe('while a role is not assumed', () => {
    const missing = '/tmp/there-is-no-such-file.csv';

    test.each([
      [`FROM read_csv('${missing}')`],
      [`CREATE TABLE x AS FROM read_csv('${missing}')`],
      ['COPY (SELECT 1) TO \'/tmp/there-is-no-such-directory/x.csv\''],
      ["ATTACH '/tmp/there-is-no-such-directory/x.duckdb' AS x"],
      ["FROM read_csv('http://127.0.0.1:1/x.csv')"],
    ])('what fails elsewhere keeps its own error, and asks STS for nothing: %s', async (sql) => {
      sts.fault = () => refusal(403, 'AccessDenied');
      const { cursor } = start(role);
      const error = await rejection(cursor((c) => c.execute(sql)));
      expect([error.code, error.duckdbType]).toEqual(['QUERY', 'IO Error']);
      expect(sts.requests).toEqual([]);
    });

    test('nor does the text of a statement make S3\'s what is not: the file is what is missing', async () => {
      sts.fault = () => refusal(403, 'AccessDenied');
      const { cursor } = start(role);
      const error = await rejection(cursor((c) => c.query(`FROM read_csv('${missing}') -- later 's3://lake/t.parquet'`)));
      expect(error).toMatchObject({ code: 'QUERY', message: expect.stringContaining(`No files found that match the pattern "${missing}"`) });
    });

    test('a view of another database names S3, and no text does: the role is assumed, and the view answers', async () => {
      const file = join(mkdtempSync(join(tmpdir(), 'views-')), 'views.duckdb');
      sts.fault = () => assumed();
      const first = start(role);
      await first.cursor((c) => c.execute(`ATTACH '${file}' AS views; CREATE VIEW views.v AS FROM 's3://lake/t.parquet'; DETACH views`));
      sts.requests.length = 0;
      const { cursor } = start(role);
      await cursor((c) => c.execute(`ATTACH '${file}' AS views (READ_ONLY)`));
      expect(sts.requests).toEqual([]);
      expect(await cursor((c) => c.queryOne('SELECT count(*) AS n FROM views.v'))).toEqual({ n: 100_000 });
      expect(sts.requests).toHaveLength(1);
      sts.fault = () => refusal(403, 'AccessDenied');
      const denied = start(role);
      await denied.cursor((c) => c.execute(`ATTACH '${file}' AS views (READ_ONLY)`));
      expect(await rejection(denied.cursor((c) => c.query('FROM views.v')))).toMatchObject({ code: 'BOOTSTRAP', message: expect.stringContaining('cannot assume the role') });
    });
  });

  test('its credentials are renewed near their end', async () => {
    sts.fault = () => assumed(60);
    const { cursor } = start(role);
    await cursor((c) => c.queryOne(COUNT));
    await cursor((c) => c.queryOne(COUNT));
    expect(sts.requests).toHaveLength(2);
  });

  test('expired: new ones, once, and the query answers', async () => {
    sts.fault = () => assumed();
    const { cursor } = start(role);
    await cursor((c) => c.query(COUNT));
    let expired = true;
    store.fault = () => (expired && sts.requests.length < 2 ? refusal(400, 'ExpiredToken') : undefined);
    expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 100_000 });
    expect(sts.requests).toHaveLength(2);
    store.fault = () => refusal(400, 'ExpiredToken');
    expired = false;
    expect(await rejection(cursor((c) => c.queryOne(COUNT)))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('ExpiredToken') });
    expect(sts.requests).toHaveLength(3);
  });

  test.each(['<html>sesame', '', '<AccessKeyId>sesame</AccessKeyId>', '<AccessKeyId>a</AccessKeyId><SecretAccessKey>sesame</SecretAccessKey>'])(
    'an answer of STS without credentials is a typed error that tells nothing of it: %j', async (body) => {
      sts.fault = () => ({ status: 200, body });
      const { cursor } = start(role);
      const error = await rejection(cursor((c) => c.query(COUNT)));
      expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: true, message: expect.stringMatching(/cannot assume the role ".*": the answer has no "/) });
      expect(error.message).not.toContain('sesame');
    });

  test('an answer of STS without a time of its end is one, too', async () => {
    sts.fault = () => ({ status: 200, body: (assumed() as { body: string }).body.replace(/<Expiration>.*<\/Expiration>/, '<Expiration>soon</Expiration>') });
    const { cursor } = start(role);
    expect((await rejection(cursor((c) => c.query(COUNT)))).message).toContain('the answer has no readable "Expiration"');
  });

  test('expired in a transaction or in a statement that writes: renewed, not repeated', async () => {
    sts.fault = () => assumed();
    const { cursor } = start(role);
    await cursor((c) => c.query(COUNT));
    store.fault = () => (sts.requests.length < 2 ? refusal(400, 'ExpiredToken') : undefined);
    const error = await rejection(cursor((c) => c.transaction((t) => t.query(COUNT))));
    expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: true, message: expect.stringContaining('was renewed; the statement did not run again') });
    expect(await cursor((c) => c.transaction((t) => t.queryOne(COUNT)))).toEqual({ n: 100_000 });
    store.fault = () => (sts.requests.length < 3 ? refusal(400, 'ExpiredToken') : undefined);
    expect(await rejection(cursor((c) => c.execute(`CREATE TABLE t AS ${COUNT}`)))).toMatchObject({ code: 'BOOTSTRAP', retryable: true });
  });

  test('DuckDB\'s own chain of credentials, by its aws extension', async () => {
    const step = { name: 's3', type: 's3', config: { scopes: ['s3://lake/'], credentialChain: true } };
    // In a process of its own: what is native does not see the variables of a Jest environment.
    const [answer] = await valuesOf(`
      import { cursor } from 'cdk-duckdb-lambda/runtime';
      console.log(JSON.stringify(await cursor(async (c) => [await c.queryOne("${COUNT}"), await c.queryOne('SELECT provider FROM duckdb_secrets()')])));`,
    { env: { ...environment, ...config({ extensions: ['httpfs', 'aws'], steps: [step] }) } });
    expect(answer).toEqual([{ n: 100_000 }, { provider: 'credential_chain' }]);
  });

  test('an endpoint and a URL style of the step\'s own; requester pays', async () => {
    const { cursor } = start({ endpoint: store.endpoint, urlStyle: 'path', requesterPays: true }, { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' });
    expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 100_000 });
    const secret = await cursor((c) => c.queryOne<{ secret_string: string }>('SELECT secret_string FROM duckdb_secrets()'));
    expect(secret!.secret_string).toMatch(/requester_pays=true/);
    expect((await cursor((c) => c.queryOne<{ secret_string: string }>('SELECT secret_string FROM duckdb_secrets()')))!.secret_string).toMatch(/url_style=path/);
  });

  test.each([['', {}], [', also of a role', role]])('immutable data is asked for once%s', async (_, changes) => {
    sts.fault = () => assumed();
    const { cursor } = start({ immutable: true, ...changes });
    const sum = () => cursor((c) => c.queryOne("SELECT sum(i) AS s FROM 's3://lake/t.parquet'"));
    const first = await sum();
    expect(store.requests.length).toBeGreaterThan(0);
    store.requests.length = 0;
    expect(await sum()).toEqual(first);
    expect(store.requests).toEqual([]);
  });

  test.each([
    [{ assumeRole: 'arn', credentialChain: true }, /has "assumeRole": "arn", expected none beside "credentialChain"/],
    [{ urlStyle: 'odd' }, /has "urlStyle": "odd", expected one of: path, vhost/],
  ])('a step configured with %j is refused', async (changes, message) => {
    const error = await rejection(start(changes).cursor((c) => c.query(COUNT)));
    expect(error.message).toMatch(message);
  });

  describe('faults', () => {
    test.each([
      ['500', { status: 500 }],
      ['slow down', refusal(503, 'SlowDown')],
      ['a connection that is reset in mid-object', { reset: true, bytes: 1000 }],
    ] as [string, Fault][])('%s, that passes: DuckDB tries again, and the query answers', async (_, fault) => {
      const { cursor } = start({});
      store.fault = (what, count) => (what.startsWith('GET') && count <= 2 ? fault : undefined);
      expect(await cursor((c) => c.queryOne("SELECT count(text) AS n FROM 's3://lake/t.parquet'"))).toEqual({ n: 100_000 });
      expect(store.requests.length).toBeGreaterThan(2);
    });

    test.each([
      ['500', { status: 500 }, { retryable: true }],
      ['slow down', refusal(503, 'SlowDown'), { retryable: true }],
      ['a missing bucket', refusal(404, 'NoSuchBucket'), { retryable: false, message: expect.stringContaining('hint: nothing exists there') }],
      ['403', refusal(403, 'AccessDenied'), { retryable: false, message: expect.stringContaining('hint: S3 refused') }],
      ['the environment\'s own credentials expired', refusal(400, 'ExpiredToken'), { retryable: false, message: expect.stringContaining('hint: the AWS credentials have expired') }],
      ['a bucket in another region', { status: 301, headers: { 'x-amz-bucket-region': 'eu-central-1' } }, { code: 'QUERY' }],
    ] as [string, Fault, object][])('%s for good: an error of the query', async (_, fault, expected) => {
      const { cursor } = start({});
      store.fault = () => fault;
      expect(await rejection(cursor((c) => c.queryOne(COUNT)))).toMatchObject({ code: 'QUERY', ...expected });
      store.fault = () => undefined;
      expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 100_000 });
    });
  });
});
