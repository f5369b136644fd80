import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { deployedEnvironment } from './deployed-environment';
import {
  DuckDbFunction, DuckLakeMetadata, DuckLakeStep, DuckLakeStepProps, LakeAccess, PostgresCredentials, PostgresEndpoint, PostgresTls, SecretSource,
} from '../../src';
import { startAws, startPostgres, type AwsServer, type PostgresServer } from '../bed';
import { describeWith } from '../bed/require';
import { AnsweringServer, startAnswering } from '../contract/performed';
import { boto } from '../lib-runtime/boto';
import { freshRuntime, type Runtime } from '../lib-runtime/fresh-runtime';
import { rejection } from '../lib-runtime/rejection';
import { signedExtensions } from '../lib-runtime/signed-extensions';
import { temporaryDirectory } from '../temporary-directory';

/** A role that writes and maintains the lake, and one that can do no more than read it. */
const ROLES = `
  CREATE ROLE lake_writer LOGIN PASSWORD 'value of /lake_writer';
  CREATE ROLE lake_reader LOGIN PASSWORD 'value of /lake_reader';
  CREATE SCHEMA lake AUTHORIZATION lake_writer;
  GRANT USAGE ON SCHEMA lake TO lake_reader;
  ALTER DEFAULT PRIVILEGES FOR ROLE lake_writer IN SCHEMA lake GRANT SELECT ON TABLES TO lake_reader;`;

describeWith(['aws', 'postgres'], 'the permissions of a DuckLakeStep, held against IAM', () => {
  let aws: AwsServer;
  let postgres: PostgresServer;
  // moto knows no resources of SSM.
  let ssm: AnsweringServer;

  beforeAll(async () => {
    aws = await startAws({ iam: true });
    postgres = await startPostgres({ tls: false });
    ssm = await startAnswering();
    await postgres.query(ROLES);
    await aws.allowUnchecked(20);
    await boto(aws, `
boto3.client('s3').create_bucket(Bucket='lake', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
boto3.client('s3').put_object(Bucket='lake', Key='private/c.csv', Body=b'n\\n1\\n')`);
    // The lake, with a row that is too much for the catalog, so that it is in a file.
    const { cursor } = await functionWith({ access: LakeAccess.WRITE, createIfMissing: true });
    await cursor((c) => c.execute('CREATE TABLE lake.orders AS SELECT range AS id FROM range(1000)'));
  }, 60_000);
  afterAll(async () => {
    ssm?.stop();
    await aws?.stop();
    await postgres?.stop();
  });

  /** The runtime as the synthesised function would run it, with a key that may do what its policy says. */
  async function functionWith(props: Partial<DuckLakeStepProps>): Promise<Runtime> {
    const user = props.access === undefined ? 'lake_reader' : 'lake_writer';
    const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack', { env: { account: '123456789012', region: 'eu-west-1' } });
    const bucket = Bucket.fromBucketName(stack, 'Lake', 'lake');
    const password = StringParameter.fromSecureStringParameterAttributes(stack, 'Password', { parameterName: `/${user}` });
    const metadata = DuckLakeMetadata.postgres({
      endpoint: PostgresEndpoint.fromHost('127.0.0.1', { port: postgres.port }),
      database: postgres.database,
      credentials: PostgresCredentials.fromPassword(user, SecretSource.fromSsmParameter(password)),
      schema: 'lake',
      tls: PostgresTls.DISABLE,
    });
    const step = new DuckLakeStep({ metadata, data: { bucket, prefix: 'lake/' }, ...props });
    new DuckDbFunction(stack, 'Fn', { entry: join(__dirname, '..', 'fixtures', 'handler.ts'), bootstrap: [step] });
    return freshRuntime({
      ...await deployedEnvironment(stack, aws),
      AWS_ENDPOINT_URL_SSM: ssm.endpoint,
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'postgres_scanner', 'ducklake'),
    });
  }

  async function keys(prefix = 'lake/'): Promise<string[]> {
    await aws.allowUnchecked(1);
    const listed = await boto(aws, `print(json.dumps([each['Key'] for each in boto3.client('s3').list_objects_v2(Bucket='lake', Prefix='${prefix}').get('Contents', [])]))`);
    await aws.allowUnchecked(0);
    return listed;
  }

  const count = ({ cursor }: Runtime) => cursor((c) => c.queryOne('SELECT count(*) AS orders FROM lake.orders'));
  const denied = { code: 'QUERY', message: expect.stringMatching(/403|Forbidden|AccessDenied/) };

  test('reading: the data, and nothing else', async () => {
    const runtime = await functionWith({});
    expect(await count(runtime)).toEqual({ orders: 1000 });
    const run = (sql: string) => runtime.cursor((c) => c.query(sql));
    expect(await run("FROM glob('s3://lake/lake/**')")).toHaveLength(1);
    expect(await rejection(run("FROM read_csv('s3://lake/private/c.csv')"))).toMatchObject(denied);
    expect(await rejection(run("COPY (SELECT 1) TO 's3://lake/lake/main/orders/x.parquet'"))).toMatchObject(denied);
    expect(await keys()).toHaveLength(1);
  }, 30_000);

  test('writing: every kind of change, and merging, without deleting a file', async () => {
    const runtime = await functionWith({ access: LakeAccess.WRITE });
    await runtime.cursor(async (c) => {
      await c.execute('INSERT INTO lake.orders SELECT range FROM range(1000, 2000)');
      await c.execute('UPDATE lake.orders SET id = id + 10000 WHERE id < 500');
      await c.execute('DELETE FROM lake.orders WHERE id BETWEEN 1500 AND 1999');
      await c.execute('CREATE TABLE lake.customers AS SELECT range AS id FROM range(1000)');
      await c.execute('DROP TABLE lake.customers');
    });
    const before = await keys();
    const { queryHandler } = runtime;
    const merged: any = await queryHandler({ queries: DuckLakeStep.maintenanceQueries })({ query: 'merge' });
    expect(merged.rows).toEqual([expect.objectContaining({ table_name: 'orders', files_created: expect.any(Number) })]);
    expect(await count(runtime)).toEqual({ orders: 1500 });
    expect(await keys()).toEqual(expect.arrayContaining(before));
    expect(await rejection(runtime.cursor((c) => c.execute("COPY (SELECT 1 AS a) TO 's3://lake/lake/main/orders' (FORMAT parquet, PARTITION_BY (a), WRITE_PARTITION_COLUMNS, OVERWRITE)"))))
      .toMatchObject(denied);
  }, 30_000);

  test('maintaining: expiring and deleting, without writing a file', async () => {
    // As if everything had happened long ago. The catalog of DuckLake has the times as text.
    await postgres.query('UPDATE lake.ducklake_snapshot SET snapshot_time = snapshot_time - INTERVAL \'30 days\' WHERE snapshot_id < (SELECT max(snapshot_id) FROM lake.ducklake_snapshot)');
    const runtime = await functionWith({ access: LakeAccess.MAINTAIN });
    const handler = runtime.queryHandler({ queries: DuckLakeStep.maintenanceQueries }) as (event: object) => Promise<any>;
    const before = await keys();
    expect((await handler({ query: 'expire' })).rows[0].snapshots_expired).toBeGreaterThan(3);
    await postgres.query('UPDATE lake.ducklake_files_scheduled_for_deletion SET schedule_start = schedule_start - INTERVAL \'30 days\'');
    const { rows: [cleaned] } = await handler({ query: 'clean-up' });
    expect(cleaned).toEqual({ old_files_deleted: expect.any(Number), orphaned_files_deleted: 0 });
    expect(cleaned.old_files_deleted).toBeGreaterThan(0);
    expect(await keys()).toHaveLength(before.length - cleaned.old_files_deleted);
    expect(await count(runtime)).toEqual({ orders: 1500 });
    expect(await rejection(runtime.cursor((c) => c.execute('INSERT INTO lake.orders SELECT range FROM range(1000)')))).toMatchObject(denied);
    expect(await count(runtime)).toEqual({ orders: 1500 });
  }, 30_000);

  test('a frozen lake: its key alone, and the data', async () => {
    const file = join(temporaryDirectory(), 'catalog.ducklake');
    const { cursor } = await functionWith({ access: LakeAccess.WRITE });
    await cursor(async (c) => {
      await c.execute('FROM lake.orders LIMIT 1');
      await c.execute(`ATTACH 'ducklake:${file}' AS frozen (DATA_PATH 's3://lake/lake/frozen/')`);
      await c.execute('CREATE TABLE frozen.orders AS SELECT range AS id FROM range(1000)');
      await c.execute('DETACH frozen');
    });
    await aws.allowUnchecked(10);
    await boto(aws, `for key in ['catalogs/now.ducklake', 'catalogs/now.ducklake-other']:\n    boto3.client('s3').upload_file('${file}', 'lake', key)`);
    const read = async (key: string) => {
      const stack = new Stack();
      const bucket = Bucket.fromBucketName(stack, 'Lake', 'lake');
      return functionWith({ metadata: DuckLakeMetadata.file(bucket, key), data: { bucket, prefix: 'lake/frozen/' } });
    };
    const runtime = await read('catalogs/now.ducklake');
    expect(await count(runtime)).toEqual({ orders: 1000 });
    expect(await rejection(runtime.cursor((c) => c.query("FROM read_blob('s3://lake/catalogs/now.ducklake-other')")))).toMatchObject(denied);
  }, 30_000);
});
