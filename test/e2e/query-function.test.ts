import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { start, synthesiseQueries } from './built-function';
import { writeOrders } from '../../examples/sales/orders';
import { S3Step } from '../../src';
import { CONTAINER_HOST, startS3, type RunningFunction, type S3Server } from '../bed';
import { describeWith } from '../bed/require';
import { SERVICES, SHAPES } from '../lib-runtime/queries/http/events';
import { at, seen } from '../lib-runtime/queries/http/http-bed';
import { temporaryDirectory } from '../temporary-directory';

const SALES = `-- @description Sales of a month by category.
-- @param month VARCHAR : the month as YYYY-MM
-- @column revenue DECIMAL(18,2)
SELECT category, count(*) AS orders, sum(amount)::DECIMAL(18,2) AS revenue
FROM read_parquet('s3://lake/orders/*/*.parquet', hive_partitioning = true, hive_types = {'month': VARCHAR})
WHERE month = $month GROUP BY category ORDER BY category
`;

describeWith(['lambda', 's3'], 'a function of queries', () => {
  let s3: S3Server;
  let fn: RunningFunction;

  beforeAll(async () => {
    s3 = await startS3();
    await writeOrders(join(s3.dir, 'lake'));
    mkdirSync(join(s3.dir, 'results'));
    const queries = join(temporaryDirectory(), 'queries');
    mkdirSync(join(queries, 'reports'), { recursive: true });
    writeFileSync(join(queries, 'monthly-sales.sql'), SALES);
    writeFileSync(join(queries, 'reports', 'numbers.sql'), 'SELECT range AS i FROM range(100000)');
    const synthesised = await synthesiseQueries({ queries }, (stack) => ({
      bootstrap: [new S3Step({ buckets: [Bucket.fromBucketName(stack, 'Lake', 'lake')], prefixes: ['orders/'] })],
      results: { bucket: Bucket.fromBucketName(stack, 'Results', 'results'), prefix: 'out/' },
    }));
    fn = await start(synthesised, {
      env: { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey, AWS_ENDPOINT_URL_S3: `http://${CONTAINER_HOST}:${s3.port}` },
    });
  }, 600_000);
  afterAll(async () => {
    await fn?.stop();
    await s3?.stop();
  });

  const ask = async (event: object) => (await fn.invoke(event)).payload as any;

  test('answers with rows', async () => {
    const { columns, rows, rowCount } = await ask({ query: 'monthly-sales', params: { month: '2025-01' } });
    expect(columns).toEqual([{ name: 'category', type: 'VARCHAR' }, { name: 'orders', type: 'BIGINT' }, { name: 'revenue', type: 'DECIMAL(18,2)' }]);
    expect(rowCount).toBeGreaterThan(1);
    expect(rows).toHaveLength(rowCount);
    expect(rows[0]).toEqual({ category: expect.any(String), orders: expect.any(Number), revenue: expect.stringMatching(/^\d+\.\d\d$/) });
  });

  test('writes a result to S3 with the permissions and the location that the stack declares', async () => {
    const answer = await ask({ query: 'reports/numbers' });
    expect(answer).toMatchObject({ rowCount: 100_000, format: 'parquet', manifest: expect.stringMatching(/^s3:\/\/results\/out\/reports\/numbers\/.*\/manifest\.json$/) });
    const manifest = JSON.parse(readFileSync(join(s3.dir, answer.manifest.replace('s3://', '')), 'utf8'));
    expect(manifest).toMatchObject({ query: 'reports/numbers', rowCount: 100_000, files: [{ url: answer.files[0], bytes: answer.bytes }] });
    const csv = await ask({ query: 'monthly-sales', params: { month: '2025-01' }, output: { format: 'csv', key: '2025-01/sales.json' } });
    expect(readFileSync(join(s3.dir, csv.files[0].replace('s3://', '')), 'utf8')).toMatch(/^category,orders,revenue\n/);
  });

  test.each(SERVICES)('answers requests of %s with the same rows, in each form', async (service) => {
    const { rows } = await ask({ query: 'monthly-sales', params: { month: '2025-01' } });
    const get = async (path: string) => seen(await ask(SHAPES[service](at(`${path}?month=2025-01`))));
    expect(JSON.parse((await get('/monthly-sales')).text).rows).toEqual(rows);
    expect((await get('/monthly-sales.ndjson')).text.trimEnd().split('\n').map((line) => JSON.parse(line))).toEqual(rows);
    expect((await get('/monthly-sales.csv')).text).toContain(`\r\n${rows[0].category},${rows[0].orders},${rows[0].revenue}\r\n`);
    expect((await get('/monthly-sales.parquet')).bytes.subarray(-4).toString()).toBe('PAR1');
    expect(await get('/monthly-sale')).toMatchObject({ status: 404, headers: { 'content-type': 'application/problem+json' } });
  });

  test('reports an error by the name that Step Functions matches', async () => {
    expect(await ask({ query: 'monthly-sales', params: { month: 7 } })).toMatchObject({ errorType: 'ParameterError', errorMessage: expect.stringContaining('$month') });
    expect(await ask({ query: 'monthly-sale' })).toMatchObject({ errorType: 'ConfigError', errorMessage: expect.stringContaining('did you mean "monthly-sales"?') });
  });
});
