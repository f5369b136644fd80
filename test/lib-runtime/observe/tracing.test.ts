import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freshRuntime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { signedExtensions } from '../signed-extensions';

const CHANNELS = ['create', 'load', 'bootstrap', 'query'] as const;

interface Message { readonly channel: string; readonly [key: string]: any }

let ends: Message[];
const listeners = CHANNELS.map((channel) => {
  const onEnd = (message: unknown) => void ends.push({ channel, ...message as object });
  return { name: `tracing:cdk-duckdb-lambda:${channel}:asyncEnd`, onEnd };
});
beforeEach(() => {
  ends = [];
  for (const { name, onEnd } of listeners) subscribe(name, onEnd);
});
afterEach(() => listeners.forEach(({ name, onEnd }) => unsubscribe(name, onEnd)));

const of = (channel: string) => ends.filter((message) => message.channel === channel);

test('each phase is published with its duration', async () => {
  mkdirSync(join('/tmp', 'tracing'), { recursive: true });
  const { cursor } = freshRuntime({
    DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'tpch'),
    ...config({ extensions: ['tpch'], steps: [{ name: 'warehouse', type: 'sql', config: { statements: ["ATTACH ':memory:' AS warehouse"] }, provides: ['warehouse'] } as never] }),
  });
  expect(await cursor((c) => c.query('SELECT range AS i FROM range(3)'))).toHaveLength(3);
  await cursor((c) => c.execute('CREATE TABLE warehouse.t AS SELECT 1'));
  const milliseconds = expect.any(Number);
  const tempDirectory = expect.stringContaining('duckdb_spill_');
  expect(of('create')).toEqual([{ channel: 'create', path: ':memory:', milliseconds, result: undefined }]);
  expect(of('load')).toEqual([{ channel: 'load', extension: 'tpch', milliseconds, result: undefined }]);
  expect(of('bootstrap')).toEqual([{ channel: 'bootstrap', step: 'warehouse', milliseconds, result: undefined }]);
  expect(of('query')).toEqual([
    { channel: 'query', operation: 'SELECT', tempDirectory, rows: 3, milliseconds, result: undefined },
    { channel: 'query', operation: 'CREATE', tempDirectory, rows: 1, milliseconds, result: undefined },
  ]);
  expect(of('query')[1]!.milliseconds).toBeGreaterThanOrEqual(of('bootstrap')[0]!.milliseconds);
});

test('errors are published as they are thrown', async () => {
  const { cursor } = freshRuntime();
  const error = await rejection(cursor((c) => c.query('FROM missing')));
  expect(of('query')).toMatchObject([{ operation: 'FROM', error: { code: 'QUERY', duckdbType: 'Catalog Error' } }]);
  expect(of('query')[0]!.error).toBe(error);
});

test('a stream is published from its beginning to its end, with the number of rows read', async () => {
  const { cursor } = freshRuntime();
  await cursor(async (c) => {
    for await (const _ of c.stream('FROM range(5000)')) expect(of('query')).toEqual([]);
    for await (const _ of c.stream('FROM range(1000000)')) break;
    await (async () => {
      for await (const _ of c.stream("SELECT CASE WHEN range = 700000 THEN error('boom') ELSE range END FROM range(1000000)")) continue;
    })().catch(() => undefined);
  });
  expect(of('query')).toMatchObject([{ rows: 5000 }, { rows: 2048 }, { error: { code: 'STREAM' } }]);
});

test('SQL is published on request, without secrets; values of parameters and rows never are', async () => {
  const sql = "SELECT $value AS v, 'another-secret-key' AS k";
  const run = async (env: Record<string, string>) => {
    const { cursor } = freshRuntime({ AWS_SECRET_ACCESS_KEY: 'another-secret-key', ...env });
    await cursor((c) => c.query(sql, { value: 'a private value' }));
    const [query] = of('query');
    ends.length = 0;
    return query;
  };
  expect(await run({})).not.toHaveProperty('sql');
  const told = await run({ DUCKDB_LAMBDA_TRACE_SQL: 'true' });
  expect(told).toMatchObject({ sql: "SELECT $value AS v, '[redacted]' AS k" });
  expect(JSON.stringify(told)).not.toMatch(/a private value|another-secret-key/);
});

test('subscribers of the whole channel hear of beginning and end', async () => {
  const { cursor } = freshRuntime();
  const heard: string[] = [];
  const note = (event: string) => (message: unknown) => void heard.push(`${event} ${(message as { operation: string }).operation}`);
  const subscribers = { start: note('start'), end: note('end'), asyncStart: note('asyncStart'), asyncEnd: note('asyncEnd'), error: note('error') };
  const channel = tracingChannel('cdk-duckdb-lambda:query');
  channel.subscribe(subscribers);
  await cursor((c) => c.query(' -- why\n select 1'));
  channel.unsubscribe(subscribers);
  expect(heard).toEqual(['start SELECT', 'end SELECT', 'asyncStart SELECT', 'asyncEnd SELECT']);
});
