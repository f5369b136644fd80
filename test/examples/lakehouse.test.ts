import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { DatabaseInstance } from 'aws-cdk-lib/aws-rds';
import { LakehouseStack } from '../../examples/lakehouse/stack';
import { writeOrders } from '../../examples/sales/orders';
import { DuckLakeStep } from '../../src';
import { repositoryRoot, startFarS3, startPostgres, type FarS3Server, type PostgresServer } from '../bed';
import { describeWith } from '../bed/require';
import { type AnsweringServer, startAnswering } from '../contract/performed';
import { freshRuntime, type Runtime } from '../lib-runtime/fresh-runtime';
import { signedExtensions } from '../lib-runtime/signed-extensions';

const EXAMPLE = join(repositoryRoot, 'examples/lakehouse');

describeWith('postgres', 'the functions of the lakehouse, with the runtime in this process', () => {
  let s3: FarS3Server;
  let postgres: PostgresServer;
  let secrets: AnsweringServer;
  let template: Template;
  let months: string[];

  beforeAll(async () => {
    [s3, postgres, secrets] = await Promise.all([startFarS3({ delayMs: 0, tls: false }), startPostgres({ tls: false, database: 'lakehouse' }), startAnswering()]);
    await writeOrders(join(s3.dir, 'my-data-lake'));
    months = readdirSync(join(s3.dir, 'my-data-lake/orders'));
    for (const bucket of ['lake', 'arrivals']) mkdirSync(join(s3.dir, bucket));
    // RDS has the role of IAM. Its master user may make roles, and is not a superuser.
    await postgres.query(`CREATE ROLE rds_iam; CREATE ROLE owner LOGIN CREATEROLE PASSWORD 'owner'; ALTER DATABASE lakehouse OWNER TO owner;
      GRANT rds_iam TO owner WITH ADMIN OPTION`);
    const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
    const around = new Stack(app, 'Around', { env: { account: '111111111111', region: 'eu-west-1' } });
    const database = DatabaseInstance.fromDatabaseInstanceAttributes(around, 'Database', {
      instanceIdentifier: 'lakehouse', instanceEndpointAddress: '127.0.0.1', port: postgres.port, securityGroups: [], instanceResourceId: 'db-ABC',
    });
    const stack = new LakehouseStack(app, 'Lakehouse', { env: { account: '111111111111', region: 'eu-west-1' }, arrivals: 'arrivals', vpc: new Vpc(around, 'Vpc', { natGateways: 0 }), database });
    template = Template.fromStack(stack);
  }, 60_000);
  afterAll(async () => {
    secrets?.stop();
    await postgres?.stop();
    await s3?.stop();
  });

  /** The runtime of a function of the stack. Nothing here knows IAM, so it signs in to PostgreSQL with a password. */
  async function runtimeOf(id: string): Promise<Runtime> {
    const [fn] = Object.entries(template.findResources('AWS::Lambda::Function')).filter(([name]) => name.startsWith(id)).map(([, { Properties }]) => Properties);
    const { DUCKDB_LAMBDA_CONFIG: config, ...environment } = fn.Environment.Variables;
    const deployed = config['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : 'lake')).join('');
    return freshRuntime({
      ...environment,
      DUCKDB_LAMBDA_CONFIG: deployed.replace(/"user":"(\w+)","iam":true/, '"user":"$1","password":{"ssm":"/$1"},"tls":"disable"'),
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'postgres_scanner', 'ducklake'),
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.MemorySize),
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ENDPOINT_URL_SSM: secrets.endpoint,
    });
  }

  /** The handler of a file of the example, with the runtime of its function. */
  function handlerOf(file: string, runtime: Runtime): (event: object) => Promise<any> {
    let handler: any;
    jest.isolateModules(() => {
      jest.doMock('cdk-duckdb-lambda/runtime', () => runtime, { virtual: true });
      ({ handler } = jest.requireActual(join(EXAMPLE, file)));
    });
    return handler;
  }

  const queries = (runtime: Runtime, folder: string) => runtime.queryHandler({ queries: folder }) as (event: object) => Promise<any>;
  const arrive = (...arriving: string[]) => arriving.forEach((month) => (
    cpSync(join(s3.dir, 'my-data-lake/orders', month), join(s3.dir, 'arrivals/orders', month), { recursive: true })));

  /** What plain DuckDB finds in files. */
  async function salesOf(runtime: Runtime, files: string): Promise<unknown> {
    return runtime.cursor((c) => c.query(
      `SELECT category, count(*) AS orders, sum(amount) AS revenue FROM read_parquet('${join(s3.dir, files)}') GROUP BY category ORDER BY category`));
  }

  test('the roles are made, and may be made again', async () => {
    const runtime = freshRuntime({ DUCKDB_EXTENSIONS_DIR: await signedExtensions('postgres_scanner') });
    await runtime.cursor(async (c) => {
      await c.execute(`CREATE TEMPORARY SECRET owner (TYPE postgres, HOST '127.0.0.1', PORT '${postgres.port}', DATABASE 'lakehouse', USER 'owner', PASSWORD 'owner')`);
      await c.execute("ATTACH '' AS lakehouse (TYPE postgres, SECRET owner)");
    });
    const handler = handlerOf('roles.ts', runtime);
    await handler({});
    await handler({});
    await postgres.query("ALTER ROLE lake_writer PASSWORD 'value of /lake_writer'; ALTER ROLE lake_reader PASSWORD 'value of /lake_reader'");
  });

  test('files are taken in once, also by two runs at the same time', async () => {
    const runtime = await runtimeOf('Ingestion');
    const ingest = handlerOf('ingest.ts', runtime);
    expect(await ingest({})).toEqual({ files: 0, orders: 0 });
    arrive(...months.slice(0, 2));
    const [first, second] = [ingest({}), ingest({})];
    const ended = await Promise.allSettled([first, second]);
    const taken = ended.flatMap((each) => (each.status === 'fulfilled' ? [each.value.files] : []));
    // One of them fails, or began when the other had ended.
    expect(taken.filter((files) => files > 0)).toEqual([2]);
    const failed = ended.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    failed.forEach((error) => expect(error).toMatchObject({ retryable: true }));
    expect(await ingest({})).toEqual({ files: 0, orders: 0 });
    arrive(months[2]!);
    expect(await ingest({})).toEqual({ files: 1, orders: expect.any(Number) });
    const lake = await runtime.cursor((c) => c.queryOne('SELECT count(*) AS orders, count(DISTINCT order_id) AS ids FROM lake.orders'));
    expect(lake!.orders).toBe(lake!.ids);
    expect(await runtime.cursor((c) => c.query('SELECT category, count(*) AS orders, sum(amount) AS revenue FROM lake.orders GROUP BY category ORDER BY category')))
      .toEqual(await salesOf(runtime, 'arrivals/orders/*/*.parquet'));
  }, 60_000);

  test('a run that finds nothing makes no snapshot', async () => {
    const runtime = await runtimeOf('Ingestion');
    const ingest = handlerOf('ingest.ts', runtime);
    const snapshots = async () => runtime.cursor((c) => c.queryOne("SELECT count(*) AS snapshots FROM ducklake_snapshots('lake')"));
    const before = await snapshots();
    expect(await ingest({})).toEqual({ files: 0, orders: 0 });
    expect(await snapshots()).toEqual(before);
  });

  test('questions are answered, also about an earlier time, by a role that can do no more', async () => {
    const runtime = await runtimeOf('Orders');
    const ask = queries(runtime, join(EXAMPLE, 'queries'));
    expect((await ask({ query: 'sales' })).rows).toEqual(await salesOf(runtime, 'arrivals/orders/*/*.parquet'));
    expect((await ask({ query: 'arrivals' })).rows).toHaveLength(3);
    const { then } = (await runtime.cursor((c) => c.queryOne<{ then: Date }>(
      "SELECT max(snapshot_time) AS then FROM ducklake_snapshots('lake') WHERE snapshot_id < (SELECT max(snapshot_id) FROM ducklake_snapshots('lake'))")))!;
    const { rows } = await ask({ query: 'sales-then', params: { then: then.toISOString().replace('Z', '999Z') } });
    expect(rows).toEqual(await salesOf(runtime, 'arrivals/orders/month=2025-0[12]/*.parquet'));
    await expect(runtime.cursor((c) => c.execute("CALL postgres_execute('__ducklake_metadata_lake', 'COMMIT; DELETE FROM lake.ducklake_snapshot')"))).rejects.toThrow('permission denied');
    await expect(runtime.cursor((c) => c.execute('DELETE FROM lake.orders'))).rejects.toThrow();
  });

  test('the lake is maintained by the queries that come with the library', async () => {
    const merging = queries(await runtimeOf('Merging'), DuckLakeStep.maintenanceQueries);
    const { rows } = await merging({ query: 'merge' });
    expect(rows).toContainEqual({ schema_name: 'main', table_name: 'orders', rows_flushed: 0, files_rewritten: 0, files_merged: 2, files_created: 1 });
    await postgres.query("UPDATE lake.ducklake_snapshot SET snapshot_time = snapshot_time - INTERVAL '31 days' WHERE snapshot_id < (SELECT max(snapshot_id) FROM lake.ducklake_snapshot)");
    const runtime = await runtimeOf('Cleaning');
    const cleaning = queries(runtime, DuckLakeStep.maintenanceQueries);
    expect((await cleaning({ query: 'expire', params: { age: '30 days' } })).rows[0].snapshots_expired).toBeGreaterThan(3);
    await postgres.query("UPDATE lake.ducklake_files_scheduled_for_deletion SET schedule_start = schedule_start - INTERVAL '3 days'");
    const { rows: [cleaned] } = await cleaning({ query: 'clean-up' });
    expect(cleaned).toEqual({ old_files_deleted: expect.any(Number), orphaned_files_deleted: 0 });
    expect(cleaned.old_files_deleted).toBeGreaterThanOrEqual(2);
    expect(existsSync(join(s3.dir, 'lake/lake/main/orders'))).toBe(true);
    expect(await runtime.cursor((c) => c.query('SELECT category, count(*) AS orders, sum(amount) AS revenue FROM lake.orders GROUP BY category ORDER BY category')))
      .toEqual(await salesOf(runtime, 'arrivals/orders/*/*.parquet'));
    for (const query of ['expire', 'clean-up']) {
      await expect(cleaning({ query, params: { age: '14 minutes' } })).rejects.toThrow('the age is below 15 minutes');
      await expect(cleaning({ query, params: { age: null } })).rejects.toThrow('the age is below 15 minutes');
    }
    expect(readFileSync(join(EXAMPLE, 'stack.ts'), 'utf8')).not.toContain('cleanup_all');
  }, 60_000);
});
