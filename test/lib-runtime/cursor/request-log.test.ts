import { mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cursor } from '../../../lib-runtime';
import { type FarS3Server, startFarS3 } from '../../bed';
import { describeWith } from '../../bed/require';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { signedExtensions } from '../signed-extensions';

const DAYS = 12;
const IN_DAYS = "'s3://lake/days/*/*.parquet'";
const FILE = "'s3://lake/days/day=3/data_0.parquet'";

describeWith('openssl', 'DUCKDB_LAMBDA_DEBUG=requests', () => {
  let s3: FarS3Server;
  let baked: string;
  let printed: jest.SpyInstance;

  beforeAll(async () => {
    [s3, baked] = await Promise.all([startFarS3(), signedExtensions('httpfs')]);
    mkdirSync(join(s3.dir, 'lake'));
    await freshRuntime().session((s) => (
      s.execute(`COPY (SELECT i AS id, hash(i) AS noise, i % ${DAYS} AS day FROM range(120000) t(i)) TO '${join(s3.dir, 'lake/days')}' (FORMAT parquet, PARTITION_BY (day))`)
    ));
  });
  afterAll(() => s3?.stop());
  beforeEach(() => { printed = jest.spyOn(console, 'log').mockImplementation(); });
  afterEach(() => jest.restoreAllMocks());

  function runtime(env: Record<string, string> = { DUCKDB_LAMBDA_DEBUG: 'requests' }, settings: object = {}, step: object = {}): Runtime {
    return freshRuntime({
      DUCKDB_EXTENSIONS_DIR: baked,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: s3.region,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      ...env,
      ...config({
        extensions: ['httpfs'],
        steps: [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/'], ...step } }],
        settings: { ca_cert_file: s3.caFile, ...settings },
      }),
    });
  }

  /** What was printed, without the times. */
  const lines = () => printed.mock.calls.map(([line]) => JSON.parse(line)).map(({ milliseconds, ...rest }) => {
    expect(milliseconds).toBeGreaterThan(0);
    return rest;
  });
  const line = (sql: string, rest: object = {}) => ({ message: 'duckdb requests', sql, requests: {}, receivedBytes: 0, sentBytes: 0, ...rest });
  const some = expect.any(Number);

  async function linesOf(task: (c: Cursor) => Promise<unknown>, ...of: Parameters<typeof runtime>): Promise<object[]> {
    await runtime(...of).cursor(task);
    return lines();
  }

  test('each query has a line with its requests, as S3 has seen them, and its bytes', async () => {
    await s3.reset();
    const sql = `SELECT sum(id) FROM ${IN_DAYS}`;
    const { cursor } = runtime();
    await cursor((c) => c.query(sql));
    const { requests } = await s3.traffic();
    const received = requests.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
    await cursor((c) => c.query(sql));
    const [first, again] = lines() as { receivedBytes: number }[];
    const of = (count: number) => line(sql, { requests: { GET: count }, receivedBytes: some });
    expect([first, again]).toEqual([of(requests.length), of(1)]);
    expect(first!.receivedBytes / received).toBeCloseTo(1, 1);
  });

  test.each<[string, (c: Cursor) => Promise<unknown>, object[]]>([
    ['a query without S3, none,', (c) => c.query('SELECT 42'), []],
    ['a view', async (c) => {
      await c.execute(`CREATE VIEW far AS FROM ${FILE}`);
      await c.query('SELECT count(*) FROM far');
    }, [line(`CREATE VIEW far AS FROM ${FILE}`, { requests: { HEAD: 1, GET: 1 }, receivedBytes: some }), line('SELECT count(*) FROM far', { requests: { HEAD: 1 } })]],
    ['parameters', (c) => c.query('SELECT count(*) FROM read_parquet($file)', { file: FILE.slice(1, -1) }),
      [line('SELECT count(*) FROM read_parquet($file)', { requests: { HEAD: 1, GET: 1 }, receivedBytes: some })]],
    ['a script, all of it', (c) => c.query(`SELECT 1; SELECT count(*) FROM ${FILE}; SELECT count(*) FROM ${FILE}`),
      [line(expect.stringMatching(/^SELECT 1; SELECT/), { requests: { HEAD: 2, GET: 1 }, receivedBytes: some })]],
    ['a stream', async (c) => { for await (const _ of c.stream(`SELECT id FROM ${FILE}`)); },
      [line(`SELECT id FROM ${FILE}`, { requests: { HEAD: 1, GET: 2 }, receivedBytes: some })]],
    ['a COPY', (c) => c.execute("COPY (SELECT 42 AS n) TO 's3://lake/out.parquet'"), [line("COPY (SELECT 42 AS n) TO 's3://lake/out.parquet'", { requests: { PUT: 1 }, sentBytes: some })]],
    ['a statement of a transaction', (c) => c.transaction((t) => t.query(`SELECT count(*) FROM ${FILE}`)),
      [line(`SELECT count(*) FROM ${FILE}`, { requests: { HEAD: 1, GET: 1 }, receivedBytes: some })]],
    ['what follows', async (c) => {
      for await (const _ of c.stream(`SELECT id FROM ${FILE}`)) break;
      await c.query(`SELECT count(*) FROM ${FILE}`);
    }, [expect.objectContaining({ sql: `SELECT id FROM ${FILE}` }), line(`SELECT count(*) FROM ${FILE}`, { requests: { HEAD: 1 } })]],
  ])('of %s', async (_, task, expected) => {
    expect(await linesOf(task)).toEqual(expected);
  });

  test('within maxStaleness the line shows what is left', async () => {
    const read = `SELECT count(*) FROM ${FILE}`;
    expect(await linesOf(async (c) => { for (let i = 0; i < 2; i++) await c.query(read); }, undefined, {}, { maxStalenessSeconds: 600 }))
      .toEqual([line(read, { requests: { HEAD: 1, GET: 1 }, receivedBytes: some }), line(read)]);
  });

  test('a statement that fails has a line without requests, and the cursor goes on', async () => {
    const failing = "FROM 's3://lake/none.parquet'";
    await runtime().cursor(async (c) => {
      await rejection(c.query(failing));
      await c.query(`SELECT count(*) FROM ${FILE}`);
    });
    expect(lines()).toEqual([{ message: 'duckdb requests', sql: failing }, line(`SELECT count(*) FROM ${FILE}`, { requests: { HEAD: 1, GET: 1 }, receivedBytes: some })]);
  });

  test('where the configuration is locked, there are no requests to be had', async () => {
    expect(await linesOf((c) => c.query(`SELECT count(*) FROM ${FILE}`), undefined, { lock_configuration: true }))
      .toEqual([{ message: 'duckdb requests', sql: `SELECT count(*) FROM ${FILE}` }]);
  });

  test('no credential is printed or kept, nor anything else of a string but its URL', async () => {
    const { cursor } = runtime();
    const kept = await cursor(async (c) => {
      await c.query(`SELECT count(*) FROM ${IN_DAYS} WHERE id::TEXT <> 'hunter22' AND $$hunter22$$ <> e'hunter22' /* hunter22 */ -- hunter22`);
      await c.execute("CREATE SECRET other (TYPE s3, KEY_ID 'AKIAOTHER', SECRET 'hunter22', SCOPE 's3://other/')");
      await rejection(c.query("FROM read_csv('https://user:hunter22@127.0.0.1:1/x')"));
      await rejection(c.query("FROM read_csv('http://127.0.0.1:1/x?token=hunter22')"));
      await rejection(c.query('FROM "http://user:hunter22@127.0.0.1:1/x.parquet?X-Amz-Signature=hunter22"'));
      await rejection(c.query('FROM "http://127.0.0.1:1/x.parquet?X-Amz-Signature=hunter22"'));
      return c.query('FROM duckdb_logs()');
    });
    expect(kept).toEqual([]);
    const all = printed.mock.calls.join('\n');
    expect(all).toContain("FROM read_csv('http://127.0.0.1:1/x')");
    for (const secret of ['hunter22', s3.accessKeyId, s3.secretAccessKey, 'Authorization', 'Signature', 'AKIA']) expect(all).not.toContain(secret);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`duckdb-requests-${process.pid}-`))).toEqual([]);
  });

  test.each([undefined, '', 'true'])('it is off where the variable is %j', async (value) => {
    expect(await linesOf((c) => c.query(`SELECT count(*) FROM ${FILE}`), value === undefined ? {} : { DUCKDB_LAMBDA_DEBUG: value })).toEqual([]);
  });
});
