import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { DuckDbBundlingOptions, DuckDbFunction } from '../../src';
import { evaluate, project, staged, write } from '../staged';
import { temporaryDirectory } from '../temporary-directory';

/** The bundled JavaScript of a handler. */
function bundled(source: string, bundling: DuckDbBundlingOptions = {}, module = 'index.mjs'): string {
  return staged({ entry: write('handler.ts', source), bundling }).file(`handler/${module}`);
}

test.each([
  ['handler.ts', 'const n: number = 1; export const handler = () => n;'],
  ['handler.tsx', 'const n: number = 1; export const handler = () => n;'],
  ['handler.mts', 'const n: number = 1; export const handler = () => n;'],
  ['handler.js', 'export const handler = () => 1;'],
  ['handler.mjs', 'export const handler = () => 1;'],
])('an ES module in %s is bundled to one', (name, source) => {
  expect(evaluate(staged({ entry: write(name, source) }).context, 'index.mjs', 'm.handler()')).toBe('1\n');
});

test.each([
  ['handler.cjs', 'exports.handler = () => 1;'],
  ['handler.js', 'module.exports = { handler: () => 1 };'],
  ['handler.cts', 'import os = require("os"); const n: number = os ? 1 : 2; export = { handler: () => n };'],
])('CommonJS in %s stays CommonJS', (name, source) => {
  expect(evaluate(staged({ entry: write(name, source) }).context, 'index.cjs', 'm.default.handler()')).toBe('1\n');
});

test('packages are bundled, also CommonJS ones that use require() and __dirname', () => {
  write('node_modules/dep/index.js', 'exports.name = () => require("os").EOL.length + require("path").sep + require("path").basename(__dirname);');
  const entry = write('handler.ts', 'import { name } from "dep"; export const handler = () => name();');
  expect(evaluate(staged({ entry }).context, 'index.mjs', 'm.handler()')).toBe('"1/handler"\n');
});

test('a handler may name things as the bundle\'s own preamble would', () => {
  const entry = write('handler.ts', `import { createRequire } from 'module'; import { basename, dirname } from 'path'; import { fileURLToPath } from 'url';
    const require = createRequire(import.meta.url); const __createRequire = 1; const __dirname = dirname(fileURLToPath(import.meta.url));
    export const handler = () => [typeof require('os').EOL, __createRequire, basename(__dirname)];`);
  expect(evaluate(staged({ entry }).context, 'index.mjs', 'm.handler()')).toBe('["string",1,"handler"]\n');
});

test('a handler that an external package may export is accepted', () => {
  expect(() => staged({ entry: write('handler.ts', 'export * from "@duckdb/node-api";') })).not.toThrow();
});

test('a CommonJS entry that never names the handler is refused', () => {
  expect(() => staged({ entry: write('handler.cjs', 'exports.other = () => 1;') })).toThrow(
    /handler\.cjs" does not export "handler": its source never names it/);
});

test('a handler that imports the construct instead of the runtime is refused', () => {
  write('node_modules/cdk-duckdb-lambda/package.json', '{"name":"cdk-duckdb-lambda","main":"index.js"}');
  write('node_modules/cdk-duckdb-lambda/index.js', 'exports.cursor = 1;');
  expect(() => staged({ entry: write('handler.ts', 'export { cursor as handler } from "cdk-duckdb-lambda";') })).toThrow(
    /handler\.ts" imports the construct, through "handler\.ts": a handler imports the runtime, from "cdk-duckdb-lambda\/runtime"/);
});

test('the runtime and DuckDB are not bundled', () => {
  const entry = write('handler.ts', 'export { cursor as handler } from "cdk-duckdb-lambda/runtime"; export * as duckdb from "@duckdb/node-api";');
  const { file } = staged({ entry });
  expect(file('handler/index.mjs')).toMatch(/from "cdk-duckdb-lambda\/runtime"[^]*from "@duckdb\/node-api"|from "@duckdb\/node-api"[^]*from "cdk-duckdb-lambda\/runtime"/);
});

describe('the format', () => {
  test('is an ES module or, when asked for, CommonJS', () => {
    const entry = write('handler.ts', 'export const handler = () => 1;');
    expect(evaluate(staged({ entry, bundling: { format: OutputFormat.ESM } }).context, 'index.mjs', 'm.handler()')).toBe('1\n');
    const { context, file } = staged({ entry, bundling: { format: OutputFormat.CJS } });
    expect(evaluate(context, 'index.cjs', 'm.default.handler()')).toBe('1\n');
    expect(file('handler/index.cjs')).toContain('module.exports = ');
  });

  test('as CommonJS needs the export too', () => {
    expect(() => bundled('export const other = 1;', { format: OutputFormat.CJS })).toThrow(/does not export "handler": it exports other/);
  });

  test('of a CommonJS entry cannot be an ES module', () => {
    expect(() => staged({ entry: write('handler.cjs', 'exports.handler = () => 1;'), bundling: { format: OutputFormat.ESM } })).toThrow(
      /handler\.cjs" is CommonJS, and an ES module cannot re-export its exports: leave out bundling\.format/);
  });
});

describe('path aliases', () => {
  beforeEach(() => {
    write('lib/prices.ts', 'export const price = 7;');
    write('other/prices.ts', 'export const price = 8;');
    write('tsconfig.json', '{"compilerOptions":{"paths":{"@lib/*":["./lib/*"]}}}');
    write('tsconfig.other.json', '{"compilerOptions":{"paths":{"@lib/*":["./other/*"]}}}');
  });
  const source = 'import { price } from "@lib/prices"; export const handler = () => price;';

  test('come from the nearest tsconfig.json', () => {
    expect(bundled(source)).toContain('price = 7');
  });

  test('come from the tsconfig that is named', () => {
    expect(bundled(source, { tsconfig: path.join(project(), 'tsconfig.other.json') })).toContain('price = 8');
  });

  test('of a tsconfig that is not there are an error', () => {
    expect(() => bundled(source, { tsconfig: 'missing.json' })).toThrow(/cannot find bundling\.tsconfig, "missing\.json": looked for .*missing\.json/);
  });
});

test('a package of the handler\'s own workspace is bundled from its source', () => {
  write('package-lock.json', '{}');
  write('packages/shared/package.json', '{"name":"@acme/shared","main":"src/index.ts"}');
  write('packages/shared/src/index.ts', 'export const shared: number = 5;');
  fs.mkdirSync(path.join(project(), 'node_modules', '@acme'), { recursive: true });
  fs.symlinkSync(path.join(project(), 'packages', 'shared'), path.join(project(), 'node_modules', '@acme', 'shared'));
  const { context, file } = staged({ entry: write('packages/app/src/handler.ts', 'import { shared } from "@acme/shared"; export const handler = () => shared;') });
  expect(evaluate(context, 'index.mjs', 'm.handler()')).toBe('5\n');
  expect(file('handler/index.mjs')).toContain('// packages/shared/src/index.ts');
});

describe('what reaches esbuild', () => {
  test('minify', () => {
    expect(bundled('export const handler = () => {\n  const answer = 42;\n  return answer;\n};', { minify: true })).not.toContain('const answer');
  });

  test('loader and define', () => {
    write('query.sql', 'SELECT 42');
    const source = 'import sql from "./query.sql"; export const handler = () => [sql, process.env.STAGE];';
    expect(bundled(source, { loader: { '.sql': 'text' }, define: { 'process.env.STAGE': '"production"' } })).toMatch(/"SELECT 42"[^]*"production"/);
  });

  test('files of other loaders lie beside the handler', () => {
    write('logo.svg', '<svg/>');
    const { context, file } = staged({
      entry: write('handler.ts', 'import logo from "./logo.svg"; export const handler = () => logo;'),
      bundling: { loader: { '.svg': 'file' }, esbuildArgs: { '--asset-names': 'assets/[name]' } },
    });
    expect(file('handler/assets/logo.svg')).toBe('<svg/>');
    expect(evaluate(context, 'index.mjs', 'm.handler()')).toBe('"./assets/logo.svg"\n');
  });

  test('externalModules', () => {
    expect(bundled('import x from "@acme/lib/part"; export const handler = () => x;', { externalModules: ['@acme/*'] })).toContain('from "@acme/lib/part"');
  });

  test('esbuildArgs', () => {
    write('new.ts', 'export const answer = 43;');
    expect(bundled('import { answer } from "old"; export const handler = () => answer;', { esbuildArgs: { '--alias:old': './new.ts' } })).toContain('answer = 43');
    expect(() => bundled('export const handler = 1;', { esbuildArgs: { '--no-such': true } })).toThrow(/cannot bundle ".*handler\.ts":\n.*Invalid option.*"noSuch"/);
  });
});

describe('banner and footer', () => {
  test('stand around the handler', () => {
    const code = bundled('export const handler = () => 1;', { banner: '/* first */', footer: '/* last */' });
    expect(code).toMatch(/^\/\* first \*\/\n[^]*\/\* last \*\/\n$/);
  });

  test('may declare require, as the bundle\'s own preamble does', () => {
    write('node_modules/dep/index.js', 'exports.eol = () => require("os").EOL.length;');
    const { context } = staged({
      entry: write('handler.ts', 'import { eol } from "dep"; export const handler = () => eol();'),
      bundling: { banner: 'import { createRequire } from "module"; const require = createRequire(import.meta.url);' },
    });
    expect(evaluate(context, 'index.mjs', 'm.handler()')).toBe('1\n');
  });
});

describe('source maps', () => {
  const FAILING = 'interface Sale { readonly amount: number }\n\nexport const handler = (): Sale => {\n  throw new TypeError("no sale");\n};\n';

  test.each([[OutputFormat.ESM, 'index.mjs', 'm.handler'], [OutputFormat.CJS, 'index.cjs', 'm.default.handler']])(
    'make stack traces name the source\'s lines: %s', (format, module, handler) => {
      const { context, file } = staged({ entry: write('src/handler.ts', FAILING), bundling: { sourceMap: true, minify: true, format } });
      const trace = evaluate(context, module, `(() => { try { ${handler}(); } catch (error) { return error.stack; } })()`);
      expect(JSON.parse(trace).split('\n').slice(0, 2)).toEqual(['TypeError: no sale', expect.stringMatching(/handler\/src\/handler\.ts:4:9\)$/)]);
      expect(JSON.parse(file(`handler/${module}.map`)).sources).toEqual(['src/handler.ts']);
    });

  test('are not read until a stack trace is asked for, and are not needed', () => {
    const { context } = staged({ entry: write('src/handler.ts', FAILING), bundling: { sourceMap: true } });
    fs.writeFileSync(path.join(context, 'handler', 'index.mjs.map'), 'no map');
    const trace = evaluate(context, 'index.mjs', '(() => { try { m.handler(); } catch (error) { return error.stack; } })()');
    expect(JSON.parse(trace)).toMatch(/^TypeError: no sale\n.*index\.mjs:\d+:\d+\)/);
  });

  test('are only there when asked for', () => {
    const { context } = staged({ entry: write('src/handler.ts', FAILING) });
    expect(fs.readdirSync(path.join(context, 'handler'))).toEqual(['index.mjs']);
  });
});

describe('command hooks', () => {
  const hooks = (log: string) => ({
    beforeBundling: (input: string, output: string) => [`echo "before ${path.basename(input)}" >> ${log}`, `echo "export const made = 9;" > ${input}/made.ts; test -d ${output}`],
    beforeInstall: () => [`echo install >> ${log}`],
    afterBundling: (input: string, output: string) => [`echo after >> ${log}; cp ${input}/query.sql ${output}/`],
  });

  test('run at synthesis around the bundling', () => {
    write('query.sql', 'SELECT 1');
    const log = path.join(temporaryDirectory(), 'log');
    const entry = write('handler.ts', 'import { made } from "./made"; export const handler = () => made;');
    const { context, file } = staged({ entry, bundling: { commandHooks: hooks(log) } });
    expect(fs.readFileSync(log, 'utf8')).toBe(`before ${path.basename(project())}\nafter\n`);
    expect(file('handler/query.sql')).toBe('SELECT 1');
    expect(evaluate(context, 'index.mjs', 'm.handler()')).toBe('9\n');
  });

  test('that fail name their command', () => {
    const commandHooks = { beforeBundling: () => ['exit 3'], beforeInstall: () => [], afterBundling: () => [] };
    expect(() => bundled('export const handler = 1;', { commandHooks })).toThrow(
      `the command "exit 3" of the hook beforeBundling ended with exit code 3, in ${project()}`);
  });
});

describe('repeated constructs', () => {
  test('of one entry are bundled once in an app, and again in the next', () => {
    write('node_modules/esbuild/package.json', '{"name":"esbuild","main":"index.js"}');
    const log = write('log', '');
    write('node_modules/esbuild/index.js', `const esbuild = require(${JSON.stringify(require.resolve('esbuild'))});
      exports.formatMessagesSync = esbuild.formatMessagesSync;
      exports.buildSync = (options) => { require('fs').appendFileSync(${JSON.stringify(log)}, 'x'); return esbuild.buildSync(options); };`);
    const entry = write('handler.ts', 'export const handler = () => 1; export const other = handler;');
    const inAnApp = () => {
      const stack = new Stack(new App({ outdir: temporaryDirectory() }), 'Stack');
      ['handler', 'other'].forEach((handler) => new DuckDbFunction(stack, handler, { entry, handler }));
      new DuckDbFunction(stack, 'Small', { entry, bundling: { minify: true } });
      return fs.readFileSync(log, 'utf8').length;
    };
    expect(inAnApp()).toBe(2);
    expect(inAnApp()).toBe(4);
  });
});

/** What synthesis in a process elsewhere, which has no esbuild, prints. */
function failureElsewhere(entry: string, cwd = temporaryDirectory()): string {
  const script = `
    const { App, Stack } = require(${JSON.stringify(require.resolve('aws-cdk-lib'))});
    const { DuckDbFunction } = require(${JSON.stringify(path.resolve('lib'))});
    new DuckDbFunction(new Stack(new App(), 'Stack'), 'Fn', { entry: ${JSON.stringify(entry)} });`;
  return spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', cwd }).stderr;
}

test('without esbuild the error says where it was looked for and how to get it', () => {
  const entry = write('handler.ts', 'export const handler = () => 1;');
  const elsewhere = temporaryDirectory();
  expect(failureElsewhere(entry, elsewhere)).toContain(`cannot find esbuild, which bundles "${path.relative(elsewhere, entry)}": looked in ${project()}, `
    + `${elsewhere} and above; install it with: npm install --save-dev esbuild`);
});

test('where Yarn Plug\'n\'Play has the packages, the error says how to synthesise', () => {
  write('.pnp.cjs', '');
  expect(failureElsewhere(write('src/handler.ts', 'export const handler = () => 1;'))).toContain(
    'the project is installed by Yarn Plug\'n\'Play, whose packages only yarn\'s own processes find: synthesise with yarn, as in "yarn cdk synth"');
});
