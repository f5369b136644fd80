import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { App } from 'aws-cdk-lib';
import { optionsOfThisMachine } from './built-function';
import { ScaleOutStack } from '../../examples/scale-out/stack';
import { buildFunctionImage, CONTAINER_HOST, docker, startMiniStack, synthesisedFunctions, type MiniStackServer } from '../bed';
import { describeWith } from '../bed/require';
import { templateFile } from '../examples/synthesised';
import { boto } from '../lib-runtime/boto';
import { frontOf, type Front } from '../lib-runtime/front';
import { temporaryDirectory } from '../temporary-directory';

const LAKE = 'my-data-lake';
const DAYS = Array.from({ length: 200 }, (_, day) => new Date(Date.UTC(2025, 0, 1 + day)).toISOString().slice(0, 10));
const keyOf = (day: string) => `orders/day=${day}/orders.parquet`;

/** Fewer than the one in a hundred that the example tolerates. */
const BROKEN = keyOf('2025-02-03');
/** S3 refuses the first requests for these, or breaks the connection. */
const THROTTLED = ['2025-01-05', '2025-03-14', '2025-06-01'].map(keyOf);
const CUT = ['2025-01-09', '2025-04-01', '2025-07-01'].map(keyOf);
/** More than the requests that DuckDB repeats by itself in one attempt of a worker. */
const FAULTS = 12;

const ORDERS = `SELECT i AS order_id, TIMESTAMP '2025-01-01' + to_minutes(i::INTEGER * 10) AS ordered_at, hash(i, 1) % 500 AS customer_id,
    ['books', 'music', 'toys', NULL][1 + (hash(i, 2) % 4)::INTEGER] AS category, (hash(i, 3) % 100000 / 100)::DECIMAL(10, 2) AS amount
  FROM range(${DAYS.length * 144}) t(i)`;

type Execution = { readonly status: string; readonly output?: string; readonly cause?: string };

describeWith(['ministack', 'aws'], 'the example of many functions, deployed into a stand-in of AWS', () => {
  let server: MiniStackServer;
  let s3: Front;
  let lake: string;
  let connection: DuckDBConnection;
  let stack: { readonly machines: Readonly<Record<'Totals' | 'Compaction', string>>; readonly results: string };

  beforeAll(async () => {
    server = await startMiniStack({ waitScale: 0.1 });
    s3 = await frontOf(server.endpoint, '0.0.0.0');
    connection = await (await DuckDBInstance.create()).connect();
    lake = temporaryDirectory();
    const assembly = await synthesise();
    const image = await buildFunctionImage(synthesisedFunctions(assembly)[0]!);
    stack = await deploy(templateFile(assembly, 'ScaleOut'), image);
    await connection.run(`CREATE TABLE orders AS ${ORDERS}`);
    await request('PUT', LAKE);
  }, 300_000);
  afterAll(async () => {
    connection?.closeSync();
    await server?.stop();
    await s3?.stop();
  });

  test('totals of many files, of which workers were refused, cut off and killed, are those of one process', async () => {
    for (const day of DAYS) await putOrders(keyOf(day), `ordered_at::DATE = '${day}'`);
    await request('PUT', `${LAKE}/${BROKEN}`, 'not Parquet');
    const seen: Record<string, number> = {};
    s3.fault = (what) => {
      const file = [...THROTTLED, ...CUT].find((key) => what.includes(encodeURI(key)) || what.includes(key));
      if (file === undefined || !what.startsWith('GET')) return undefined;
      seen[file] = (seen[file] ?? 0) + 1;
      if (seen[file] > FAULTS) return undefined;
      return CUT.includes(file) ? { reset: true } : { status: 503, body: '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>' };
    };

    const execution = await start('Totals');
    await killOneNow();
    const { status, output, cause } = await ended(execution);
    console.log(status, cause, output?.slice(0, 300), seen);
    console.log(JSON.stringify(await boto(server, `
sf = boto3.client('stepfunctions')
[run] = sf.list_map_runs(executionArn='${execution}')['mapRuns']
children = [c for p in sf.get_paginator('list_executions').paginate(mapRunArn=run['mapRunArn']) for c in p['executions']]
failed = [c for c in children if c['status'] == 'FAILED']
print(json.dumps({'run': sf.describe_map_run(mapRunArn=run['mapRunArn']), 'failed': [sf.describe_execution(executionArn=c['executionArn']) for c in failed], 'h': sf.get_execution_history(executionArn=children[0]['executionArn'])}, default=str))
`)));
  }, 240_000);

  async function synthesise(): Promise<string> {
    const app = new App({ outdir: temporaryDirectory() });
    new ScaleOutStack(app, 'ScaleOut', { lake: LAKE, maxConcurrency: 3, image: await optionsOfThisMachine() });
    return app.synth().directory;
  }

  /** As the CDK CLI does into a bootstrapped account, with the image where the template expects it. */
  async function deploy(template: string, image: string): Promise<typeof stack> {
    const { uri, ...deployed } = await boto(server, `
boto3.client('ssm').put_parameter(Name='/cdk-bootstrap/hnb659fds/version', Value='27', Type='String')
cloudformation = boto3.client('cloudformation')
cloudformation.create_stack(StackName='ScaleOut', TemplateBody=open('${template}').read(), Capabilities=['CAPABILITY_IAM'])
cloudformation.get_waiter('stack_create_complete').wait(StackName='ScaleOut', WaiterConfig={'Delay': 1})
resources = cloudformation.describe_stack_resources(StackName='ScaleOut')['StackResources']
def named(start, kind): return next(r['PhysicalResourceId'] for r in resources if r['LogicalResourceId'].startswith(start) and r['ResourceType'] == kind)
functions = boto3.client('lambda')
name = named('Orders', 'AWS::Lambda::Function')
variables = functions.get_function_configuration(FunctionName=name)['Environment']['Variables']
functions.update_function_configuration(FunctionName=name, Environment={'Variables': {**variables, 'AWS_ENDPOINT_URL_S3': '${s3.endpoint.replace('127.0.0.1', CONTAINER_HOST)}'}})
print(json.dumps({
    'uri': functions.get_function(FunctionName=name)['Code']['ImageUri'],
    'machines': {name: named(name + 'Machine', 'AWS::StepFunctions::StateMachine') for name in ('Totals', 'Compaction')},
    'results': named('Results', 'AWS::S3::Bucket'),
}))`);
    await docker(['tag', image, uri]);
    return deployed;
  }

  const start = async (machine: keyof typeof stack.machines): Promise<string> => (
    boto(server, `print(json.dumps(boto3.client('stepfunctions').start_execution(stateMachineArn='${stack.machines[machine]}', input='{}')['executionArn']))`)
  );

  async function ended(execution: string): Promise<Execution> {
    return boto(server, `
import time
client = boto3.client('stepfunctions')
while (described := client.describe_execution(executionArn='${execution}'))['status'] == 'RUNNING': time.sleep(0.5)
print(json.dumps(described, default=str))`, 200_000);
  }

  async function request(method: string, path: string, body?: BodyInit): Promise<Response> {
    const response = await fetch(`${server.endpoint}/${path}`, { method, body });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  async function putOrders(key: string, which: string): Promise<void> {
    const file = join(lake, key);
    mkdirSync(dirname(file), { recursive: true });
    await connection.run(`COPY (FROM orders WHERE ${which} ORDER BY hash(order_id)) TO '${file}'`);
    await request('PUT', `${LAKE}/${key}`, await readFile(file));
  }

  async function killOneNow(): Promise<void> {
    for (let containers: string[] = []; ; await sleep(200)) {
      containers = await server.functionContainers();
      if (containers.length === 0) continue;
      await sleep(3000);
      await docker(['kill', containers[0]!]);
      return;
    }
  }
});
