import { join } from 'node:path';
import { WRITE } from './iceberg-bed';
import { run, startMiniStack, type MiniStackServer } from '../../../bed';
import { describeWith } from '../../../bed/require';
import { installAws } from '../../../bed/servers/aws';
import { boto } from '../../boto';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import { type Fault, type Front, frontOf } from '../../front';
import { rejection } from '../../rejection';
import { config } from '../../runtime-config';
import { says } from '../../says';
import { signedExtensions } from '../../signed-extensions';

const ACCOUNT = '000000000000';
const KEY = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'a-secret-access-key', AWS_SESSION_TOKEN: 'a-session-token' };

/** A request as it came. */
interface Recorded {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

describeWith(['ministack', 'aws'], 'Iceberg catalogs of AWS', () => {
  let aws: MiniStackServer;
  let catalog: Front;
  let requests: Recorded[] = [];
  let warehouses: { s3tables: string; glue: string };

  beforeAll(async () => {
    aws = await startMiniStack();
    catalog = await frontOf(aws.endpoint);
    const arn = await boto(aws, `
s3 = boto3.client('s3', endpoint_url='${aws.endpoint}')
s3.create_bucket(Bucket='lake', CreateBucketConfiguration={'LocationConstraint': '${aws.region}'})
print(json.dumps(boto3.client('s3tables').create_table_bucket(name='tables')['arn']))`);
    warehouses = { s3tables: arn, glue: ACCOUNT };
  }, 120_000);
  afterAll(() => Promise.all([catalog?.stop(), aws?.stop()]));
  beforeEach(() => {
    requests = [];
    catalog.fault = (_what, _count, { method, url, headers }) => {
      const { body = '' } = { body: ['GET', 'HEAD', 'DELETE'].includes(method!) ? '' : _what };
      requests.push({ method: method!, url: url!, headers: headers as Record<string, string>, body });
      return undefined;
    };
  });

  // What prepares the next tests must not meet the faults of the last.
  afterEach(() => {
    catalog.fault = () => undefined;
  });

  async function runtime(source: 's3tables' | 'glue', changes: object = {}, environment: Record<string, string> = {}): Promise<Runtime> {
    const step = {
      name: 'iceberg',
      type: 'iceberg',
      provides: ['iceberg'],
      config: { catalog: 'iceberg', source, region: aws.region, warehouse: warehouses[source], endpoint: `${catalog.endpoint}/iceberg`, ...WRITE, ...changes },
    };
    return freshRuntime({
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'avro', 'iceberg'),
      ...KEY,
      AWS_REGION: 'us-west-2',
      AWS_ENDPOINT_URL_S3: aws.endpoint,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
      ...environment,
      ...config({ extensions: ['httpfs', 'avro', 'iceberg'], steps: [step] }),
    });
  }

  test.each<['s3tables' | 'glue', object, string, string]>([
    ['s3tables', {}, '', '~iceberg data'],
    ['glue', { s3: { scopes: ['s3://lake/'], region: 'eu-west-1' } }, "WITH ('location' = 's3://lake/db/t')", 'iceberg data'],
    ['glue', {}, "WITH ('location' = 's3://lake/db2/t')", '~iceberg data'],
  ])('%s %j: creates, appends, updates, deletes and reads', async (source, changes, location, secret) => {
    const { cursor } = await runtime(source, changes);
    const schema = `db${requests.length}${source}${Object.keys(changes).length}`;
    await cursor(async (c) => {
      await c.execute(`CREATE SCHEMA iceberg.${schema}`);
      await c.execute(`CREATE TABLE iceberg.${schema}.t (id INTEGER, name VARCHAR) ${location}`);
      await c.execute(`INSERT INTO iceberg.${schema}.t VALUES (1, 'one'), (2, 'two'), (3, 'three')`);
      await c.execute(`UPDATE iceberg.${schema}.t SET name = 'changed' WHERE id = 2`);
      await c.execute(`DELETE FROM iceberg.${schema}.t WHERE id = 1`);
      expect(await c.query(`FROM iceberg.${schema}.t ORDER BY id`)).toEqual([{ id: 2, name: 'changed' }, { id: 3, name: 'three' }]);
      // None of DuckDB's own copies of credentials.
      expect(await c.query('SELECT name FROM duckdb_secrets()')).toEqual([{ name: secret }]);
      // MiniStack has no answer to it.
      await c.execute(`DROP TABLE iceberg.${schema}.t`).catch(() => undefined);
    });
    const dropped = requests.find(({ method }) => method === 'DELETE')!;
    expect(dropped.url).toContain(`purgeRequested=${source === 's3tables'}`);
    expect(requests.some(({ url }) => url.includes('transactions/commit'))).toBe(false);
    expect(requests.filter(({ method, url }) => method === 'POST' && url.endsWith('/tables')).map(({ body }) => /"stage-create":(\w+)/.exec(body)![1])).toEqual(['false']);
  });

  test.each([
    ['s3tables', (endpoint: string) => ({ AWS_ENDPOINT_URL_S3TABLES: endpoint, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })],
    ['glue', (endpoint: string) => ({ AWS_ENDPOINT_URL_GLUE: endpoint, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })],
    ['s3tables', (endpoint: string) => ({ AWS_ENDPOINT_URL: `${endpoint}/` })],
  ] as const)('%s: without an endpoint of its own, the catalog is where the variables of the AWS SDKs say', async (source, environment) => {
    const { cursor } = await runtime(source, { access: undefined, endpoint: undefined }, environment(catalog.endpoint));
    await cursor((c) => c.query('SELECT table_name FROM information_schema.tables'));
    expect(requests.some(({ url }) => url.startsWith('/iceberg/v1/config'))).toBe(true);
  });

  test.each(['s3tables', 'glue'] as const)('%s: requests are signed for the service and the catalog\'s region, and new credentials are used at once', async (source) => {
    const { cursor } = await runtime(source, { access: undefined });
    await cursor(async (c) => {
      await c.query('SELECT table_name FROM information_schema.tables');
      const before = requests;
      requests = [];
      Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIANEW', AWS_SECRET_ACCESS_KEY: 'a-new-secret-access-key', AWS_SESSION_TOKEN: 'a-new-session-token' });
      await c.query('SELECT table_name FROM information_schema.tables');
      for (const [seen, key] of [[before, KEY], [requests, process.env]] as const) {
        expect(seen.length).toBeGreaterThan(0);
        expect(new Set(seen.map(({ url }) => url.startsWith('/iceberg/v1/')))).toEqual(new Set([true]));
        expect(new Set(seen.map(({ headers }) => headers['x-amz-security-token']))).toEqual(new Set([key.AWS_SESSION_TOKEN]));
        const scopes = seen.map(({ headers }) => /Credential=([^/]+)\/\d+\/([^,]+),/.exec(headers.authorization!)!.slice(1));
        expect(new Set(scopes.flat())).toEqual(new Set([key.AWS_ACCESS_KEY_ID, `${aws.region}/${source}/aws4_request`]));
        expect(await signatures(seen, source, aws.region, key)).toEqual(seen.map(({ headers }) => /Signature=(\w+)/.exec(headers.authorization!)![1]));
      }
    });
  });

  test('a refusal repeats the words of the service, which are asked for with a right signature', async () => {
    const record = catalog.fault;
    catalog.fault = async (...asked) => {
      await record(...asked);
      return { status: 403, body: '{"message":"User: x is not authorized to perform: glue:GetCatalog"}' };
    };
    const { cursor } = await runtime('glue');
    expect(await rejection(cursor((c) => c.query('FROM iceberg.db.t')))).toMatchObject({
      code: 'BOOTSTRAP', message: expect.stringContaining('the catalog says: User: x is not authorized to perform: glue:GetCatalog; hint: the catalog "iceberg" refuses the request'),
    });
    const last = requests.slice(-1);
    expect(last[0]!.url).toBe(`/iceberg/v1/config?warehouse=${ACCOUNT}`);
    expect(await signatures(last, 'glue', aws.region, KEY)).toEqual(last.map(({ headers }) => /Signature=(\w+)/.exec(headers.authorization!)![1]));
  });

  describe.each(['s3tables', 'glue'] as const)('%s: a table is created at once', (source) => {
    let made: Runtime;
    let tables = 0;
    let table: string;
    beforeAll(async () => {
      made = await runtime(source);
      await made.cursor((c) => c.execute(`CREATE SCHEMA iceberg.once_${source}`));
    });
    beforeEach(() => {
      table = `iceberg.once_${source}.t${tables += 1}`;
    });
    const location = () => (source === 'glue' ? `WITH ('location' = 's3://lake/once/t${tables}')` : '');
    /** The first request to create a table, or to commit to one, gets `fault`. */
    function first(what: 'creation' | 'commit', fault: Fault): void {
      let count = 0;
      const path = what === 'creation' ? /\/tables$/ : /\/tables\/t\d+$/;
      catalog.fault = (_what, _count, { method, url }) => (method === 'POST' && path.test(url!) && (count += 1) === 1 ? fault : undefined);
    }

    test.each<[string, Fault]>([
      ['503', { status: 503, after: true }],
      ['a broken connection', { reset: true, after: true }],
    ])('after %s, its own table is not taken for another writer\'s', async (_, fault) => {
      first('creation', fault);
      const error = await rejection(made.cursor((c) => c.execute(`CREATE TABLE ${table} (id INTEGER) ${location()}`)));
      expect(error).toMatchObject({ code: 'COMMIT_UNKNOWN', retryable: false, message: expect.stringContaining('may be there, and empty') });
      says('ICEBERG.creationFailed', error.message);
      first('creation', fault);
      table = `iceberg.once_${source}.t${tables += 1}`;
      await made.cursor((c) => c.execute(`CREATE TABLE IF NOT EXISTS ${table} (id INTEGER) ${location()}; INSERT INTO ${table} VALUES (1)`));
      expect(await made.cursor((c) => c.query(`FROM ${table}`))).toEqual([{ id: 1 }]);
    });

    test.each(['CREATE TABLE', 'CREATE TABLE IF NOT EXISTS'])('%s ... AS: after a conflict, the error says that the table is there', async (words) => {
      first('commit', { status: 409 });
      const error = await rejection(made.cursor((c) => c.execute(`${words} ${table} ${location()} AS SELECT 1 AS id`)));
      expect(error).toMatchObject({ code: 'QUERY', retryable: false, message: expect.stringContaining(`${table} is there, and empty`) });
      await made.cursor((c) => c.execute(`INSERT INTO ${table} VALUES (1)`));
      expect(await made.cursor((c) => c.query(`FROM ${table}`))).toEqual([{ id: 1 }]);
    });

    test('so does the error of a SELECT that fails after its table was created', async () => {
      const as = "SELECT CASE WHEN range = 5000 THEN error('no such rate') ELSE range END AS id FROM range(10000)";
      const error = await rejection(made.cursor((c) => c.execute(`CREATE TABLE ${table} ${location()} AS ${as}`)));
      expect(error).toMatchObject({ code: 'QUERY', retryable: false, message: expect.stringMatching(/^Invalid Input Error: no such rate\n\nhint: .* is there, and empty/) });
      expect(error.message).toContain(`or first DROP TABLE ${table}, with a role that may`);
      expect(await made.cursor((c) => c.query(`SELECT count(*) AS n FROM ${table}`))).toEqual([{ n: 0 }]);
      expect(await rejection(made.cursor((c) => c.execute(`CREATE TABLE ${table} ${location()} AS SELECT 1 AS id`)))).toMatchObject({
        code: 'QUERY', message: expect.stringContaining('already exists'),
      });
    });

    test('a SELECT that DuckDB cannot bind leaves no table', async () => {
      const error = await rejection(made.cursor((c) => c.execute(`CREATE TABLE ${table} ${location()} AS SELECT nothing`)));
      expect(error.message).not.toContain('is there, and empty');
      expect(await rejection(made.cursor((c) => c.query(`FROM ${table}`)))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('does not exist') });
    });

    test('so does the error of a transaction', async () => {
      first('commit', { status: 409 });
      const create = made.cursor((c) => c.transaction(async (t) => {
        await t.execute(`CREATE TABLE ${table} (id INTEGER) ${location()}`);
        await t.execute(`INSERT INTO ${table} VALUES (1)`);
      }));
      expect(await rejection(create)).toMatchObject({ code: 'QUERY', retryable: false, message: expect.stringContaining(`${table} is there, and empty`) });
    });
  });

  /** The signatures that botocore makes of the same requests. */
  async function signatures(seen: readonly Recorded[], service: string, region: string, key: NodeJS.ProcessEnv): Promise<string[]> {
    const script = `
import json, sys
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
given = json.load(sys.stdin)
auth = SigV4Auth(Credentials(*given['key']), given['service'], given['region'])
made = []
for each in given['requests']:
  signed = each['headers']['authorization'].split('SignedHeaders=')[1].split(',')[0].split(';')
  request = AWSRequest(each['method'], 'http://' + each['headers']['host'] + each['url'], {name: each['headers'][name] for name in signed}, each['body'])
  request.context['timestamp'] = each['headers']['x-amz-date']
  made.append(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))
print(json.dumps(made))`;
    const input = JSON.stringify({ requests: seen, service, region, key: [key.AWS_ACCESS_KEY_ID, key.AWS_SECRET_ACCESS_KEY, key.AWS_SESSION_TOKEN] });
    return JSON.parse((await run(join(await installAws(), 'bin/python'), ['-c', script], { input })).stdout) as string[];
  }
});
