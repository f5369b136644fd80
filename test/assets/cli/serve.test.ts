import { symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { type Served, serving } from './serving';
import { repositoryRoot } from '../../bed/paths';
import { queryFolder } from '../../lib-runtime/queries/query-bed';
import { temporaryDirectory } from '../../temporary-directory';
import { outcomeOf } from '../docker/command';

const COMMAND = join(repositoryRoot, 'assets/cli/cdk-duckdb-lambda.mjs');

let folder: string;
let served: Served | undefined;

beforeEach(() => void (folder = queryFolder({
  monthly: "-- @description Sales of a month.\n-- @param month VARCHAR = '2025-01'\nSELECT $month AS month FROM range(3)",
  mine: '-- @param tenant VARCHAR\n-- @from tenant authorizer.claims.tenant\nSELECT $tenant AS tenant',
  endless: 'SELECT range AS i FROM range(1000000000000)',
  wait: 'SELECT count(*) AS running FROM range(3)',
})));
afterEach(() => served?.stop());

const get = async (path: string, headers: Record<string, string> = {}) => fetch(`${served!.url}${path}`, { headers });

test('queries answer over HTTP, a line a request, and a change of a file counts at once', async () => {
  served = await serving(folder);
  const response = await get('/monthly?month=2025-02');
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-cache']);
  expect(await response.json()).toMatchObject({ rows: [{ month: '2025-02' }, {}, {}], rowCount: 3 });
  expect(await served.printed(/bytes/)).toMatch(/^GET \/monthly\?month=2025-02 200: \d+ ms, 3 rows, \d+ bytes$/m);
  const post = await fetch(`${served.url}/monthly.csv`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"month":"ä"}' });
  expect(await post.text()).toBe('month\r\nä\r\nä\r\nä\r\n');
  writeFileSync(join(folder, 'monthly.sql'), 'SELECT 1 AS one');
  writeFileSync(join(folder, 'new.sql'), 'SELECT 2 AS two');
  expect(await (await get('/monthly.csv')).text()).toBe('one\r\n1\r\n');
  expect(await (await get('/new.csv')).text()).toBe('two\r\n2\r\n');
  writeFileSync(join(folder, 'new.sql'), 'SELECT 2 FROM FROM');
  expect((await get('/new')).status).toBe(500);
  // The developer sees what callers must not see.
  await served.printed('syntax error at or near "FROM"');
}, 60_000);

test('a query whose rows the description of the API would hide is told at the start', async () => {
  writeFileSync(join(folder, 'openapi.sql'), 'SELECT 1');
  const { code, stderr } = await outcomeOf(process.execPath, [COMMAND, 'serve', folder, '--port', '0']);
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(`cdk-duckdb-lambda: ${folder}/openapi.sql: received the name "openapi", but GET /openapi.json`) });
});

test('a page lists the queries, for browsers of this machine only', async () => {
  served = await serving(folder);
  const page = await get('/');
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(await page.text()).toContain('<title>Queries</title>');
  const status = await new Promise((resolve) => request(`${served!.url}/monthly`, { headers: { host: 'evil.example' } }, (response) => resolve(response.statusCode)).end());
  expect(status).toBe(403);
}, 60_000);

test('--caller is who asks', async () => {
  served = await serving(folder);
  expect((await get('/mine')).status).toBe(403);
  await served.stop();
  served = await serving(folder, ['--caller', 'authorizer.claims.tenant=acme']);
  expect(await (await get('/mine')).json()).toMatchObject({ rows: [{ tenant: 'acme' }] });
}, 60_000);

test('a stack\'s function answers as it is declared', async () => {
  const template = join(temporaryDirectory(), 'Sales.template.json');
  const http = { streaming: true, cors: { allowedOrigins: ['https://example.com'] } };
  const variables = { DUCKDB_LAMBDA_CONFIG: JSON.stringify({ version: 1, extensions: [], steps: [], http, settings: { TimeZone: 'Asia/Tokyo' } }) };
  writeFileSync(template, JSON.stringify({ Resources: { Fn: { Type: 'AWS::Lambda::Function', Properties: { Environment: { Variables: variables } } } } }));
  writeFileSync(join(folder, 'zone.sql'), "SELECT current_setting('TimeZone') AS zone");
  served = await serving(folder, ['--template', template, '--region', 'eu-west-1']);
  const response = await get('/zone', { origin: 'https://example.com' });
  expect(await response.json()).toMatchObject({ rows: [{ zone: 'Asia/Tokyo' }] });
  expect(response.headers.get('access-control-allow-origin')).toBe('https://example.com');
}, 60_000);

test.each([
  ['json', '],"error":{"code":"STREAM"}}\n'], ['ndjson', '{"error":{"code":"STREAM"}}\n'], ['csv', 'error: STREAM\r\n'],
])('an error in mid-stream is the end of the %s, as in Lambda', async (format, lastLine) => {
  writeFileSync(join(folder, 'failing.sql'), "SELECT CASE WHEN range = 500000 THEN error('boom') ELSE range END AS i FROM range(1000000)");
  served = await serving(folder, ['--streaming']);
  const text = await (await get(`/failing.${format}`)).text();
  expect([text.length > 10_000, text.endsWith(lastLine)]).toEqual([true, true]);
  expect(await served.printed(/bytes/)).toMatch(/the query failed after .*\nGET \/failing\.\w+ 200: /s);
}, 60_000);

test('a page of somebody else cannot run what writes', async () => {
  const http = { cors: { allowedOrigins: ['https://example.com'] } };
  writeFileSync(join(folder, 'write.sql'), 'CREATE OR REPLACE TABLE written AS SELECT 1 AS a; FROM written');
  served = await serving(folder, [], { DUCKDB_LAMBDA_CONFIG: JSON.stringify({ version: 1, extensions: [], steps: [], http }) });
  const post = async (headers: Record<string, string>) => new Promise<number | undefined>((resolve) => (
    request(`${served!.url}/write`, { method: 'POST', headers }, (response) => resolve(response.resume().statusCode)).end()
  ));
  for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example', 'http://evil.example:8000']) expect([origin, await post({ origin })]).toEqual([origin, 403]);
  expect(await post({ 'sec-fetch-site': 'cross-site' })).toBe(403);
  for (const origin of [served.url, 'http://localhost:8080', 'https://example.com']) expect([origin, await post({ origin })]).toEqual([origin, 200]);
  expect(await post({})).toBe(200);
}, 60_000);

test('what is wrong with the files is told when it starts', async () => {
  writeFileSync(join(folder, 'typo.sql'), 'SELEC 1');
  writeFileSync(join(folder, 'MONTHLY.sql'), 'SELECT 1');
  symlinkSync(join(folder, 'mine.sql'), join(folder, 'link.sql'));
  served = await serving(folder);
  const printed = await served.printed('localhost');
  for (const error of [/typo\.sql:1:1: DuckDB does not parse this/, /monthly\.sql: received the name of .*MONTHLY\.sql/, /link\.sql: received a symbolic link/]) {
    expect(printed).toMatch(error);
  }
}, 60_000);

test('a reader who leaves ends the query', async () => {
  served = await serving(folder, ['--streaming'], { DUCKDB_LAMBDA_CONFIG: '{"version":1,"extensions":[],"steps":[],"settings":{"threads":"1"}}' });
  const leaving = new AbortController();
  const response = await fetch(`${served.url}/endless`, { signal: leaving.signal });
  const reader = response.body!.getReader();
  for (let bytes = 0; bytes < 1_000_000;) bytes += (await reader.read()).value!.length;
  leaving.abort();
  await served.printed(/^GET \/endless left by its reader: \d+ ms/m);
  // The only thread is free again.
  expect(await (await get('/wait')).json()).toMatchObject({ rows: [{ running: 3 }] });
}, 60_000);

test.each<[string[], RegExp]>([
  [['a', 'b'], /^cdk-duckdb-lambda: serve takes one folder of queries, and got a b\n$/],
  [['--port', 'x'], /--port x is not a port/],
  [['--caller', 'tenant=acme'], /--caller tenant is not a property of a caller: expected one as @from has it/],
  [['--caller', 'authorizer.claims.tenant'], /--caller authorizer\.claims\.tenant has no value: expected PROPERTY=VALUE/],
  [['/none'], /^cdk-duckdb-lambda: the folder of the queries "\/none" does not exist\n$/],
  [['test/fixtures/queries', '--template', '/none.json'], /none\.json/],
])('serve %j is refused', async (args, message) => {
  const { code, stderr } = await outcomeOf(process.execPath, [COMMAND, 'serve', ...args]);
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
});

test('a configuration that cannot be used is told in a line', async () => {
  const { code, stderr } = await outcomeOf(process.execPath, [COMMAND, 'serve', folder], { env: { DUCKDB_LAMBDA_CONFIG: '{"version":1,"extensions":[],"steps":[],"http":{"cors":{}}}' } });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^cdk-duckdb-lambda: [^\n]+\n$/)]);
});

test('--help tells of it', async () => {
  expect((await outcomeOf(process.execPath, [COMMAND, '--help'])).stdout).toContain('cdk-duckdb-lambda serve [FOLDER] [OPTION]...');
});
