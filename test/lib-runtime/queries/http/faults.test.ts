import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SHAPES } from './events';
import { at, seen, type Seen } from './http-bed';
import { streamed } from './streamed';
import { writeOrders } from '../../../../examples/sales/orders';
import type { QueryHttpAnswer } from '../../../../lib-runtime';
import { startFarS3, startRuntimeClient, type FarS3Server, type RunningClient } from '../../../bed';
import { describeWith } from '../../../bed/require';
import { temporaryDirectory } from '../../../temporary-directory';
import { type PostgresBed, startPostgresBed } from '../../bootstrap/postgres/postgres-bed';
import { projectWithRuntime } from '../../built-runtime';
import { farS3Environment } from '../../far-s3-runtime';
import { signedExtensions } from '../../signed-extensions';
import { queryFolder } from '../query-bed';

const QUERIES = {
  rows: "FROM 's3://lake/orders/*/*.parquet'",
  total: "SELECT sum(amount) AS revenue FROM 's3://lake/orders/*/*.parquet'",
  patient: "-- @timeout 2\nSELECT sum(amount) AS revenue FROM 's3://lake/orders/*/*.parquet'",
  many: 'FROM pg_replica.many',
  asleep: "FROM postgres_query('pg_replica', 'SELECT pg_sleep(60)')",
  alive: 'SELECT 1 AS one',
};

/** AWS's runtime with the handler. */
async function startHandler(env: Record<string, string>, streaming: boolean): Promise<RunningClient> {
  const project = await projectWithRuntime();
  const options = JSON.stringify({ queries: queryFolder(QUERIES), http: { streaming } });
  writeFileSync(join(project, 'http-faults.mjs'), `import { queryHandler } from 'cdk-duckdb-lambda/runtime';\nexport const handler = queryHandler(${options});\n`);
  return startRuntimeClient({ taskRoot: project, handler: 'http-faults.handler', env });
}

/** Asks a function that does not stream. */
async function whole(client: RunningClient, url: string): Promise<Seen> {
  let text = '';
  await client.invoke(SHAPES.functionUrl(at(url)), (chunk) => text += chunk.toString());
  return seen(JSON.parse(text) as QueryHttpAnswer);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !await isSo(); waited += 20) {
    if (waited > 20_000) throw new Error('it did not become so within 20 seconds');
    await sleep(20);
  }
}

/** Checks that a problem has what docs/http.md says, and tells nothing of the server that has stopped. */
function expectProblem({ status, headers, text }: Seen, expected: { status: number; code: string }): void {
  const { detail, ...body } = JSON.parse(text);
  expect({ status, headers, body }).toMatchObject({
    status: expected.status, headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }, body: expected,
  });
  expect(headers['retry-after']).toBe(expected.status === 503 ? '2' : undefined);
  expect(detail).not.toMatch(/s3:|lake|127\.0\.0\.1|SELECT|pg_|terminat/i);
}

/** How an answer ends whose query has failed after the first bytes. */
const LAST_LINES = [
  ['json', /\],"error":\{"code":"STREAM"\}\}\n$/], ['ndjson', /\n\{"error":\{"code":"STREAM"\}\}\n$/], ['csv', /\r\nerror: STREAM\r\n$/],
] as const;

/** More than the status and the headers. */
const FIRST_ROWS_BYTES = 2000;

/** Stops the server when the first rows have come, and checks that the end of the answer tells of it, and that Lambda knows. */
async function expectLastLine(client: RunningClient, url: string, stop: () => unknown, lastLine: RegExp): Promise<void> {
  let bytes = 0;
  const { status, text, trailers } = await streamed(client, url, 'functionUrl', (chunk) => {
    const isFirst = bytes < FIRST_ROWS_BYTES && bytes + chunk.length >= FIRST_ROWS_BYTES;
    bytes += chunk.length;
    return isFirst ? stop() : undefined;
  });
  expect([status, text.slice(-200)]).toEqual([200, expect.stringMatching(lastLine)]);
  expect(text.length).toBeGreaterThan(FIRST_ROWS_BYTES);
  expect(trailers).toMatchObject({ 'lambda-runtime-function-error-type': 'StreamError' });
}

const MODES = [['streamed', true], ['whole', false]] as const;

/** Asks for an answer in either mode. */
function asking(client: RunningClient, streaming: boolean): (url: string) => Promise<Seen> {
  return async (url) => (streaming ? streamed(client, url) : whole(client, url));
}

const expectAlive = async (ask: (url: string) => Promise<Seen>) => expect((await ask('/alive.csv')).text).toBe('one\r\n1\r\n');

describeWith('openssl', 'S3 stops in mid-request', () => {
  let lake: string;
  let s3: FarS3Server;
  let client: RunningClient;

  beforeAll(async () => {
    lake = join(temporaryDirectory(), 'lake');
    await writeOrders(lake);
  });
  afterEach(async () => {
    await client?.stop();
    await s3?.stop();
  });

  async function start(streaming: boolean): Promise<void> {
    s3 = await startFarS3();
    cpSync(lake, join(s3.dir, 'lake'), { recursive: true });
    client = await startHandler(farS3Environment(s3, await signedExtensions('httpfs')), streaming);
  }

  test.each(MODES)('before the first byte of a %s answer: a 503, and the function goes on', async (_, streaming) => {
    await start(streaming);
    const ask = asking(client, streaming);
    await s3.setDelay(2000);
    const asked = ask('/total');
    await until(async () => (await s3.traffic()).requests.length > 0);
    process.kill(s3.pid, 'SIGKILL');
    expectProblem(await asked, { status: 503, code: 'QUERY' });
    await expectAlive(ask);
  });

  test.each(MODES)('and says no more, before the first byte of a %s answer: a 504 in time, and the function goes on', async (_, streaming) => {
    await start(streaming);
    const ask = asking(client, streaming);
    process.kill(s3.pid, 'SIGSTOP');
    const started = performance.now();
    expectProblem(await ask('/patient'), { status: 504, code: 'TIMEOUT' });
    expect(performance.now() - started).toBeLessThan(10_000);
    await expectAlive(ask);
    process.kill(s3.pid, 'SIGCONT');
  });

  test.each(LAST_LINES)('after the first bytes of a streamed answer in %s: its last line says so, and the function goes on', async (format, lastLine) => {
    await start(true);
    await expectLastLine(client, `/rows.${format}`, () => process.kill(s3.pid, 'SIGKILL'), lastLine);
    await expectAlive(asking(client, true));
  });
});

describeWith(['postgres', 'aws'], 'PostgreSQL stops in mid-request', () => {
  let bed: PostgresBed;
  let client: RunningClient;

  afterEach(async () => {
    await client?.stop();
    await bed?.stop();
  });

  async function start(streaming: boolean): Promise<void> {
    bed = await startPostgresBed();
    client = await startHandler(await bed.environment([bed.step()]), streaming);
  }

  test.each(MODES)('before the first byte of a %s answer: a 503, and the function goes on', async (_, streaming) => {
    await start(streaming);
    const ask = asking(client, streaming);
    const asked = ask('/asleep');
    await until(async () => (await bed.postgres.query("SELECT FROM pg_stat_activity WHERE usename = 'reader' AND wait_event = 'PgSleep'")).length > 0);
    await bed.postgres.stop();
    expectProblem(await asked, { status: 503, code: 'QUERY' });
    await expectAlive(ask);
  });

  test('after the first bytes of a streamed answer: its last line says so, and the function goes on', async () => {
    await start(true);
    await bed.postgres.query('CREATE TABLE many AS SELECT i, md5(i::text) AS text FROM generate_series(1, 2000000) i');
    const [[format, lastLine]] = LAST_LINES;
    await expectLastLine(client, `/many.${format}`, () => bed.postgres.stop(), lastLine);
    await expectAlive(asking(client, true));
  });
});
