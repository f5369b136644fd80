import { type IncomingMessage } from 'node:http';
import { type IcebergBed, startIcebergBed, WRITE } from './iceberg-bed';
import { startAws, type AwsServer } from '../../../bed';
import { describeWith } from '../../../bed/require';
import { boto } from '../../boto';
import { runScript } from '../../built-runtime';
import { freshRuntime, type Runtime } from '../../fresh-runtime';

const EXPIRED = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>';
const TABLE = 'iceberg.db.t';
const COUNT = `SELECT count(*) AS n FROM ${TABLE}`;

describeWith(['openssl', 'icebergRest', 'aws'], 'credentials that an Iceberg catalog hands out', () => {
  let bed: IcebergBed;
  let aws: AwsServer;
  /** The session token that the catalog hands out. */
  let token: string;
  /** The status with which S3 refuses an expired one. */
  let refusal: { status: number } | undefined;

  beforeAll(async () => {
    [bed, aws] = await Promise.all([startIcebergBed({ vendsCredentials: true }), startAws()]);
    await boto(aws, "boto3.client('ssm', region_name='us-east-1').put_parameter(Name='/iceberg/token', Value='a-token-of-the-catalog', Type='SecureString')");
    const { cursor } = freshRuntime(await bed.environment([bed.step(WRITE)]));
    await cursor(async (c) => {
      await c.execute('CREATE SCHEMA iceberg.db');
      for (let file = 0; file < 4; file++) await c.execute(`${file === 0 ? `CREATE TABLE ${TABLE} AS` : `INSERT INTO ${TABLE}`} SELECT range AS i FROM range(1000)`);
    });
    // As a catalog with a warehouse on AWS does.
    bed.catalog.rewrite = (text) => text.replace('"config":{', `"config":{"s3.session-token":"${token}","s3.endpoint":"${bed.data.endpoint}",` +
      '"s3.path-style-access":"true","client.region":"us-east-1",');
    bed.data.fault = (_what, _count, { method, headers }: IncomingMessage) => (
      refusal && headers['x-amz-security-token'] !== token ? { ...refusal, body: method === 'HEAD' ? undefined : EXPIRED } : undefined
    );
  }, 120_000);
  afterAll(() => Promise.all([bed?.stop(), aws?.stop()]));

  beforeEach(() => {
    token = 'token-1';
    refusal = undefined;
  });

  async function environment(): Promise<Record<string, string>> {
    const step = bed.step({ s3: undefined, auth: { type: 'token', token: { ssm: '/iceberg/token' } } });
    return { ...await bed.environment([step], { settings: { enable_external_file_cache: 'false' } }), AWS_ENDPOINT_URL_SSM: aws.endpoint };
  }

  async function runtime(): Promise<Runtime> {
    return freshRuntime(await environment());
  }

  const SECRETS = "SELECT name FROM duckdb_secrets() WHERE name LIKE '%internal%'";

  test('are used, and secrets of ended statements are dropped', async () => {
    const { cursor } = await runtime();
    await cursor(async (c) => {
      for (let i = 0; i < 12; i++) expect(await c.queryOne(COUNT)).toEqual({ n: 4000 });
      expect(await c.query(SECRETS)).toEqual([]);
    });
  });

  test.each([400, 403])('expired ones, answered by %d, are not used again', async (status) => {
    const { cursor } = await runtime();
    await cursor(async (c) => {
      // Their names differ in the number of a transaction, and 11 comes before 12, but 10 before 9.
      for (let i = 0; i < 12; i++) await c.queryOne(COUNT);
      token = `token-${status}`;
      refusal = { status };
      for (let i = 0; i < 3; i++) expect(await c.queryOne(COUNT)).toEqual({ n: 4000 });
    });
  });

  test('those of a stream stay until it ends', async () => {
    const { cursor } = await runtime();
    await cursor(async (c) => {
      for await (const _rows of c.stream(`SELECT i FROM ${TABLE}`)) {
        for (let i = 0; i < 12; i++) expect(await cursor((other) => other.queryOne(COUNT))).toEqual({ n: 4000 });
        expect(await cursor((other) => other.query(SECRETS))).toHaveLength(1);
        break;
      }
    });
    expect(await cursor((other) => other.query(SECRETS))).toEqual([]);
  });

  test('a stream that outlives its own: a query beside it ends at its deadline, and the instance is replaced', async () => {
    bed.catalog.fault = (_what, _count, { url }) => {
      if (url !== '/expire') return undefined;
      token = 'token-2';
      refusal = { status: 400 };
      return { status: 200 };
    };
    // In a process of its own, because nothing but its end frees the thread that hangs.
    const { stdout } = await runScript(`
      import { writeSync } from 'node:fs';
      import { cursor } from 'cdk-duckdb-lambda/runtime';
      const print = (value) => writeSync(1, JSON.stringify(value) + '\\n');
      const count = (options) => cursor(options, (c) => c.queryOne('${COUNT}')).catch((error) => [error.code, error.retryable]);
      await cursor(async (c) => {
        for await (const rows of c.stream('SELECT i FROM ${TABLE}')) {
          for (let i = 0; i < 12; i++) await count({});
          await fetch('${bed.catalog.endpoint}/expire');
          print(await count({ signal: AbortSignal.timeout(2000) }));
          break;
        }
      });
      print(await count({}));
      print(await count({}));
      process.kill(process.pid, 'SIGKILL');`, { env: await environment() });
    expect(stdout.trim().split('\n').map((line) => JSON.parse(line))).toEqual([['TIMEOUT', true], ['FATAL', true], { n: 4000 }]);
  });
});
