import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { start, synthesise } from './built-function';
import { writeOrders } from '../../examples/sales/orders';
import { DuckDbFunctionProps, S3Permissions, S3Step } from '../../src';
import { CONTAINER_HOST, startS3, type RunningFunction, type S3Server } from '../bed';
import { describeWith } from '../bed/require';

/** A handler that runs the SQL of its event and returns rows or the error as it shows itself to code. */
const SOURCE = `
  import { cursor } from 'cdk-duckdb-lambda/runtime';

  export const handler = (event: { sql: string }) => cursor((c) => c.query(event.sql)).then(
    (rows) => ({ rows }),
    ({ name, code, message, duckdbType }) => ({ failed: { name, code, message, duckdbType } }));
`;

const SALES = `SELECT month, category, count(*) AS orders, sum(amount) AS revenue
  FROM read_parquet('LAKE/orders/*/*.parquet', hive_partitioning = true, hive_types = {'month': VARCHAR})
  GROUP BY month, category ORDER BY month, category`;

describeWith(['lambda', 's3'], 'a function over a data lake', () => {
  let s3: S3Server;
  let fn: RunningFunction;

  const inAnyBucket = (stack: Parameters<typeof Bucket.fromBucketName>[0]): Partial<DuckDbFunctionProps> => ({
    bootstrap: [new S3Step({ buckets: [Bucket.fromBucketName(stack, 'Lake', 'lake')], permissions: S3Permissions.READ_WRITE })],
  });
  const access = () => ({
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_ENDPOINT_URL_S3: `http://${CONTAINER_HOST}:${s3.port}`,
  });
  const ask = async (sql: string, running = fn) => (await running.invoke({ sql })).payload;

  beforeAll(async () => {
    s3 = await startS3();
    await writeOrders(join(s3.dir, 'lake'));
    fn = await start(await synthesise({ source: SOURCE }, inAnyBucket), { env: access() });
  }, 600_000);

  afterAll(async () => {
    await fn?.stop();
    await s3?.stop();
  });

  test('answers with the rows that plain DuckDB finds in the same Parquet files', async () => {
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const expected = (await connection.runAndReadAll(SALES.replace('LAKE', join(s3.dir, 'lake')))).getRowObjectsJson();
    connection.closeSync();

    const { rows } = await ask(SALES.replace('LAKE', 's3://lake'));
    expect(rows).toEqual(expected.map((row) => ({ ...row, orders: Number(row.orders) })));
    expect(rows.length).toBeGreaterThan(50);
  });

  test('writes to the lake what it can read again', async () => {
    await ask("COPY (SELECT range AS n FROM range(1000)) TO 's3://lake/written.parquet'");
    expect(await ask("SELECT sum(n) AS sum FROM 's3://lake/written.parquet'")).toEqual({ rows: [{ sum: 499500 }] });
  });

  test('logs its cold start once, in one line with the milliseconds of each phase', async () => {
    await ask('SELECT 1');
    const lines = (await fn.logs()).split('\n').filter((line) => line.includes('duckdb cold start'));
    expect(lines.map((line) => JSON.parse(line.slice(line.indexOf('{'))))).toEqual([{
      message: 'duckdb cold start',
      open: expect.any(Number),
      load: expect.any(Number),
      lock: expect.any(Number),
      steps: { s3: expect.any(Number) },
      firstQuery: expect.any(Number),
      total: expect.any(Number),
    }]);
  });

  test('Parquet that is missing is an error that names the path', async () => {
    const { failed } = await ask("SELECT * FROM 's3://lake/missing/*.parquet'");
    expect(failed).toMatchObject({ code: 'QUERY', message: expect.stringContaining('s3://lake/missing/*.parquet') });
  });

  test('credentials that S3 refuses are an error that says what to grant, and shows no secret', async () => {
    const secret = 'wrong-secret-that-must-not-show';
    const denied = await start(await synthesise({ source: SOURCE }, inAnyBucket), { env: { ...access(), AWS_SECRET_ACCESS_KEY: secret } });
    try {
      const { failed } = await ask("SELECT count(*) FROM 's3://lake/orders/month=2025-01/data_0.parquet'", denied);
      expect(failed).toMatchObject({ code: 'QUERY', message: expect.stringMatching(/403|Forbidden|SignatureDoesNotMatch/) });
      expect(failed.message).toContain('hint: S3 does not know the AWS credentials');
      expect(JSON.stringify(failed) + await denied.logs()).not.toContain(secret);
    } finally {
      await denied.stop();
    }
  });

  test('SQL cannot read the credentials back', async () => {
    const { rows } = await ask("SELECT * FROM duckdb_settings() WHERE value LIKE '%' || '" + s3.secretAccessKey.slice(0, 12) + "' || '%'");
    expect(rows).toEqual([]);
    const { rows: secrets } = await ask('SELECT * FROM duckdb_secrets()');
    expect(secrets).toHaveLength(1);
    expect(JSON.stringify(secrets)).not.toContain(s3.secretAccessKey);
  });
});
