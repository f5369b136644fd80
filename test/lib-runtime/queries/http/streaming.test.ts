import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { type Asked, type Service, SHAPES } from './events';
import { at } from './http-bed';
import { streamed } from './streamed';
import { startRuntimeClient, type RunningClient, type StreamedResponse } from '../../../bed';
import { temporaryDirectory } from '../../../temporary-directory';
import { projectWithRuntime } from '../../built-runtime';
import { config } from '../../runtime-config';
import { queryFolder } from '../query-bed';

const QUERIES = {
  values: "SELECT 1 AS i, 'é\"' AS t, NULL AS n, 2.50::DECIMAL(3,2) AS d",
  big: 'SELECT 9007199254740993 AS i',
  declared: '-- @column i INT\nSELECT 1 AS i',
  wrong: '-- @column i VARCHAR\nSELECT 1 AS i',
  none: 'SELECT 1 AS a WHERE false',
  many: '-- @param n BIGINT = 1000000\nSELECT range AS i, hash(range) % 1000 AS h FROM range($n)',
  cached: '-- @cache 60\n-- @param n BIGINT = 1\nSELECT range AS i FROM range($n)',
  failing: "SELECT CASE WHEN range = 700000 THEN error('boom') ELSE range END AS i FROM range(1000000)",
  cast: '-- @param t VARCHAR\nSELECT $t::INTEGER AS i',
  missing: 'FROM missing',
  large: "CREATE TEMP TABLE t (a VARCHAR); INSERT INTO t SELECT repeat('x', 1000) FROM range(20000) RETURNING a",
  write: 'CREATE TEMP TABLE t (a INTEGER); INSERT INTO t VALUES (1) RETURNING a',
};

let client: RunningClient;

beforeAll(async () => {
  const project = await projectWithRuntime();
  const handler = `import { queryHandler } from 'cdk-duckdb-lambda/runtime';\nexport const handler = queryHandler({ queries: ${JSON.stringify(queryFolder(QUERIES))} });\n`;
  writeFileSync(join(project, 'http-streaming.mjs'), handler);
  const http = { streaming: true, cors: { allowedOrigins: ['*'] } };
  client = await startRuntimeClient({ taskRoot: project, handler: 'http-streaming.handler', timeoutSeconds: 60, env: config({ http }) });
}, 120_000);
afterAll(() => client?.stop());

const ask = async (asked: Asked | string, service?: Service) => streamed(client, asked, service);

/** The whole response, for those who wait for it. */
async function whole(event: object): Promise<{ value: any; response: StreamedResponse }> {
  let text = '';
  const response = await client.invoke(event, (chunk) => text += chunk.toString());
  return { value: text === '' ? undefined : JSON.parse(text), response };
}

test.each(['functionUrl', 'restApi'] as const)('%s: the rows of a direct event, in each form', async (service) => {
  const { value: direct, response } = await whole({ query: 'values' });
  expect(response.contentType).toBe('application/json');
  const json = await ask(at('/values', { headers: { origin: 'https://example.com' } }), service);
  expect(json).toMatchObject({ status: 200, headers: { 'content-type': 'application/json', 'access-control-allow-origin': '*' }, trailers: {} });
  expect(JSON.parse(json.text)).toEqual(direct);
  expect(JSON.parse((await ask('/values.ndjson', service)).text)).toEqual(direct.rows[0]);
  expect((await ask('/values.csv', service)).text).toBe('i,t,n,d\r\n1,"é""",,2.50\r\n');
  expect((await ask('/values.parquet', service)).bytes.subarray(0, 4).toString()).toBe('PAR1');
  expect((await ask('/big.csv', service)).text).toBe('i\r\n9007199254740993\r\n');
  const gzip = await ask(at('/values', { headers: { 'accept-encoding': 'gzip' } }), service);
  expect(gzip.headers).toMatchObject({ 'content-encoding': 'gzip' });
  expect(gunzipSync(gzip.bytes).toString()).toBe(json.text);
});

test('a response without a body has its status and headers', async () => {
  for (const [asked, status] of [[{ method: 'HEAD', path: '/many' }, 200], [{ method: 'OPTIONS', path: '/many' }, 204], [at('/none.ndjson'), 200]] as const) {
    expect(await ask(asked)).toMatchObject({ status, text: '', trailers: {} });
  }
  const { headers: { etag } } = await ask('/cached');
  expect(await ask(at('/cached', { headers: { 'if-none-match': etag! } }))).toMatchObject({ status: 304, text: '' });
  expect(JSON.parse((await ask('/none')).text)).toEqual({ columns: [{ name: 'a', type: 'INTEGER' }], rows: [], rowCount: 0 });
});

test.each<[Asked, number]>([
  [at('/missing'), 500],
  [at('/cast?t=x'), 500],
  [at('/wrong'), 500],
  [at('/nothing'), 404],
  [at('/write'), 405],
])('an error before the first row is an answer: %j', async (asked, status) => {
  const { headers, text, trailers, ...rest } = await ask(asked);
  expect([rest.status, headers['content-type'], JSON.parse(text).status, trailers]).toEqual([status, 'application/problem+json', status, {}]);
});

test.each([
  ['json', '],"error":{"code":"STREAM"}}\n'], ['ndjson', '{"error":{"code":"STREAM"}}\n'], ['csv', 'error: STREAM\r\n'],
])('an error in mid-stream can be seen in %s, also compressed, and Lambda records it', async (format, lastLine) => {
  for (const encoding of ['identity', 'gzip']) {
    const { status, bytes, trailers } = await ask(at(`/failing.${format}`, { headers: { 'accept-encoding': encoding } }));
    const text = (encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString();
    expect([status, text.length > 10_000, text.endsWith(lastLine)]).toEqual([200, true, true]);
    if (format === 'json') expect(JSON.parse(text)).toMatchObject({ error: { code: 'STREAM' } });
    expect(trailers).toMatchObject({ 'lambda-runtime-function-error-type': 'StreamError' });
  }
});

test('a query that writes runs once, and a declared column may have another name of its type', async () => {
  expect(JSON.parse((await ask({ method: 'POST', path: '/write' })).text).rows).toEqual([{ a: 1 }]);
  expect(JSON.parse((await ask('/declared')).text).rows).toEqual([{ i: 1 }]);
});

test('what a query that writes returns is not streamed, and the error says so', async () => {
  const { status, text } = await ask({ method: 'POST', path: '/large' });
  expect([status, JSON.parse(text).detail]).toEqual([413, expect.stringMatching(/^the query writes, so its answer is not streamed, .*; the query may have written/)]);
});

test('an answer with @cache is streamed if it is large', async () => {
  const { text, headers } = await ask('/cached?n=1500000');
  expect(headers).toMatchObject({ 'cache-control': 'max-age=60' });
  expect(JSON.parse(text).rowCount).toBe(1_500_000);
}, 60_000);

test('HTTP APIs, which do not stream, and direct events wait for the whole answer', async () => {
  for (const service of ['httpApi1', 'httpApi2'] as const) {
    const { value, response } = await whole(SHAPES[service](at('/values.csv')));
    expect(response.contentType).toBe('application/json');
    expect(value).toMatchObject({ statusCode: 200, body: 'i,t,n,d\r\n1,"é""",,2.50\r\n', isBase64Encoded: false });
  }
  const { response } = await whole({ query: 'nothing' });
  expect(response.trailers).toMatchObject({ 'lambda-runtime-function-error-type': 'ConfigError' });
});

test('five million rows to a reader that takes its time: all of them, in flat memory', async () => {
  await ask('/many');
  const before = client.peakMemoryMb();
  let lines = 0;
  let bytes = 0;
  await client.invoke(SHAPES.functionUrl(at('/many.ndjson?n=5000000')), async (chunk) => {
    bytes += chunk.length;
    for (const byte of chunk) if (byte === 10) lines += 1;
    // Slower than DuckDB, for a while.
    if (bytes < 3_000_000) await sleep(10);
  });
  expect(lines).toBe(5_000_000);
  const grown = client.peakMemoryMb() - before;
  expect([grown, grown < 150]).toEqual([grown, true]);
}, 120_000);

test('a large Parquet file is streamed too', async () => {
  const file = join(temporaryDirectory(), 'many.parquet');
  const { bytes, headers } = await ask('/many.parquet?n=6000000');
  writeFileSync(file, bytes);
  expect([bytes.length > 16 * 1024 * 1024, headers.etag, bytes.subarray(-4).toString()]).toEqual([true, undefined, 'PAR1']);
}, 120_000);
