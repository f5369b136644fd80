import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type IcebergBed, startIcebergBed, WRITE } from './iceberg-bed';
import { startAws, type AwsServer } from '../../../bed';
import { describeWith } from '../../../bed/require';
import { boto } from '../../boto';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import { rejection } from '../../rejection';
import { type Line, says } from '../../says';

const TABLE = 'iceberg.db.t';
const COUNT = `SELECT count(*) AS n FROM ${TABLE}`;
const EXPIRED = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>';
const json = (code: number) => `{"error":{"message":"no","type":"X","code":${code}}}`;

describeWith(['openssl', 'icebergRest', 'aws'], 'access to an Iceberg catalog', () => {
  let bed: IcebergBed;
  let aws: AwsServer;

  beforeAll(async () => {
    [bed, aws] = await Promise.all([startIcebergBed(), startAws()]);
    const { cursor } = freshRuntime(await bed.environment([bed.step(WRITE)]));
    await cursor(async (c) => {
      await c.execute('CREATE SCHEMA iceberg.db');
      await c.execute(`CREATE TABLE ${TABLE} AS SELECT range AS i FROM range(10)`);
    });
    await setParameters({ token: 'first-token', secret: 'first-client-secret' });
  }, 120_000);
  afterAll(() => Promise.all([bed?.stop(), aws?.stop()]));
  afterEach(() => {
    bed.catalog.fault = () => undefined;
    bed.data.fault = () => undefined;
  });

  async function setParameters(values: Record<string, string>): Promise<void> {
    await boto(aws, `
ssm = boto3.client('ssm', region_name='us-east-1')
for name, value in ${JSON.stringify(values)}.items():
  ssm.put_parameter(Name='/iceberg/' + name, Value=value, Type='SecureString', Overwrite=True)`);
  }

  async function runtime(changes: object = {}, more: { steps?: object[]; settings?: Record<string, unknown> } = {}): Promise<Runtime> {
    return freshRuntime({
      ...await bed.environment([bed.step(changes), ...more.steps ?? []], { settings: more.settings }), AWS_ENDPOINT_URL_SSM: aws.endpoint,
    });
  }

  describe('a catalog that refuses, when it is attached', () => {
    test.each<[number, string, boolean]>([
      [401, 'does not accept the function\'s credentials', true],
      [403, 'refuses the request', false],
      [404, 'does not know what was asked for', false],
      [419, 'does not accept the function\'s credentials', true],
      [503, 'cannot be reached or is overloaded', true],
    ])('with %d: %s', async (status, hint, retryable) => {
      bed.catalog.fault = () => ({ status });
      const { cursor } = await runtime();
      const error = await rejection(cursor((c) => c.query(COUNT)));
      expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable, message: expect.stringContaining(hint) });
      if (status === 401) says('ICEBERG.configRefused', error.message);
      bed.catalog.fault = () => undefined;
      expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 10 });
    });

    test('says why, and the error repeats it without the token', async () => {
      await setParameters({ token: 'first-token' });
      bed.catalog.fault = (_what, _count, { headers }) => ({ status: 403, body: `{"error":{"message":"no warehouse for ${headers.authorization}","code":403}}` });
      const { cursor } = await runtime({ auth: { type: 'token', token: { ssm: '/iceberg/token' } } });
      const error = await rejection(cursor((c) => c.query(COUNT)));
      expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: false, message: expect.stringContaining('the catalog says: no warehouse for Bearer [redacted]') });
    });

    test('is down: a query that needs only S3 does not notice', async () => {
      await bed.s3.traffic();
      const { cursor } = await runtime({ endpoint: 'http://127.0.0.1:9' }, { steps: [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/'] } }] });
      await cursor(async (c) => {
        await c.execute("COPY (SELECT 42 AS answer) TO 's3://lake/answer.parquet'");
        expect(await c.queryOne("FROM 's3://lake/answer.parquet'")).toEqual({ answer: 42 });
        expect(await rejection(c.query(COUNT))).toMatchObject({ code: 'BOOTSTRAP', retryable: true, message: expect.stringContaining('http://127.0.0.1:9 cannot be reached') });
        expect(await c.queryOne("FROM 's3://lake/answer.parquet'")).toEqual({ answer: 42 });
      });
    });
  });

  describe('a catalog that refuses later', () => {
    test.each<[number, string, boolean]>([
      [401, 'does not accept the function\'s credentials', true],
      [403, 'refuses the request', false],
      [501, 'does not implement this request', false],
      [503, 'cannot be reached or is overloaded', true],
    ])('with %d: %s', async (status, hint, retryable) => {
      const { cursor } = await runtime();
      await cursor((c) => c.query(COUNT));
      bed.catalog.fault = () => ({ status, body: json(status) });
      const error = await rejection(cursor((c) => c.query(COUNT)));
      expect(error).toMatchObject({ code: 'QUERY', retryable, message: expect.stringContaining(hint) });
      if (status === 401) {
        says('ICEBERG.tableRefused', error.message);
        says('ICEBERG.status', error.message);
      }
      bed.catalog.fault = () => undefined;
      expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 10 });
    });

    test.each<[number, string | undefined, string, boolean, Line]>([
      [403, undefined, 'answered with a failure, of which DuckDB does not tell the status', true, 'ICEBERG.foreignAnswer'],
      [405, 'upstream says no', 'answered with a failure, of which DuckDB does not tell the status', true, 'ICEBERG.foreignAnswer'],
      [502, '<html><title>502 Bad Gateway</title></html>', 'cannot be reached or is overloaded', true, 'ICEBERG.foreignStatus'],
      [404, '{"statusCode":404}', 'does not know what was asked for', false, 'ICEBERG.foreignStatus'],
      [403, '{"message":"User: arn:aws:sts::111111111111:assumed-role/reader is not authorized to perform: glue:GetTable"}', 'refuses the request', false, 'ICEBERG.notAuthorized'],
      [403, '{"message":"The security token included in the request is expired"}', 'they have expired', true, 'ICEBERG.expiredToken'],
      [400, '{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}', 'they have expired', true, 'ICEBERG.expiredToken'],
      [400, '{"__type":"InvalidSignatureException","message":"no"}', 'does not accept the function\'s credentials', true, 'ICEBERG.badSignature'],
      [400, '{"__type":"ThrottlingException","message":"Rate exceeded"}', 'cannot be reached or is overloaded', true, 'ICEBERG.throttled'],
    ])('with %d and the answer %j, which does not have the form of the specification: %s', async (status, body, hint, retryable, line) => {
      const { cursor } = await runtime();
      await cursor((c) => c.query(COUNT));
      bed.catalog.fault = () => ({ status, body });
      const error = await rejection(cursor((c) => c.query(COUNT)));
      expect(error).toMatchObject({ code: 'QUERY', retryable, message: expect.stringContaining(hint) });
      says(line, error.message.split('\n\nhint', 1)[0]!);
    });

    test('with the lack of a schema: its tables are asked for again, and are none', async () => {
      const { cursor } = await runtime();
      expect(await rejection(cursor((c) => c.query('FROM iceberg.missing.t')))).toMatchObject({ message: expect.stringContaining('has no such schema') });
      expect(await cursor((c) => c.query('SHOW TABLES FROM iceberg.missing'))).toEqual([]);
    });

    test('with 419, for which DuckDB has no name', async () => {
      const { cursor } = await runtime(WRITE);
      await cursor((c) => c.query(COUNT));
      bed.catalog.fault = (_what, _count, { method }) => (method === 'POST' ? { status: 419 } : undefined);
      const error = await rejection(cursor((c) => c.execute(`INSERT INTO ${TABLE} VALUES (1)`)));
      expect(error).toMatchObject({ code: 'QUERY', message: expect.stringContaining('does not accept') });
      says('ICEBERG.unknownStatus', error.message);
    });

    test.each([403, 404])('with %d, from which DuckDB concludes for good that a schema does not exist', async (status) => {
      const { cursor } = await runtime();
      await cursor((c) => c.query(COUNT));
      bed.catalog.fault = (_what, _count, { url }) => (url!.includes('/namespaces/') ? { status: url!.includes('/tables/') ? 404 : status, body: json(404) } : undefined);
      const error = await rejection(cursor((c) => c.query(COUNT)));
      expect(error).toMatchObject({ code: 'QUERY', message: expect.stringContaining('has no such schema, or answers 403') });
      says('ICEBERG.unknownSchema', error.message);
      bed.catalog.fault = () => undefined;
      expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 10 });
    });
  });

  test('a schema that another process has made is found, although it was missing before', async () => {
    const { cursor } = await runtime();
    const name = 'iceberg.later.t';
    await rejection(cursor((c) => c.query(`FROM ${name}`)));
    const writer = await runtime(WRITE);
    await writer.cursor((c) => c.execute(`CREATE SCHEMA iceberg.later; CREATE TABLE ${name} AS SELECT 1 AS i`));
    expect(await cursor((c) => c.query(`FROM ${name}`))).toEqual([{ i: 1 }]);
  });

  test('the catalog hangs: other queries have threads, and the catalog is used again when it answers', async () => {
    // The pool of this process has four threads, whatever the environment says, and DuckDB could take all.
    const { cursor } = freshRuntime(await bed.environment([bed.step()]));
    await cursor((c) => c.query(COUNT));
    let answer = () => {};
    const answering = new Promise<undefined>((resolve) => { answer = () => resolve(undefined); });
    bed.catalog.fault = () => answering;
    for (let each = 0; each < 6; each += 1) {
      expect(await rejection(cursor({ signal: AbortSignal.timeout(150) }, (c) => c.query(COUNT)))).toMatchObject({ code: 'TIMEOUT' });
    }
    expect(await cursor({ signal: AbortSignal.timeout(2000) }, (c) => c.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
    answer();
    expect(await cursor({ signal: AbortSignal.timeout(5000) }, (c) => c.query(COUNT))).toEqual([{ n: 10 }]);
  });

  describe('the data', () => {
    test('are read with renewed credentials at once, on a cursor that is open', async () => {
      const { cursor } = await runtime({}, { settings: { enable_external_file_cache: 'false' } });
      const keys = new Set<string | undefined>();
      bed.data.fault = (_what, _count, { headers }) => void keys.add(headers['x-amz-security-token'] as string | undefined);
      await cursor(async (c) => {
        for (const token of ['token-1', 'token-2']) {
          process.env.AWS_SESSION_TOKEN = token;
          keys.clear();
          expect(await c.queryOne(COUNT)).toEqual({ n: 10 });
          expect([...keys]).toEqual([token]);
        }
      });
      delete process.env.AWS_SESSION_TOKEN;
    });

    test.each([400, 403])('expired credentials, answered by %d: a typed error, and the next query is right', async (status) => {
      const { cursor } = await runtime({}, { settings: { enable_external_file_cache: 'false' } });
      process.env.AWS_SESSION_TOKEN = 'old-token';
      bed.data.fault = (_what, _count, { method, headers }) => (
        headers['x-amz-security-token'] === 'old-token' ? { status, body: method === 'HEAD' ? undefined : EXPIRED } : undefined
      );
      await cursor(async (c) => {
        expect(await rejection(c.query(COUNT))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('the AWS credentials have expired') });
        process.env.AWS_SESSION_TOKEN = 'new-token';
        expect(await c.queryOne(COUNT)).toEqual({ n: 10 });
        expect(await c.query('SELECT name FROM duckdb_secrets()')).toEqual([{ name: 'iceberg data' }]);
      });
      delete process.env.AWS_SESSION_TOKEN;
    });
  });

  test('a table outside of the data is told as that, read or written', async () => {
    const { cursor } = await runtime({ ...WRITE, s3: { scopes: ['s3://warehouse/other/'] } });
    const advice = expect.stringMatching(/the table's file s3:\/\/warehouse\/db\/t\/\S+ is outside of the folders .* data, s3:\/\/warehouse\/other\//);
    expect(await rejection(cursor((c) => c.query(COUNT)))).toMatchObject({ code: 'QUERY', retryable: false, message: advice });
    expect(await rejection(cursor((c) => c.execute(`INSERT INTO ${TABLE} VALUES (1)`)))).toMatchObject({ code: 'QUERY', retryable: false, message: advice });
  });

  test('maxStalenessSeconds saves the requests for a table', async () => {
    const { cursor } = await runtime({ maxStalenessSeconds: 60 });
    await cursor(async (c) => {
      await c.query(COUNT);
      const before = bed.catalog.requests.length;
      for (let i = 0; i < 3; i++) await c.query(COUNT);
      expect(bed.catalog.requests.length - before).toBe(0);
    });
  });

  describe('a token', () => {
    const TOKEN = { auth: { type: 'token', token: { ssm: '/iceberg/token' } } };
    const accept = (token: string) => {
      bed.catalog.fault = (_what, _count, { headers }) => (headers.authorization === `Bearer ${token}` ? undefined : { status: 401, body: json(401) });
    };

    test('that has changed is fetched, and the catalog is attached again', async () => {
      await setParameters({ token: 'first-token' });
      accept('first-token');
      const { cursor } = await runtime(TOKEN);
      expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 10 });
      await setParameters({ token: 'second-token' });
      accept('second-token');
      expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 10 });
    });

    test.each<[number, string | undefined]>([
      [401, undefined], [419, 'Unauthorized'], [401, '<html>401 Authorization Required</html>'], [401, '{"message":"The incoming token has expired"}'], [403, '{"message":"Forbidden"}'],
    ])('that is refused with %d and %j is fetched, too', async (status, body) => {
      await setParameters({ token: `token-before-${status}` });
      bed.catalog.fault = () => undefined;
      const { cursor } = await runtime(TOKEN);
      await cursor((c) => c.query(COUNT));
      await setParameters({ token: `token-after-${status}` });
      bed.catalog.fault = (_what, _count, { headers }) => (headers.authorization === `Bearer token-after-${status}` ? undefined : { status, body });
      expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 10 });
    });

    test('that is not refused, if the catalog fails without a reason: a typed error that says what it may be', async () => {
      const { cursor } = await runtime(TOKEN);
      await cursor((c) => c.query(COUNT));
      bed.catalog.fault = () => ({ status: 404 });
      expect(await rejection(cursor((c) => c.query(COUNT)))).toMatchObject({ code: 'BOOTSTRAP', message: expect.stringContaining('it may not accept the credentials') });
    });

    test('that has changed is no error for statements that are refused before and after it is fetched', async () => {
      await setParameters({ token: 'token-before-many' });
      accept('token-before-many');
      const { cursor } = await runtime(TOKEN);
      await cursor((c) => c.queryOne(COUNT));
      await setParameters({ token: 'token-after-many' });
      let requests = 0;
      bed.catalog.fault = async (_what, _count, { headers }) => {
        await sleep((requests += 1) % 4 * 60);
        return headers.authorization === 'Bearer token-after-many' ? undefined : { status: 401, body: json(401) };
      };
      const together = Array.from({ length: 12 }, () => cursor((c) => c.queryOne(COUNT)));
      expect(await Promise.all(together)).toEqual(together.map(() => ({ n: 10 })));
    });

    test('of one catalog is not sought for the refusal of another', async () => {
      await setParameters({ token: 'first-token', other: 'other-token' });
      accept('first-token');
      const other = { ...bed.step({ catalog: 'other', auth: { type: 'token', token: { ssm: '/iceberg/other' } }, endpoint: bed.rest.endpoint }), name: 'other', provides: ['other'] };
      const { cursor } = await runtime(TOKEN, { steps: [other] });
      await cursor((c) => c.query('SELECT count(*) AS n FROM other.db.t'));
      await cursor((c) => c.query(COUNT));
      await setParameters({ token: 'second-token' });
      accept('second-token');
      expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 10 });
    });

    test('that is refused, and has no successor: a typed error without it', async () => {
      await setParameters({ token: 'first-token' });
      accept('first-token');
      const { cursor } = await runtime(TOKEN);
      await cursor((c) => c.query(COUNT));
      accept('another-token');
      const error = await rejection(cursor((c) => c.query(COUNT)));
      expect(error).toMatchObject({ code: 'BOOTSTRAP', message: expect.stringContaining('the catalog refuses the credentials of the secret, which has no others') });
      expect(error.message).not.toContain('first-token');
    });
  });

  test.each(['client', ''])('a client\'s id (%j) and secret get tokens, and a changed secret is fetched', async (clientId) => {
    await setParameters({ secret: 'first-client-secret' });
    let secret = 'first-client-secret';
    let issued = 0;
    let tokenServerIsDown = false;
    const tokens = createServer(async (request, response) => {
      const [id, given] = Buffer.from(request.headers.authorization!.replace('Basic ', ''), 'base64').toString().split(':');
      const body = new URLSearchParams((await buffer(request)).toString());
      const isRight = id === clientId && given === secret && body.get('scope') === 'catalog';
      response.writeHead(tokenServerIsDown ? 503 : isRight ? 200 : 401, { 'content-type': 'application/json' })
        .end(isRight ? `{"access_token":"token-${issued += 1}","token_type":"bearer","expires_in":3600}` : '{"error":"invalid_client"}');
    });
    await new Promise<void>((resolve) => tokens.listen(0, '127.0.0.1', resolve));
    try {
      const serverUri = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`;
      const accept = () => {
        bed.catalog.fault = (_what, _count, { headers }) => (headers.authorization === `Bearer token-${issued}` ? undefined : { status: 401, body: json(401) });
      };
      accept();
      const { cursor } = await runtime({ auth: { type: 'oauth2', clientId, clientSecret: { ssm: '/iceberg/secret' }, serverUri, scope: 'catalog' } });
      expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 10 });
      issued += 1;
      expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 10 });
      secret = 'second-client-secret';
      await setParameters({ secret });
      issued += 1;
      expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 10 });
      tokenServerIsDown = true;
      issued += 1;
      expect(await rejection(cursor((c) => c.queryOne(COUNT))))
        .toMatchObject({ retryable: true, message: expect.stringContaining('the server that gives tokens for the catalog "iceberg" cannot be reached or is overloaded') });
      tokenServerIsDown = false;
      secret = 'third';
      issued += 1;
      const error = await rejection(cursor((c) => c.queryOne(COUNT)));
      expect(error).toMatchObject({ code: 'BOOTSTRAP' });
      says('ICEBERG.tokenRefused', error.message);
      expect(error.message).not.toContain('client-secret');
    } finally {
      tokens.closeAllConnections();
      tokens.close();
    }
  });

  test.each<[object, string]>([
    [{ source: 'hive' }, '"source": "hive", expected one of: s3tables, glue, rest'],
    [{ endpoint: undefined }, '"endpoint": undefined'],
    [{ ...WRITE, maxStalenessSeconds: 60 }, 'because a writer needs the current table'],
    [{ auth: { type: 'token' } }, '"auth.token": undefined'],
    [{ endpoint: 'http://catalog.example.com', auth: { type: 'token', token: { ssm: '/iceberg/token' } } },
      '"endpoint": "http://catalog.example.com", expected a URL with https, because http would send credentials unencrypted'],
    [{ auth: { type: 'oauth2', clientId: 'x', clientSecret: { ssm: '/iceberg/secret' }, serverUri: 'http://8.8.8.8/token' } }, '"auth.serverUri": "http://8.8.8.8/token", expected'],
    [{ source: 'glue', region: 'eu-west-1', endpoint: 'http://glue.example.com/iceberg' }, '"endpoint": "http://glue.example.com/iceberg", expected a URL with https'],
    [{ source: 'glue', region: undefined }, '"region": undefined'],
  ])('%j is refused', async (changes, message) => {
    const { cursor } = await runtime(changes);
    expect(await rejection(cursor((c) => c.query('SELECT 1')))).toMatchObject({ code: 'CONFIG', message: expect.stringContaining(message) });
  });
});
