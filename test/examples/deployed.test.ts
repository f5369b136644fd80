import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { get as httpGet } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { changedExamples, type Change } from './changed-examples';
import { Deployment } from './deployment';
import { fitAssembly, TABLES, TARGETS } from './fit-assembly';
import type { Example } from './synthesised';
import { writeOrders } from '../../examples/sales/orders';
import { docker, repositoryRoot, startMiniStack, startPostgres, type MiniStackServer, type PostgresServer } from '../bed';
import { describeWith } from '../bed/require';
import { boto } from '../lib-runtime/boto';
import { SHAPES } from '../lib-runtime/queries/http/events';
import { at, seen } from '../lib-runtime/queries/http/http-bed';
import { signedExtensions } from '../lib-runtime/signed-extensions';
import { temporaryDirectory } from '../temporary-directory';

interface DeployedExample {
  /** What the second deployment brings. */
  readonly change: Change;
  /** Compares what the deployed example does with what it should do, as it is and with the change. */
  check(isChanged: boolean): Promise<void>;
}

const LAKE = 'my-data-lake';
const ARRIVALS = 'my-arrivals';
const MONTHS = ['2025-01', '2025-02', '2025-03'];
const keyOf = (month: string) => `orders/month=${month}/data_0.parquet`;
const SORTED = ['ORDER BY category', 'ORDER BY category DESC'] as const;

describeWith(['ministack', 'aws', 'postgres'], 'the examples, deployed into a stand-in of AWS', () => {
  let server: MiniStackServer;
  /** In place of the RDS instances of examples. */
  let databases: Readonly<Partial<Record<Example, PostgresServer>>> = {};
  let examples: Deployment;
  let orders: string;
  let duckdb: DuckDBConnection;

  /** One line for each example. */
  const DEPLOYED: Readonly<Record<Example, DeployedExample>> = {
    'sales': { change: ['sales.ts', 'ORDER BY month', 'ORDER BY month DESC'], check: checkSales },
    'api': { change: ['queries/sales/categories.sql', 'revenue DESC, category', 'revenue, category DESC'], check: checkApi },
    'reports': { change: ['reports.ts', 'ORDER BY users.country', 'ORDER BY users.country DESC'], check: checkReports },
    'step-functions': { change: ['stack.ts', 'FEW_ORDERS = 100', 'FEW_ORDERS = 3'], check: checkStepFunctions },
    'scale-out': { change: ['queries/totals/reduce.sql', ...SORTED], check: checkScaleOut },
    'iceberg': { change: ['queries/by-category.sql', ...SORTED], check: checkIceberg },
    'lakehouse': { change: ['queries/sales.sql', ...SORTED], check: checkLakehouse },
    'nightly-etl': { change: ['etl.ts', "'unknown'", "'elsewhere'"], check: checkEtl },
    's3-events': { change: ['ingest.ts', 'BY NAME\n    FROM', 'BY NAME\n    SELECT * REPLACE (upper(page) AS page) FROM'], check: checkEvents },
    'compaction': { change: ['queries/kinds.sql', 'ORDER BY kind', 'ORDER BY kind DESC'], check: checkCompaction },
    'per-tenant': { change: ['queries/monthly-sales.sql', 'ORDER BY month', 'ORDER BY month DESC'], check: checkTenants },
    'scheduled-export': { change: ['queries/weekly-sales.sql', 'ORDER BY ALL', 'ORDER BY ALL DESC'], check: checkExport },
  };
  const names = Object.keys(DEPLOYED) as Example[];

  beforeAll(async () => {
    orders = temporaryDirectory();
    const [started, lakehouse, application, events] = await Promise.all([
      startMiniStack({ waitScale: 0.1 }), startDatabase(), startDatabase(), startDatabase(), writeOrders(orders),
    ]);
    server = started;
    databases = { lakehouse, 'reports': application, 'nightly-etl': application, 's3-events': events };
    examples = new Deployment(server);
    duckdb = await (await DuckDBInstance.create(':memory:', { extension_directory: await signedExtensions(...EXTENSIONS) })).connect();
    for (const name of EXTENSIONS) await duckdb.run(`LOAD ${name}`);
    await duckdb.run(`CREATE SECRET (TYPE s3, KEY_ID 'test', SECRET 'test', REGION '${server.region}', ENDPOINT '127.0.0.1:${server.port}', USE_SSL false, URL_STYLE path)`);
    await application.query('CREATE DATABASE app');
    await application.query(`CREATE TABLE users (id bigint PRIMARY KEY, country text); CREATE ROLE reader LOGIN PASSWORD 'a secret'; GRANT SELECT ON users TO reader;
      INSERT INTO users SELECT i, (ARRAY['DE', 'FR', 'PL'])[1 + i % 3] FROM generate_series(0, 90000) i`, { database: 'app' });
    await boto(server, `
for name in ('/app/owner-password', '/app/reader-password', '/motherduck/token'):
    boto3.client('ssm').put_parameter(Name=name, Value='a secret', Type='SecureString')
boto3.client('secretsmanager').create_secret(Name='app/reader', SecretString='{"password": "a secret"}')`);
    await Promise.all([LAKE, ARRIVALS, TABLES].map(async (bucket) => request('PUT', bucket)));
    for (const month of MONTHS) await put(`${LAKE}/${keyOf(month)}`, month);
    await examples.bootstrap();
  }, 300_000);
  afterAll(async () => {
    duckdb?.closeSync();
    await Promise.all([...Object.values(databases), server].map(async (each) => each?.stop()));
  });

  describe.each([['as they are', false], ['with a change to each', true]])('%s', (_, isChanged) => {
    let checks: ReadonlyMap<Example, Promise<unknown>>;

    beforeAll(async () => {
      const assembly = await changedExamples(names, isChanged ? Object.fromEntries(names.map((name) => [name, DEPLOYED[name].change])) : {});
      for (const name of names) await fitAssembly(join(assembly, name), databases[name]);
      await examples.deploy(assembly);
      // They wait for each other's containers less than for their own.
      checks = new Map(names.map((name) => [name, DEPLOYED[name].check(isChanged).catch((error) => error)]));
    }, 600_000);

    test.each(names)('%s', async (name) => {
      expect(await checks.get(name)).toBeUndefined();
    }, 120_000);
  });

  test('are removed', async () => {
    const containers = await server.functionContainers();
    expect(containers).not.toEqual([]);
    await examples.destroy();
    expect(await boto(server, `
kinds = {'functions': boto3.client('lambda').list_functions()['Functions'], 'machines': boto3.client('stepfunctions').list_state_machines()['stateMachines'],
  'databases': boto3.client('rds').describe_db_instances()['DBInstances'],
  'stacks': [stack for stack in boto3.client('cloudformation').describe_stacks()['Stacks'] if stack['StackName'] != 'CDKToolkit']}
print(json.dumps({kind: len(found) for kind, found in kinds.items()}))`)).toEqual({ functions: 0, machines: 0, databases: 0, stacks: 0 });
    await server.stop();
    const { stdout } = await docker(['ps', '--all', '--no-trunc', '--quiet']);
    expect(containers.filter((id) => stdout.includes(id))).toEqual([]);
  }, 120_000);

  async function checkSales(isChanged: boolean): Promise<void> {
    const expected = await rows(`
      SELECT month, category, count(*) AS orders, sum(amount) AS revenue FROM ${files(...MONTHS)} GROUP BY month, category
      QUALIFY row_number() OVER (PARTITION BY month ORDER BY revenue DESC) = 1 ORDER BY month`);
    expect(texts(await examples.invoke('Sales', 'Sales'))).toEqual(isChanged ? expected.reverse() : expected);
  }

  async function checkReports(isChanged: boolean): Promise<void> {
    const expected = await rows(`SELECT country, sum(amount) AS revenue, any_value(targets.revenue) AS target
      FROM ${files(...MONTHS)} JOIN ${USERS} ON id = customer_id JOIN ${TARGETS} USING (country) GROUP BY country ORDER BY country`);
    expect(texts(await examples.invoke('Reports', 'Reports'))).toEqual(isChanged ? expected.reverse() : expected);
  }

  async function checkApi(isChanged: boolean): Promise<void> {
    const page = await readFile(join(repositoryRoot, 'examples/api/page/index.html'), 'utf8');
    // BucketDeployment is left out.
    await request('PUT', `${examples.resource('Website', 'Files')}/index.html`, page);
    expect(await get(examples.output('Website', 'Address'))).toMatchObject({ status: 200, text: page });
    // The CloudFront of MiniStack does not sign what it asks of the API. Nobody judges the signature.
    const answer = await get(`${examples.output('Api', 'Url')}sales/categories?month=2025-02-01`, { authorization: 'AWS4-HMAC-SHA256' });
    expect(answer).toMatchObject({ status: 200, caching: 'max-age=300' });
    const expected = await rows(`SELECT category, count(*) AS orders, sum(amount) AS revenue FROM ${files('2025-02')} GROUP BY category ORDER BY revenue DESC`);
    expect(texts(JSON.parse(answer.text).rows)).toEqual(isChanged ? expected.reverse() : expected);
  }

  async function checkStepFunctions(isChanged: boolean): Promise<void> {
    const expected = await rows(`SELECT order_id, customer_id, category, amount FROM ${files('2025-02')} WHERE amount >= 263 ORDER BY amount DESC, order_id`);
    const answer = await execution('LargeOrders', 'Machine', { month: '2025-02', least: '263.00' });
    if (!isChanged) {
      expect(texts(answer)).toEqual(expected);
      return;
    }
    expect(answer.rowCount).toBe(expected.length);
    const file = join(temporaryDirectory(), 'answer.csv');
    writeFileSync(file, await (await request('GET', answer.files[0].slice('s3://'.length))).text());
    expect(await rows(`FROM read_csv('${file}', all_varchar = true)`)).toEqual(expected);
  }

  async function checkScaleOut(isChanged: boolean): Promise<void> {
    const expected = await rows(`SELECT category, count(*) AS orders, sum(amount) AS revenue, min(amount) AS least, max(amount) AS most
      FROM ${files(...MONTHS)} GROUP BY category ORDER BY category`);
    const answer = await execution('ScaleOut', 'TotalsMachine', {});
    const exact = answer.rows.map(({ average: _, ...row }: any) => row);
    expect(texts(exact)).toEqual(isChanged ? expected.reverse() : expected);
  }

  async function checkIceberg(isChanged: boolean): Promise<void> {
    const arrived = MONTHS.slice(0, isChanged ? 2 : 1);
    const expected = await sales(...arrived);
    await put(`${examples.resource('Iceberg', 'Arrivals')}/${keyOf(arrived.at(-1)!)}`, arrived.at(-1)!);
    // The queue tells the function. It makes the table, and each file is a commit. A query would not see what comes within a minute after it.
    await until(async () => (await (await request('GET', `${TABLES}?list-type=2`)).text()).match(/\.metadata\.json</g)?.length === 1 + arrived.length);
    const { rows: answer } = await examples.invoke('Iceberg', 'Answer', { query: 'by-category' });
    expect(texts(answer)).toEqual(isChanged ? expected.reverse() : expected);
  }

  async function checkCompaction(isChanged: boolean): Promise<void> {
    if (!isChanged) {
      for (const [day, part] of [['2025-01-01', 0], ['2025-01-01', 1], ['2025-01-02', 0]] as const) {
        const file = join(temporaryDirectory(), 'events.parquet');
        await duckdb.run(`COPY (SELECT i + ${part} * 100 AS event_id, TIMESTAMP '${day}' AS occurred_at, ['buy', 'look'][1 + i % 2] AS kind, 1::BIGINT AS customer_id,
          i::DECIMAL(10, 2) AS amount FROM range(100) t(i)) TO '${file}'`);
        await request('PUT', `${LAKE}/events/day=${day}/${part}.parquet`, new Uint8Array(await readFile(file)));
      }
    }
    const compacted = await execution('Compaction', 'Machine', { time: '2025-02-01T02:15:00Z' });
    // What is compacted stays so.
    expect(compacted).toHaveLength(isChanged ? 0 : 2);
    const { rows: answer } = await examples.invoke('Compaction', 'Events', { query: 'kinds', manifests: 'days/' });
    const expected = [{ kind: 'buy', events: '150', amount: '7350.00' }, { kind: 'look', events: '150', amount: '7500.00' }];
    expect(texts(answer)).toEqual(isChanged ? expected.reverse() : expected);
  }

  async function checkTenants(isChanged: boolean): Promise<void> {
    const [month] = MONTHS as [string];
    await put(`${LAKE}/tenants/acme/orders/${month}.parquet`, month);
    await put(`${LAKE}/tenants/acme/orders/${MONTHS[1]}.parquet`, MONTHS[1]!);
    const event = { ...SHAPES.httpApi2(at('/acme/monthly-sales', { caller: { tenant: 'acme' } })), pathParameters: { proxy: 'monthly-sales' } };
    const answer = seen(await examples.invoke('Tenants', 'Tenantacme', event));
    const expected = await rows(`SELECT month, count(*) AS orders, sum(amount) AS revenue FROM ${files(month, MONTHS[1]!)} GROUP BY month ORDER BY month`);
    expect(texts(JSON.parse(answer.text).rows)).toEqual(isChanged ? expected.reverse() : expected);
  }

  async function checkExport(isChanged: boolean): Promise<void> {
    const due = '2025-02-10T06:00:00Z';
    const answer = await examples.invoke('ScheduledExport', 'Sales', { query: 'weekly-sales', params: { until: due }, output: { format: 'csv', key: `weekly-sales/${due}.json` } });
    const file = join(temporaryDirectory(), 'answer.csv');
    writeFileSync(file, await (await request('GET', answer.files[0].slice('s3://'.length))).text());
    const expected = await rows(`SELECT ordered_at::DATE AS day, category, count(*) AS orders, sum(amount) AS revenue FROM ${files(...MONTHS)}
      WHERE ordered_at >= DATE '2025-02-03' AND ordered_at < DATE '2025-02-10' GROUP BY ALL ORDER BY ALL`);
    expect(await rows(`FROM read_csv('${file}', all_varchar = true)`)).toEqual(isChanged ? expected.reverse() : expected);
  }

  async function checkLakehouse(isChanged: boolean): Promise<void> {
    const [first, second] = MONTHS as [string, string];
    const arriving = isChanged ? second : first;
    await put(`${ARRIVALS}/${keyOf(arriving)}`, arriving);
    expect(await examples.invoke('Lakehouse', 'Ingestion')).toEqual({ files: 1, orders: expect.any(Number) });
    expect(await examples.invoke('Lakehouse', 'Ingestion')).toEqual({ files: 0, orders: 0 });
    const expected = await sales(...isChanged ? [first, second] : [first]);
    if (isChanged) {
      expect((await examples.invoke('Lakehouse', 'Merging', { query: 'merge' })).rows)
        .toContainEqual({ schema_name: 'main', table_name: 'orders', rows_flushed: 0, files_rewritten: 0, files_merged: 2, files_created: 1 });
      expect((await examples.invoke('Lakehouse', 'Cleaning', { query: 'expire', params: { age: '30 days' } })).rows).toEqual([expect.objectContaining({ snapshots_expired: 0 })]);
      expect((await examples.invoke('Lakehouse', 'Cleaning', { query: 'clean-up' })).rows).toEqual([{ old_files_deleted: 0, orphaned_files_deleted: 0 }]);
    }
    const { rows: answer } = await examples.invoke('Lakehouse', 'Orders', { query: 'sales' });
    expect(texts(answer)).toEqual(isChanged ? expected.reverse() : expected);
  }

  async function checkEtl(isChanged: boolean): Promise<void> {
    const expected = await rows(`
      SELECT ordered_at::DATE AS day, coalesce(country, '${isChanged ? 'elsewhere' : 'unknown'}') AS country, count(*) AS orders, sum(amount) AS revenue
      FROM ${files('2025-01', '2025-02')} LEFT JOIN ${USERS} ON id = customer_id
      WHERE ordered_at >= DATE '2025-01-30' AND ordered_at < DATE '2025-02-02' GROUP BY ALL ORDER BY ALL`);
    expect(await examples.invoke('NightlyEtl', 'Etl', { time: '2025-02-02T01:15:00Z' })).toEqual({ rows: expected.length });
    expect(await inLake('nightly-etl', 'FROM lake.country_sales ORDER BY ALL')).toEqual(expected);
  }

  async function checkEvents(isChanged: boolean): Promise<void> {
    const day = isChanged ? '2025-02-02' : '2025-02-01';
    const [first, second] = isChanged ? ['/A', '/B'] : ['/a', '/b'];
    const key = encodeURI(`visits/of ${day}.csv`);
    await request('PUT', `${examples.resource('S3Events', 'Arrivals')}/${key}`, `visited_at,page,customer_id\n${day} 12:00:00,/a,1\n${day} 12:00:01,/b,\n`);
    const taken = async () => inLake('s3-events', `SELECT visited_at, page, customer_id FROM lake.visits WHERE visited_at::DATE = '${day}' ORDER BY ALL`);
    // The first event creates the lake.
    await until(async () => (await taken().catch(() => [])).length > 0);
    expect(await taken()).toEqual([
      { visited_at: `${day} 12:00:00`, page: first, customer_id: '1' },
      { visited_at: `${day} 12:00:01`, page: second, customer_id: 'null' },
    ]);
  }

  /** What is in the lake of an example that has no function to read it. */
  async function inLake(example: Example, sql: string): Promise<object[]> {
    const { host, port } = databases[example]!;
    await duckdb.run(`ATTACH IF NOT EXISTS 'ducklake:postgres:host=${host} port=${port} dbname=lakehouse user=lake_writer sslmode=require' AS "${example}"
      (METADATA_SCHEMA 'lake', READ_ONLY)`);
    return rows(sql.replace('lake.', `"${example}".`));
  }

  async function until(holds: () => Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + 60_000; !await holds();) {
      if (Date.now() > deadline) throw new Error(`waited a minute for this: ${holds}`);
      await sleep(100);
    }
  }

  /** The output of an execution that succeeds. */
  async function execution(stack: string, machine: string, input: object): Promise<any> {
    const { status, output, cause } = await boto(server, `
import time
client = boto3.client('stepfunctions')
execution = client.start_execution(stateMachineArn='${examples.resource(stack, machine)}', input='${JSON.stringify(input)}')['executionArn']
while (described := client.describe_execution(executionArn=execution))['status'] == 'RUNNING': time.sleep(0.2)
print(json.dumps(described, default=str))`, 100_000);
    expect({ status, cause }).toEqual({ status: 'SUCCEEDED', cause: undefined });
    return JSON.parse(output);
  }

  async function put(path: string, month: string): Promise<void> {
    await request('PUT', path, new Uint8Array(await readFile(join(orders, keyOf(month)))));
  }

  /** Asks what MiniStack has under a name of AWS. fetch would not take the name of another host. */
  async function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number; caching?: string; text: string }> {
    const { host, pathname, search } = new URL(url);
    const [response] = await once(httpGet(server.endpoint + pathname + search, { headers: { host, 'x-forwarded-proto': 'https', ...headers } }), 'response');
    return { status: response.statusCode, caching: response.headers['cache-control'], text: await text(response) };
  }

  /** Asks S3. */
  async function request(method: string, path: string, body?: string | Uint8Array<ArrayBuffer>): Promise<Response> {
    const response = await fetch(`${server.endpoint}/${path}`, { method, body });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  const files = (...months: string[]) => `read_parquet([${months.map((month) => `'${join(orders, keyOf(month))}'`).join()}], hive_types = {'month': VARCHAR})`;
  const sales = async (...months: string[]) => rows(`SELECT category, count(*) AS orders, sum(amount) AS revenue FROM ${files(...months)} GROUP BY category ORDER BY category`);
  const rows = async (sql: string) => texts((await duckdb.runAndReadAll(sql)).getRowObjectsJson());
});

const EXTENSIONS = ['ducklake', 'postgres_scanner', 'httpfs'];

/** The customers that the application's database knows. */
const USERS = "(SELECT i AS id, ['DE', 'FR', 'PL'][1 + i % 3] AS country FROM range(90001) t(i)) users";

/** In place of an RDS instance. RDS has the role of IAM, and its master user is not a superuser. Nobody here judges tokens and passwords of the lakes. */
async function startDatabase(): Promise<PostgresServer> {
  const postgres = await startPostgres({ database: 'lakehouse' });
  await postgres.query('CREATE ROLE rds_iam; CREATE ROLE owner LOGIN CREATEROLE; ALTER DATABASE lakehouse OWNER TO owner; GRANT rds_iam TO owner WITH ADMIN OPTION');
  const access = join(postgres.dataDir, 'pg_hba.conf');
  writeFileSync(access, `hostssl lakehouse owner,lake_writer,lake_reader all trust\n${readFileSync(access, 'utf8')}`);
  await postgres.query('SELECT pg_reload_conf()');
  return postgres;
}

/** Numbers of one type may be numbers or texts in JSON. All of their digits count. */
const texts = (rows: readonly Readonly<Record<string, unknown>>[]) => rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, `${value}`])));
