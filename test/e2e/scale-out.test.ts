import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { App } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { optionsOfThisMachine } from './built-function';
import { deployScaleOut, LAKE, type DeployedScaleOut } from './deployed-scale-out';
import { ScaleOutStack } from '../../examples/scale-out/stack';
import { docker, type MiniStackServer } from '../bed';
import { describeWith } from '../bed/require';
import { boto } from '../lib-runtime/boto';
import type { Front } from '../lib-runtime/front';
import { temporaryDirectory } from '../temporary-directory';

const DAYS = Array.from({ length: 200 }, (_, day) => new Date(Date.UTC(2025, 0, 1 + day)).toISOString().slice(0, 10));
const keyOf = (day: string) => `orders/day=${day}/orders.parquet`;

/** Days at random, another choice at each run. FUZZ_SEED repeats one. */
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);
const [BROKEN_DAY, ...FAULTY] = fc.sample(fc.shuffledSubarray(DAYS, { minLength: 7, maxLength: 7 }), { numRuns: 1, seed: SEED })[0]!;
/** Fewer than the one in a hundred that the example tolerates. */
const BROKEN = keyOf(BROKEN_DAY!);
/** S3 refuses the first requests for these, or breaks the connection: more often than DuckDB tries in one attempt of a worker. */
const REFUSED = FAULTY.slice(0, 3).map(keyOf);
const CUT = FAULTY.slice(3, 5).map(keyOf);
const FAULTS = 6;
/** S3 does not answer the worker of this, until it is killed. */
const KILLED = keyOf(FAULTY[5]!);

const ORDERS = `SELECT i AS order_id, TIMESTAMP '2025-01-01' + to_minutes(i::INTEGER * 10) AS ordered_at, hash(i, 1) % 500 AS customer_id,
    ['books', 'music', 'toys', NULL][1 + (hash(i, 2) % 4)::INTEGER] AS category, (hash(i, 3) % 100000 / 100)::DECIMAL(10, 2) AS amount
  FROM range(${DAYS.length * 144}) t(i)`;

describeWith(['ministack', 'aws'], 'the example of many functions, deployed into a stand-in of AWS', () => {
  let example: DeployedScaleOut;
  let server: MiniStackServer;
  let s3: Front;
  let results: string;
  let lake: string;
  let connection: DuckDBConnection;

  beforeAll(async () => {
    const app = new App({ outdir: temporaryDirectory() });
    new ScaleOutStack(app, 'ScaleOut', { lake: LAKE, maxConcurrency: 3, image: await optionsOfThisMachine() });
    example = await deployScaleOut(app.synth().directory);
    ({ server, s3, results } = example);
    connection = await (await DuckDBInstance.create()).connect();
    lake = temporaryDirectory();
    await connection.run(`CREATE TABLE orders AS ${ORDERS}`);
  }, 300_000);
  afterAll(async () => {
    connection?.closeSync();
    await example?.stop();
  });

  test('totals of many files, of which workers are refused, cut off and killed, are those of one process', async () => {
    for (const day of DAYS) await putOrders(keyOf(day), `ordered_at::DATE = '${day}'`);
    await example.request('PUT', `${LAKE}/${BROKEN}`, 'no Parquet file');
    const hangs = failFirstRequests();
    const execution = await example.start(example.machines.Totals);
    await hangs;
    await docker(['kill', ...await server.functionContainers()]);
    const { status, output, cause } = await example.ended(execution);

    expect({ seed: SEED, status, cause }).toEqual({ seed: SEED, status: 'SUCCEEDED', cause: undefined });
    const answer = JSON.parse(output!).rows as Record<string, unknown>[];
    const expected = await rows(`SELECT category, count(*) AS orders, sum(amount) AS revenue, sum(amount) / count(amount) AS average, min(amount) AS least, max(amount) AS most
      FROM orders WHERE ordered_at::DATE <> '${BROKEN_DAY}' GROUP BY category ORDER BY category`);
    expect({ seed: SEED, rows: answer.map(texts) }).toEqual({ seed: SEED, rows: expected.map(texts) });

    const workers = await workersOf(execution);
    expect(workers).toHaveLength(DAYS.length);
    expect(workers.filter(({ status: of }) => of === 'FAILED')).toEqual([
      { file: `s3://${LAKE}/${BROKEN}`, status: 'FAILED', error: 'QueryError', attempts: ['QueryError'] },
    ]);
    const attemptsOf = (key: string) => workers.find(({ file }) => file.endsWith(key))!.attempts;
    // Each has failed first. At most two were killed beside the one that hangs, as three run at once.
    const faulty = [...REFUSED, ...CUT].map(attemptsOf);
    expect({ seed: SEED, without: faulty.filter(({ length }) => length === 0) }).toEqual({ seed: SEED, without: [] });
    expect({ seed: SEED, retried: faulty.filter((attempts) => attempts.includes('DuckDbRetryableError')).length >= 3 }).toEqual({ seed: SEED, retried: true });
    expect(attemptsOf(KILLED)).toContain('Runtime.ExitError');
    // One for each of the others, whatever the attempts.
    expect(await manifests('totals')).toHaveLength(DAYS.length - 1);
  }, 120_000);

  test('the small files of a day become one, which is sorted', async () => {
    const days = DAYS.slice(0, 3);
    for (const day of days) {
      for (let part = 0; part < 8; part++) await putOrders(`arrivals/day=${day}/${part}.parquet`, `ordered_at::DATE = '${day}' AND order_id % 8 = ${part}`);
    }
    const { status, output, cause } = await example.ended(await example.start(example.machines.Compaction));
    expect({ status, cause }).toEqual({ status: 'SUCCEEDED', cause: undefined });
    const compacted = await manifests('compaction');
    expect(compacted.map(({ url }) => url.startsWith(JSON.parse(output!).manifests))).toEqual(days.map(() => true));
    for (const [index, { files: [{ url }] }] of compacted.entries()) {
      const file = join(lake, `${index}.parquet`);
      writeFileSync(file, Buffer.from(await (await example.request('GET', url.slice('s3://'.length))).arrayBuffer()));
      expect(await rows(`FROM '${file}'`)).toEqual(await rows(`FROM orders WHERE ordered_at::DATE = '${days[index]}' ORDER BY customer_id, ordered_at, order_id`));
    }
  }, 120_000);

  async function putOrders(key: string, which: string): Promise<void> {
    const file = join(lake, key);
    mkdirSync(dirname(file), { recursive: true });
    await connection.run(`COPY (FROM orders WHERE ${which} ORDER BY hash(order_id)) TO '${file}'`);
    await example.request('PUT', `${LAKE}/${key}`, await readFile(file));
  }

  /** Resolves when a worker waits for an answer that will not come. */
  async function failFirstRequests(): Promise<void> {
    const faults = new Map<string, number>();
    return new Promise((resolve) => {
      s3.fault = (what) => {
        const url = what.replaceAll('%3D', '=');
        const key = [...REFUSED, ...CUT, KILLED].find((each) => url.includes(each));
        const count = faults.get(key ?? '') ?? 0;
        if (key === undefined || count >= (key === KILLED ? 1 : FAULTS)) return undefined;
        faults.set(key, count + 1);
        if (REFUSED.includes(key)) return { status: 503, body: '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>' };
        if (CUT.includes(key)) return { reset: true };
        resolve();
        return { hang: true };
      };
    });
  }

  /** What became of each item, and the errors of its attempts. */
  async function workersOf(execution: string): Promise<{ file: string; status: string; error?: string; attempts: string[] }[]> {
    return boto(server, `
client = boto3.client('stepfunctions')
[run] = client.list_map_runs(executionArn='${execution}')['mapRuns']
def worker(arn):
    child = client.describe_execution(executionArn=arn)
    events = client.get_execution_history(executionArn=arn)['events']
    return {
        'file': json.loads(child['input'])['params']['file'], 'status': child['status'], **({'error': child['error']} if 'error' in child else {}),
        'attempts': [event['taskFailedEventDetails']['error'] for event in events if event['type'] == 'TaskFailed'],
    }
pages = client.get_paginator('list_executions').paginate(mapRunArn=run['mapRunArn'])
print(json.dumps([worker(child['executionArn']) for page in pages for child in page['executions']]))`);
  }

  /** The manifests of a map's workers, in the order of the items. */
  async function manifests(map: string): Promise<{ url: string; files: { url: string }[] }[]> {
    const keys: string[] = await boto(server, `
pages = boto3.client('s3').get_paginator('list_objects_v2').paginate(Bucket='${results}', Prefix='results/${map}/')
print(json.dumps([object['Key'] for page in pages for object in page['Contents']]))`);
    const own = keys.map((key) => [key, /\/(\d+)\.json$/.exec(key)?.[1]] as const).filter(([, index]) => index !== undefined);
    own.sort(([, one], [, other]) => Number(one) - Number(other));
    return Promise.all(own.map(async ([key]) => ({ url: `s3://${results}/${key}`, ...await (await example.request('GET', `${results}/${key}`)).json() as any })));
  }

  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson() as Record<string, unknown>[];
});

/** Numbers of one type may be numbers or texts in JSON. All of their digits count. */
const texts = (row: Record<string, unknown>) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, `${value}`]));
