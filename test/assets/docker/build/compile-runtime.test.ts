import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../../bed';
import { projectWithRuntime } from '../../../lib-runtime/built-runtime';
import { temporaryDirectory } from '../../../temporary-directory';

const SCRIPT = join(repositoryRoot, 'assets', 'docker', 'build', 'compile-runtime.mjs');

let built: string;
/** A project whose runtime is compiled, and what its compilation said. */
let compiled: string;
let said: string;

beforeAll(async () => {
  built = join(await projectWithRuntime(), 'node_modules', 'cdk-duckdb-lambda');
  compiled = newProject();
  said = compile(compiled);
});

/** A project with a runtime of its own, which may be changed. */
function newProject(): string {
  const project = temporaryDirectory();
  cpSync(built, join(project, 'node_modules', 'cdk-duckdb-lambda'), { recursive: true, dereference: true });
  symlinkSync(join(repositoryRoot, 'node_modules', '@duckdb'), join(project, 'node_modules', '@duckdb'));
  return project;
}

function compile(project: string, arch = process.arch): string {
  return spawnSync(process.execPath, [SCRIPT, join(project, 'node_modules', 'cdk-duckdb-lambda'), arch], { cwd: project, encoding: 'utf8' }).stderr;
}

/** What a module of the project prints. */
function evaluate(project: string, source: string, flags: readonly string[] = []): any {
  writeFileSync(join(project, 'main.mjs'), source);
  return JSON.parse(execFileSync(process.execPath, [...flags, join(project, 'main.mjs')], { encoding: 'utf8' }));
}

/** Every file of the project's runtime, with its digest. */
function digests(project: string): string[] {
  const runtime = join(project, 'node_modules', 'cdk-duckdb-lambda', 'runtime');
  return readdirSync(runtime, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(runtime, name)).isFile())
    .map((name) => `${name} ${createHash('sha256').update(readFileSync(join(runtime, name))).digest('hex')}`);
}

const NAMES = `
  import * as imported from 'cdk-duckdb-lambda/runtime';
  import { createRequire } from 'node:module';
  const required = createRequire(import.meta.url)('cdk-duckdb-lambda/runtime');
  console.log(JSON.stringify([Object.keys(imported).sort(), Object.keys(required).sort()]));
`;

test('import and require give the same names as before, of one copy, which answers', () => {
  const before = evaluate(newProject(), NAMES);
  expect(said).toBe('');
  expect(before[0]).toContain('cursor');
  expect(evaluate(compiled, NAMES)).toEqual(before);
  expect(evaluate(compiled, `
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    import { createRequire } from 'node:module';
    const required = createRequire(import.meta.url)('cdk-duckdb-lambda/runtime');
    console.log(JSON.stringify([required.cursor === cursor, await cursor((c) => c.query("SELECT '—' AS dash"))]));
  `)).toEqual([true, [{ dash: '—' }]]);
});

test('importing it awaits the init phase', () => {
  expect(evaluate(compiled, `
    let isOver = false;
    globalThis[Symbol.for('cdk-duckdb-lambda.init.v1')] = new Promise((resolve) => setTimeout(resolve, 50)).then(() => isOver = true);
    await import('cdk-duckdb-lambda/runtime');
    console.log(JSON.stringify(isOver));
  `)).toBe(true);
});

test('stack traces have the lines of the code', () => {
  const line = readFileSync(join(built, 'runtime', 'index.js'), 'utf8').split('\n').findIndex((each) => /^function queryError\(/.test(each)) + 1;
  const stack: string = evaluate(compiled, `
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    console.log(JSON.stringify(await cursor((c) => c.query('FROM missing')).catch((error) => error.stack)));
  `);
  const [, found] = /at queryError \(.*index\.code\.js:(\d+):\d+\)/.exec(stack) ?? [];
  expect(Number(found) - line).toBeGreaterThan(0);
  expect(Number(found) - line).toBeLessThan(40);
});

test('the same runtime gives the same bytes', () => {
  const once = digests(compiled);
  // At the same path, which is in V8's compiled form.
  const runtime = join(compiled, 'node_modules', 'cdk-duckdb-lambda', 'runtime');
  rmSync(runtime, { recursive: true });
  cpSync(join(built, 'runtime'), runtime, { recursive: true, dereference: true });
  expect(digests(compiled)).not.toEqual(once);
  compile(compiled);
  expect(digests(compiled)).toEqual(once);
});

test.each([[[]], [['--expose-gc']]])('V8 takes the compiled code, with the flags %j', (flags) => {
  expect(evaluate(compiled, `
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
  mkdirSync(join(compiled, 'queries'));
  writeFileSync(join(compiled, 'queries', 'doubled.sql'), '-- @param n INTEGER\nSELECT 2 * $n AS doubled');
  expect(evaluate(compiled, `
    import { queryHandler } from 'cdk-duckdb-lambda/runtime';
    const handler = queryHandler({ queries: ${JSON.stringify(join(compiled, 'queries'))} });
    const { rows } = await handler({ query: 'doubled', params: { n: 21 } });
    const { body } = await handler({ version: '2.0', rawPath: '/doubled', rawQueryString: 'n=21', requestContext: { http: { method: 'GET' } } });
    console.log(JSON.stringify([rows, JSON.parse(body).rows]));
  `)).toEqual([[{ doubled: 42 }], [{ doubled: 42 }]]);
});

test('nothing is compiled for another architecture than this one\'s', () => {
  const project = newProject();
  const before = digests(project);
  expect(compile(project, process.arch === 'arm64' ? 'x64' : 'arm64')).toBe('');
  expect(digests(project)).toEqual(before);
});

test('a runtime that cannot be run here stays as it is', () => {
  const project = newProject();
  rmSync(join(project, 'node_modules', '@duckdb'));
  const before = digests(project);
  expect(compile(project)).toMatch(/^the runtime is not precompiled: cannot find "@duckdb\/node-api"/);
  expect(digests(project)).toEqual(before);
});
