import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { temporaryDirectory } from './temporary-directory';
import { exports as packageExports } from '../package.json';
import { DuckDbExtension, DuckDbFunction, DuckDbFunctionProps, ExtensionRepository } from '../src';

let project: string;

beforeEach(() => {
  project = temporaryDirectory();
  write('package.json', '{"name":"app"}');
});

function write(name: string, content: string): string {
  const file = path.join(project, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  return file;
}

/** Synthesises a function and returns where CDK put the build context, and what its asset manifest says. */
function staged(props: DuckDbFunctionProps) {
  const app = new App({ outdir: temporaryDirectory() });
  new DuckDbFunction(new Stack(app, 'Stack'), 'Fn', props);
  const assembly = app.synth();
  const { dockerImages } = JSON.parse(fs.readFileSync(path.join(assembly.directory, 'Stack.assets.json'), 'utf8'));
  const [{ source }] = Object.values<any>(dockerImages);
  const context = path.join(assembly.directory, source.directory);
  return { context, source, buildArgs: source.dockerBuildArgs, file: (name: string) => fs.readFileSync(path.join(context, name), 'utf8') };
}

/** Runs an expression over the staged handler module `m`. */
function evaluate(context: string, module: string, expression: string): string {
  const script = `import * as m from ${JSON.stringify(path.join(context, 'handler', module))}; console.log(JSON.stringify(${expression}))`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return stdout || stderr;
}

test('the context holds the Dockerfile, the installer, the runtime and the handler', () => {
  const { context } = staged({ entry: write('handler.ts', 'export const handler = () => 1;') });
  expect(fs.readdirSync(context).sort()).toEqual(['Dockerfile', 'Dockerfile.with-secrets', 'handler', 'installer', 'runtime']);
  expect(fs.readdirSync(path.join(context, 'handler'))).toEqual(['index.mjs']);
  expect(fs.readdirSync(path.join(context, 'installer'))).toContain('install-extensions.mjs');
  expect(fs.readdirSync(path.join(context, 'runtime', 'runtime'))).toEqual(expect.arrayContaining(['index.js', 'index.mjs']));
  expect(JSON.parse(fs.readFileSync(path.join(context, 'runtime', 'package.json'), 'utf8'))).toEqual({
    name: 'cdk-duckdb-lambda',
    license: 'Apache-2.0',
    exports: { './runtime': packageExports['./runtime'] },
  });
});

test('the build is told versions, platform, extensions and their source', () => {
  const { buildArgs, file } = staged({
    entry: write('handler.ts', 'export const handler = () => 1;'),
    extensions: [DuckDbExtension.core('aws'), DuckDbExtension.community('h3')],
    extensionRepository: ExtensionRepository.fromPyPi(),
    bundling: { buildArgs: { FLAVOUR: 'b' } },
  });
  expect(buildArgs).toEqual({
    FLAVOUR: 'b',
    BASE_IMAGE: 'public.ecr.aws/lambda/nodejs:24',
    BUILD_IMAGE: 'public.ecr.aws/lambda/nodejs:24',
    DUCKDB_VERSION: '1.5.5',
    TARGET_ARCH: 'arm64',
    DUCKDB_PLATFORM: 'linux_arm64',
    EXTENSIONS: 'httpfs aws community:h3',
    EXTENSION_SOURCE: 'pypi',
    INSTALL_OPTIONS: '',
  });
  expect(JSON.parse(file('installer/client/package.json'))).toEqual({ private: true, dependencies: { '@duckdb/node-api': '1.5.5-r.5' } });
});

test('the user\'s build arguments are declared in the Dockerfile; those of the network are there anyway', () => {
  const entry = write('handler.ts', 'export const handler = () => 1;');
  const { file } = staged({ entry, bundling: { buildArgs: { FLAVOUR: 'b', HTTPS_PROXY: 'x', NODE_EXTRA_CA_CERTS: '/ca.pem' } } });
  expect(file('Dockerfile').match(/^ARG (?:FLAVOUR|HTTPS_PROXY|NODE_EXTRA_CA_CERTS)$/gm)).toEqual(['ARG NODE_EXTRA_CA_CERTS', 'ARG FLAVOUR']);
});

test('build secrets are mounted by a Dockerfile of their own, so that without them the legacy builder can build', () => {
  const entry = write('handler.ts', 'export const handler = () => 1;');
  const netrc = write('netrc', 'machine mirror.example.com password hunter2');
  const plain = staged({ entry });
  const withSecrets = staged({ entry, bundling: { caBundle: netrc, buildSecrets: { netrc } } });

  expect(plain.source.dockerFile).toBeUndefined();
  expect(plain.file('Dockerfile')).not.toMatch(/^RUN --mount/m);
  expect(withSecrets.source).toMatchObject({
    dockerFile: 'Dockerfile.with-secrets',
    dockerBuildSecrets: { 'ca-bundle': `src=${netrc}`, 'netrc': `src=${netrc}` },
    dockerBuildArgs: { INSTALL_OPTIONS: '--credentials /run/secrets/netrc', NODE_EXTRA_CA_CERTS: '/run/secrets/ca-bundle' },
  });
  expect(withSecrets.file('Dockerfile.with-secrets').match(/^RUN --mount=type=secret,id=ca-bundle,\S+ --mount=type=secret,id=netrc,\S+ /gm)).toHaveLength(2);
});

test('a directory of extensions goes into the context', () => {
  const extensions = path.join(project, 'vendored');
  write('vendored/v1.5.5/linux_arm64/fts.duckdb_extension', 'x');
  const { file, buildArgs } = staged({
    entry: write('handler.ts', 'export const handler = () => 1;'),
    extensionRepository: ExtensionRepository.fromDirectory(extensions),
  });
  expect(file('installer/extensions/v1.5.5/linux_arm64/fts.duckdb_extension')).toBe('x');
  expect(buildArgs.EXTENSION_SOURCE).toBe('./extensions');
});

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

test('a handler that is exported by an external package is taken on trust', () => {
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
    /handler\.ts" imports the construct, by "handler\.ts": a handler imports the runtime, from "cdk-duckdb-lambda\/runtime"/);
});

test('the runtime and DuckDB are not bundled', () => {
  const entry = write('handler.ts', 'export { cursor as handler } from "cdk-duckdb-lambda/runtime"; export * as duckdb from "@duckdb/node-api";');
  const { file } = staged({ entry });
  expect(file('handler/index.mjs')).toMatch(/from "cdk-duckdb-lambda\/runtime"[^]*from "@duckdb\/node-api"|from "@duckdb\/node-api"[^]*from "cdk-duckdb-lambda\/runtime"/);
});

test('minify and sourceMap reach esbuild', () => {
  const entry = write('handler.ts', 'export const handler = () => {\n  const answer = 42;\n  return answer;\n};');
  const { file } = staged({ entry, bundling: { minify: true, sourceMap: true } });
  expect(file('handler/index.mjs')).not.toContain('const answer');
  expect(JSON.parse(file('handler/index.mjs.map')).sources).toEqual(['handler.ts']);
});

test('what is staged is the same wherever the project lies', () => {
  const source = 'import { dirname } from "./lib/other"; export const handler = () => dirname;';
  const contexts = ['one', 'elsewhere/two'].map((root) => {
    write(`${root}/package-lock.json`, '{}');
    write(`${root}/src/lib/other.ts`, 'export const dirname = 1;');
    return staged({ entry: write(`${root}/src/handler.ts`, source), bundling: { sourceMap: true } });
  });
  expect(path.basename(contexts[0].context)).toBe(path.basename(contexts[1].context));
});

test('without esbuild the error says where it was looked for and how to get it', () => {
  const entry = write('handler.ts', 'export const handler = () => 1;');
  const elsewhere = temporaryDirectory();
  const script = `
    const { App, Stack } = require(${JSON.stringify(require.resolve('aws-cdk-lib'))});
    const { DuckDbFunction } = require(${JSON.stringify(path.resolve('lib'))});
    new DuckDbFunction(new Stack(new App(), 'Stack'), 'Fn', { entry: ${JSON.stringify(entry)} });`;
  const { stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', cwd: elsewhere });
  expect(stderr).toContain(`cannot find esbuild, which bundles "${path.relative(elsewhere, entry)}": looked in ${project}, ${elsewhere} and above; `
    + 'install it with: npm install --save-dev esbuild');
});

test('nothing is left in the temporary directory, also where CDK refuses the function', () => {
  const temporary = temporaryDirectory();
  const entry = write('handler.ts', 'export const handler = () => 1;');
  const script = `
    const { App, Stack } = require(${JSON.stringify(require.resolve('aws-cdk-lib'))});
    const { DuckDbFunction } = require(${JSON.stringify(path.resolve('lib'))});
    const stack = new Stack(new App({ outdir: ${JSON.stringify(path.join(project, 'out'))} }), 'Stack');
    new DuckDbFunction(stack, 'Fn', { entry: ${JSON.stringify(entry)} });
    new DuckDbFunction(stack, 'Fn', { entry: ${JSON.stringify(entry)} });`;
  const { stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env: { ...process.env, TMPDIR: temporary } });
  expect(stderr).toContain('There is already a Construct with name \'Fn\'');
  expect(fs.readdirSync(temporary).filter((name) => name.startsWith('cdk-duckdb-lambda-'))).toEqual([]);
});

test.each([
  [{ EXTENSIONS: 'x' }, 'the build argument EXTENSIONS is the library\'s own: set the prop extensions instead'],
  [{ HTTPS_PROXY: 'http://user:hunter2@proxy:3128' }, 'the build argument HTTPS_PROXY is a URL with credentials'],
])('the build arguments %j are refused', (buildArgs, message) => {
  const entry = write('handler.ts', 'export const handler = () => 1;');
  expect(() => staged({ entry, bundling: { buildArgs } })).toThrow(message);
  expect(() => staged({ entry, bundling: { buildArgs } })).not.toThrow(/hunter2/);
});
