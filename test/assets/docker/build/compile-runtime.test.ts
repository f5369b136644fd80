import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../../bed';
import { projectWithRuntime } from '../../../lib-runtime/built-runtime';
import { temporaryDirectory } from '../../../temporary-directory';

const SCRIPT = join(repositoryRoot, 'assets', 'docker', 'build', 'compile-runtime.mjs');

let built: string;
let project: string;
let runtime: string;

beforeAll(async () => { built = join(await projectWithRuntime(), 'node_modules', 'cdk-duckdb-lambda'); });

/** A project with a runtime of its own, which may be changed. */
beforeEach(() => {
  project = temporaryDirectory();
  runtime = join(project, 'node_modules', 'cdk-duckdb-lambda', 'runtime');
  cpSync(built, join(project, 'node_modules', 'cdk-duckdb-lambda'), { recursive: true, dereference: true });
  symlinkSync(join(repositoryRoot, 'node_modules', '@duckdb'), join(project, 'node_modules', '@duckdb'));
});

function compile(arch = process.arch): string {
  return spawnSync(process.execPath, [SCRIPT, join(project, 'node_modules', 'cdk-duckdb-lambda'), arch], { cwd: project, encoding: 'utf8' }).stderr;
}

/** What a module of the project prints. */
function evaluate(source: string, flags: readonly string[] = []): any {
  writeFileSync(join(project, 'main.mjs'), source);
  return JSON.parse(execFileSync(process.execPath, [...flags, join(project, 'main.mjs')], { encoding: 'utf8' }));
}

const files = () => readdirSync(runtime, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(runtime, name)).isFile());
const digests = () => files().map((name) => `${name} ${createHash('sha256').update(readFileSync(join(runtime, name))).digest('hex')}`);

const NAMES = `
  import * as imported from 'cdk-duckdb-lambda/runtime';
  import { createRequire } from 'node:module';
  const required = createRequire(import.meta.url)('cdk-duckdb-lambda/runtime');
  console.log(JSON.stringify([Object.keys(imported).sort(), Object.keys(required).sort()]));
`;

test('import and require give the same names as before, of one copy, which answers', () => {
  const before = evaluate(NAMES);
  expect(compile()).toBe('');
  expect(before[0]).toContain('cursor');
  expect(evaluate(NAMES)).toEqual(before);
  expect(evaluate(`
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    import { createRequire } from 'node:module';
    const required = createRequire(import.meta.url)('cdk-duckdb-lambda/runtime');
    console.log(JSON.stringify([required.cursor === cursor, await cursor((c) => c.query("SELECT '—' AS dash"))]));
  `)).toEqual([true, [{ dash: '—' }]]);
});

test('importing it awaits the init phase', () => {
  compile();
  expect(evaluate(`
    let isOver = false;
    globalThis[Symbol.for('cdk-duckdb-lambda.init.v1')] = new Promise((resolve) => setTimeout(resolve, 50)).then(() => isOver = true);
    await import('cdk-duckdb-lambda/runtime');
    console.log(JSON.stringify(isOver));
  `)).toBe(true);
});

test('stack traces have the lines of the code', () => {
  const line = readFileSync(join(runtime, 'index.js'), 'utf8').split('\n').findIndex((each) => /^function queryError\(/.test(each)) + 1;
  compile();
  const stack: string = evaluate(`
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    console.log(JSON.stringify(await cursor((c) => c.query('FROM missing')).catch((error) => error.stack)));
  `);
  const [, found] = /at queryError \(.*index\.code\.js:(\d+):\d+\)/.exec(stack) ?? [];
  expect(Number(found) - line).toBeGreaterThan(0);
  expect(Number(found) - line).toBeLessThan(40);
});

test('the same runtime gives the same bytes', () => {
  compile();
  const once = digests();
  rmSync(runtime, { recursive: true });
  cpSync(join(built, 'runtime'), runtime, { recursive: true, dereference: true });
  compile();
  expect(digests()).toEqual(once);
});

test.each([[[]], [['--expose-gc']]])('V8 takes the compiled code, with the flags %j', (flags) => {
  compile();
  expect(evaluate(`
    import vm from 'node:vm';
    const rejected = [];
    const { Script } = vm;
    vm.Script = class extends Script {
      constructor(...args) { super(...args); rejected.push(this.cachedDataRejected); }
    };
    const { queryHandler } = await import('cdk-duckdb-lambda/runtime');
    queryHandler({ queries: '.', http: {} });
    console.log(JSON.stringify(rejected));
  `, flags)).toEqual([false, false, false]);
});

test('the compiled handler of queries answers, also over HTTP', () => {
  compile();
  mkdirSync(join(project, 'queries'));
  writeFileSync(join(project, 'queries', 'doubled.sql'), '-- @param n INTEGER\nSELECT 2 * $n AS doubled');
  expect(evaluate(`
    import { queryHandler } from 'cdk-duckdb-lambda/runtime';
    const handler = queryHandler({ queries: ${JSON.stringify(join(project, 'queries'))} });
    const { rows } = await handler({ query: 'doubled', params: { n: 21 } });
    const { body } = await handler({ version: '2.0', rawPath: '/doubled', rawQueryString: 'n=21', requestContext: { http: { method: 'GET' } } });
    console.log(JSON.stringify([rows, JSON.parse(body).rows]));
  `)).toEqual([[{ doubled: 42 }], [{ doubled: 42 }]]);
});

test('nothing is compiled for another architecture than this one\'s', () => {
  const before = digests();
  expect(compile(process.arch === 'arm64' ? 'x64' : 'arm64')).toBe('');
  expect(digests()).toEqual(before);
});

test('a runtime that cannot be run here stays as it is', () => {
  rmSync(join(project, 'node_modules', '@duckdb'));
  const before = digests();
  expect(compile()).toMatch(/^the runtime is not precompiled: cannot find "@duckdb\/node-api"/);
  expect(digests()).toEqual(before);
});
