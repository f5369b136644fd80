import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Served, serving } from './serving';
import { npmPackages, run } from '../../bed';
import { repositoryRoot } from '../../bed/paths';
import { temporaryDirectory } from '../../temporary-directory';

/** Calls the API with types that were made from its description. What is wrong must not compile. */
const CLIENT = `
import createClient from 'openapi-fetch';
import type { paths } from './api';

const client = createClient<paths, 'application/json' | 'application/problem+json'>({ baseUrl: process.argv[2]! });
const required = await client.GET('/required', { params: { query: { month: '2025-01', least: 7 } } });
const orders: number | null | undefined = required.data?.rows[0]?.orders;
const nested = await client.POST('/nested', { body: { ids: [1, null], names: ['a'], point: { x: 1, y: null } } });
const list = await client.GET('/nested', { params: { query: { ids: [3, 4], point: JSON.stringify({ x: 2, y: 'b' }) } } });
const missing = await client.GET('/required', { params: { query: { month: 'x', least: 1e10 } } });
const problem: number | undefined = missing.error?.status;
console.log(JSON.stringify([orders, nested.data?.rows, list.data?.rows, problem]));

// @ts-expect-error a parameter is missing
void (() => client.GET('/required', { params: { query: { month: '2025-01' } } }));
// @ts-expect-error it has another type
void (() => client.GET('/required', { params: { query: { month: '2025-01', least: 'x' } } }));
// @ts-expect-error only a POST runs a query that writes
void (() => client.GET('/write', {}));
// @ts-expect-error the caller cannot choose it
void (() => client.GET('/own', { params: { query: { tenant: 'x' } } }));
`;

let served: Served;
let modules: string;

beforeAll(async () => {
  modules = await npmPackages('openapi-client', ['openapi-typescript@7.13.0', 'openapi-fetch@0.17.0', 'typescript@5.9.3', '@types/node@24.0.0'], ['--ignore-scripts']);
  served = await serving(join(repositoryRoot, 'test/fixtures/api-queries'));
}, 400_000);
afterAll(() => served?.stop());

test('a client that is generated from the description compiles and calls', async () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'out'));
  symlinkSync(modules, join(directory, 'node_modules'));
  const bin = (name: string) => join(modules, '.bin', name);
  await run(bin('openapi-typescript'), [`${served.url}/openapi.json`, '--output', join(directory, 'api.d.ts')]);
  writeFileSync(join(directory, 'client.mts'), CLIENT.replace('./api', './api.d.ts'));
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--skipLibCheck', '--outDir', 'out'];
  await run(bin('tsc'), [...options, 'client.mts'], { cwd: directory });
  const { stdout } = await run(process.execPath, [join(directory, 'out/client.mjs'), served.url], { cwd: directory });
  expect(JSON.parse(stdout)).toEqual([
    7,
    [{ ids: [1, null], names: ['a'], point: { x: 1, y: null } }],
    [{ ids: [3, 4], names: ['a', 'b'], point: { x: 2, y: 'b' } }],
    400,
  ]);
}, 120_000);
