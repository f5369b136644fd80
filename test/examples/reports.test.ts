import { join } from 'node:path';
import { handlerOf } from './handlers';
import { writeOrders } from '../../examples/sales/orders';
import { startFarS3, startPostgres, type FarS3Server, type PostgresServer } from '../bed';
import { describeWith } from '../bed/require';
import { type AnsweringServer, startAnswering } from '../contract/performed';
import { freshRuntime, type Runtime } from '../lib-runtime/fresh-runtime';
import { rejection } from '../lib-runtime/rejection';
import { config } from '../lib-runtime/runtime-config';
import { signedExtensions } from '../lib-runtime/signed-extensions';

describeWith('postgres', 'the report over files and PostgreSQL, with the runtime in this process and a database in memory as MotherDuck', () => {
  let s3: FarS3Server;
  let postgres: PostgresServer;
  let secrets: AnsweringServer;
  let runtime: Runtime;
  let report: (event: object) => Promise<any>;

  beforeAll(async () => {
    [s3, postgres, secrets] = await Promise.all([startFarS3({ tls: false }), startPostgres({ tls: false, database: 'app' }), startAnswering()]);
    await writeOrders(join(s3.dir, 'my-data-lake'));
    await postgres.query(`
      CREATE TABLE users (id bigint PRIMARY KEY, country text);
      INSERT INTO users SELECT i, (ARRAY['DE', 'FR', 'PL'])[1 + i % 3] FROM generate_series(0, 130000) i;
      CREATE ROLE reader LOGIN PASSWORD 'value of /app/reader-password'; GRANT SELECT ON users TO reader`);
    const login = { host: '127.0.0.1', port: postgres.port, database: 'app', user: 'reader', password: { ssm: '/app/reader-password' }, tls: 'disable' };
    const planning = ["ATTACH ':memory:' AS planning", "CREATE TABLE planning.targets AS FROM (VALUES ('DE', 1000.00), ('FR', 2000.00)) t(country, revenue)"];
    runtime = freshRuntime({
      LAKE: 'my-data-lake',
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'postgres_scanner'),
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ENDPOINT_URL_SSM: secrets.endpoint,
      ...config({
        extensions: ['httpfs', 'postgres_scanner'],
        steps: [
          { name: 's3', type: 's3', config: { scopes: ['s3://my-data-lake/orders/'] } },
          { name: 'postgres', type: 'postgres', provides: ['pg_replica'], config: { ...login, catalog: 'pg_replica', schema: 'public' } },
          { name: 'motherduck', type: 'sql', provides: ['planning'], config: { statements: planning } },
        ],
      }),
    });
    report = handlerOf('reports/reports.ts', runtime);
  }, 60_000);
  afterAll(async () => {
    secrets?.stop();
    await postgres?.stop();
    await s3?.stop();
  });

  test('has the revenue of each country that is planned, as the parts of it say', async () => {
    const countries = await postgres.query('SELECT id, country FROM users');
    const spent = await runtime.cursor((c) => c.query<{ customer_id: number; cents: number }>(
      `SELECT customer_id, (100 * sum(amount))::BIGINT AS cents FROM '${s3.dir}/my-data-lake/orders/*/*.parquet' GROUP BY customer_id`));
    const countryOf = new Map(countries.map(({ id, country }: any) => [Number(id), country]));
    const revenue = (country: string) => (
      (spent.filter(({ customer_id: id }) => countryOf.get(id) === country).reduce((sum, { cents }) => sum + cents, 0) / 100).toFixed(2));
    expect(await report({})).toEqual([
      { country: 'DE', revenue: revenue('DE'), target: '1000.00' },
      { country: 'FR', revenue: revenue('FR'), target: '2000.00' },
    ]);
  });

  test('needs PostgreSQL, and a query of the lake alone does not', async () => {
    await postgres.stop();
    expect(await rejection(report({}))).toMatchObject({ retryable: true });
    expect(await runtime.cursor((c) => c.queryOne("SELECT count(*) AS orders FROM 's3://my-data-lake/orders/*/*.parquet'"))).toEqual({ orders: 3_000_000 });
  });
});
