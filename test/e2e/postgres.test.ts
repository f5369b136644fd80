import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { start, synthesise } from './built-function';
import { writeOrders } from '../../examples/sales/orders';
import { PostgresCredentials, PostgresEndpoint, PostgresStep, S3Step, SecretSource } from '../../src';
import {
  buildFunctionImage, CONTAINER_HOST, docker, startAws, startPostgres, startS3,
  type AwsServer, type PostgresServer, type RunningFunction, type S3Server, type SynthesisedFunction,
} from '../bed';
import { describeWith } from '../bed/require';
import { boto } from '../lib-runtime/boto';

const SOURCE = `
  import { cursor } from 'cdk-duckdb-lambda/runtime';
  export const handler = (event: { sql: string }) => cursor((c) => c.query(event.sql)).then(
    (rows) => ({ rows }), ({ code, message, retryable }) => ({ failed: { code, message, retryable } }));
`;
const PASSWORD = "it's a $ecret \\ with \" quotes";

describeWith(['lambda', 's3', 'postgres', 'aws'], 'a function over a data lake and a PostgreSQL database', () => {
  let aws: AwsServer;
  let s3: S3Server;
  let postgres: PostgresServer;
  let synthesised: SynthesisedFunction;
  let fn: RunningFunction;

  const ask = async (sql: string) => (await fn.invoke({ sql })).payload;
  const connections = async () => (await postgres.query("SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = 'reader'"))[0].n;

  beforeAll(async () => {
    [aws, s3, postgres] = await Promise.all([startAws(), startS3(), startPostgres()]);
    mkdirSync(join(s3.dir, 'lake'));
    await writeOrders(join(s3.dir, 'lake'));
    const literal = `'${PASSWORD.replace(/'/g, "''")}'`;
    await postgres.query(`CREATE ROLE reader LOGIN PASSWORD ${literal};
      CREATE TABLE targets (category text, revenue numeric); INSERT INTO targets VALUES ('toys', 15000000), ('music', 99000000);
      GRANT SELECT ON targets TO reader`);
    await boto(aws, `boto3.client('ssm').put_parameter(Name='/db/password', Type='SecureString', Value=${JSON.stringify(PASSWORD)})`);

    synthesised = await synthesise({ source: SOURCE }, (stack: Stack) => ({
      bootstrap: [
        new S3Step({ buckets: [Bucket.fromBucketName(stack, 'Lake', 'lake')] }),
        new PostgresStep({
          endpoint: PostgresEndpoint.fromHost(CONTAINER_HOST, { port: postgres.port }),
          database: postgres.database,
          credentials: PostgresCredentials.fromPassword('reader', SecretSource.fromSsmParameter(
            StringParameter.fromSecureStringParameterAttributes(stack, 'Password', { parameterName: '/db/password' }))),
        }),
      ],
    }));
    fn = await start(synthesised, {
      env: {
        AWS_ACCESS_KEY_ID: s3.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
        AWS_ENDPOINT_URL_S3: `http://${CONTAINER_HOST}:${s3.port}`,
        AWS_ENDPOINT_URL_SSM: `http://${CONTAINER_HOST}:${aws.port}`,
        AWS_REGION: 'eu-west-1',
      },
    });
  }, 600_000);

  afterAll(async () => {
    await Promise.all([fn, aws, s3, postgres].map((each) => each?.stop()));
  });

  test('a query that needs S3 only does not connect to the database', async () => {
    expect(await ask("SELECT count(*) AS n FROM 's3://lake/orders/*/*.parquet'")).toEqual({ rows: [{ n: 3000000 }] });
    expect(await connections()).toBe(0);
  });

  test('one query joins both', async () => {
    expect(await ask(`
      SELECT category, count(*) AS orders, sum(amount) >= any_value(revenue) AS reached
      FROM 's3://lake/orders/month=2025-12/*.parquet' JOIN pg_replica.public.targets USING (category)
      GROUP BY category ORDER BY category`)).toEqual({
      rows: [{ category: 'music', orders: expect.any(Number), reached: false }, { category: 'toys', orders: 165384, reached: true }],
    });
    expect(await connections()).toBeGreaterThan(0);
  });

  test('the database cannot be written', async () => {
    expect(await ask("INSERT INTO pg_replica.public.targets VALUES ('books', 1)")).toEqual({
      failed: { code: 'QUERY', retryable: false, message: expect.stringContaining('read-only') },
    });
  });

  test('a changed password is found by the next query that needs it', async () => {
    await postgres.query("ALTER ROLE reader PASSWORD 'rotated-password'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'");
    await boto(aws, "boto3.client('ssm').put_parameter(Name='/db/password', Type='SecureString', Value='rotated-password', Overwrite=True)");
    expect(await ask('SELECT count(*) AS n FROM pg_replica.public.targets')).toEqual({ rows: [{ n: 2 }] });
  });

  test('no secret can be read back by SQL, or is in a log, the template, the command line or the image', async () => {
    const seen = [await fn.logs(), JSON.stringify(synthesised.environment), readFileSync(join(synthesised.context, '..', 'Stack.template.json'), 'utf8')];
    for (const sql of [
      'FROM duckdb_databases()', 'FROM duckdb_settings()', 'FROM duckdb_secrets()', 'PRAGMA database_list',
      "CALL enable_logging(level = 'trace'); SELECT count(*) FROM pg_replica.public.targets; FROM duckdb_logs()",
      "FROM read_text('/proc/self/cmdline')",
    ]) {
      const { rows } = await ask(sql);
      expect(rows).not.toEqual([]);
      seen.push(JSON.stringify(rows));
    }
    const image = await buildFunctionImage(synthesised);
    seen.push((await docker(['image', 'inspect', image])).stdout, (await docker(['history', '--no-trunc', image])).stdout);
    const secrets = ['rotated-password', PASSWORD, JSON.stringify(PASSWORD).slice(1, -1), s3.secretAccessKey];
    for (const secret of secrets) expect(seen.join('\n')).not.toContain(secret);
    const patterns = secrets.flatMap((secret) => ['-e', secret]);
    const { stdout: files } = await docker(['run', '--rm', '--network', 'none', '--user', '0:0', '--entrypoint', '/bin/sh', image, '-c',
      'grep -rlF "$@" /var/task /opt /root /tmp /etc || test $? = 1', 'sh', ...patterns]);
    expect(files).toBe('');
  });
});
