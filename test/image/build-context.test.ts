import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { client, duckdb } from '../../assets/docker/versions.json';
import { exports as packageExports } from '../../package.json';
import { DuckDbExtension, ExtensionRepository } from '../../src';
import { project, staged, write } from '../staged';
import { temporaryDirectory } from '../temporary-directory';

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

test('the build gets versions, platform, extensions and their source', () => {
  const { buildArgs, file } = staged({
    entry: write('handler.ts', 'export const handler = () => 1;'),
    extensions: [DuckDbExtension.core('aws'), DuckDbExtension.community('h3')],
    extensionRepository: ExtensionRepository.fromPyPi(),
    imageBuild: { buildArgs: { FLAVOUR: 'b' } },
  });
  expect(buildArgs).toEqual({
    FLAVOUR: 'b',
    BASE_IMAGE: 'public.ecr.aws/lambda/nodejs:24',
    BUILD_IMAGE: 'public.ecr.aws/lambda/nodejs:24',
    DUCKDB_VERSION: duckdb,
    TARGET_ARCH: 'arm64',
    DUCKDB_PLATFORM: 'linux_arm64',
    EXTENSIONS: 'httpfs aws community:h3',
    EXTENSION_SOURCE: 'pypi',
    INSTALL_OPTIONS: '',
  });
  expect(JSON.parse(file('installer/client/package.json'))).toEqual({ private: true, dependencies: { '@duckdb/node-api': client } });
});

test('the user\'s build arguments are declared in the Dockerfile; those of the network are there anyway', () => {
  const entry = write('handler.ts', 'export const handler = () => 1;');
  const { file } = staged({ entry, imageBuild: { buildArgs: { FLAVOUR: 'b', HTTPS_PROXY: 'x', NODE_EXTRA_CA_CERTS: '/ca.pem' } } });
  const declarations = ['ARG NODE_EXTRA_CA_CERTS', 'ARG FLAVOUR'];
  // In the stage of the client, and in that of the extensions.
  expect(file('Dockerfile').match(/^ARG (?:FLAVOUR|HTTPS_PROXY|NODE_EXTRA_CA_CERTS)$/gm)).toEqual([...declarations, ...declarations]);
});

test('build secrets are mounted by a Dockerfile of their own, so that without them the legacy builder can build', () => {
  const entry = write('handler.ts', 'export const handler = () => 1;');
  const netrc = write('netrc', 'machine mirror.example.com password hunter2');
  const certificates = write('ca.pem', '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n');
  const plain = staged({ entry });
  const withSecrets = staged({ entry, imageBuild: { caBundle: certificates, buildSecrets: { netrc } } });

  expect(plain.source.dockerFile).toBeUndefined();
  expect(plain.file('Dockerfile')).not.toMatch(/^RUN --mount/m);
  expect(withSecrets.source).toMatchObject({
    dockerFile: 'Dockerfile.with-secrets',
    dockerBuildSecrets: { 'ca-bundle': `src=${certificates}`, 'netrc': `src=${netrc}` },
    dockerBuildArgs: { INSTALL_OPTIONS: '--credentials /run/secrets/netrc', NODE_EXTRA_CA_CERTS: '/run/secrets/ca-bundle' },
  });
  expect(withSecrets.file('Dockerfile.with-secrets').match(/^RUN --mount=type=secret,id=ca-bundle,\S+ --mount=type=secret,id=netrc,\S+ /gm)).toHaveLength(2);
});

test('a directory of extensions goes into the context', () => {
  const extensions = path.join(project(), 'vendored');
  write(`vendored/v${duckdb}/linux_arm64/fts.duckdb_extension`, 'x');
  const { file, buildArgs } = staged({
    entry: write('handler.ts', 'export const handler = () => 1;'),
    extensionRepository: ExtensionRepository.fromDirectory(extensions),
  });
  expect(file(`installer/extensions/v${duckdb}/linux_arm64/fts.duckdb_extension`)).toBe('x');
  expect(buildArgs.EXTENSION_SOURCE).toBe('./extensions');
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

test('nothing is left in the temporary directory, also where CDK refuses the function', () => {
  const temporary = temporaryDirectory();
  const entry = write('handler.ts', 'export const handler = () => 1;');
  const script = `
    const { App, Stack } = require(${JSON.stringify(require.resolve('aws-cdk-lib'))});
    const { DuckDbFunction } = require(${JSON.stringify(path.resolve('lib'))});
    const stack = new Stack(new App({ outdir: ${JSON.stringify(path.join(project(), 'out'))} }), 'Stack');
    new DuckDbFunction(stack, 'Fn', { entry: ${JSON.stringify(entry)} });
    new DuckDbFunction(stack, 'Fn', { entry: ${JSON.stringify(entry)} });`;
  const { stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env: { ...process.env, TMPDIR: temporary } });
  expect(stderr).toContain('There is already a Construct with name \'Fn\'');
  expect(fs.readdirSync(temporary).filter((name) => name.startsWith('cdk-duckdb-lambda-'))).toEqual([]);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('nothing is left in the temporary directory where %s ends the synthesis', (signal) => {
  const temporary = temporaryDirectory();
  const entry = write('handler.ts', 'export const handler = () => 1;');
  // The hook is run when half of the context is there.
  const script = `
    const fs = require('fs');
    const { App, Stack } = require(${JSON.stringify(require.resolve('aws-cdk-lib'))});
    const { DuckDbFunction } = require(${JSON.stringify(path.resolve('lib'))});
    const stack = new Stack(new App({ outdir: ${JSON.stringify(path.join(project(), 'out'))} }), 'Stack');
    const commandHooks = {
      beforeBundling: () => ['ls $TMPDIR >&2; kill -s ${signal.slice(3)} ' + process.pid], beforeInstall: () => [], afterBundling: () => [],
    };
    new DuckDbFunction(stack, 'Fn', { entry: ${JSON.stringify(entry)}, bundling: { commandHooks } });
    setTimeout(() => {}, 60000);`;
  const { signal: ended, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env: { ...process.env, TMPDIR: temporary } });
  expect(stderr).toMatch(/^cdk-duckdb-lambda-/m);
  expect(ended).toBe(signal);
  expect(fs.readdirSync(temporary).filter((name) => name.startsWith('cdk-duckdb-lambda-'))).toEqual([]);
});

test.each<[any, string]>([
  [{ 'X\nRUN curl https://example.com': 'b' }, 'imageBuild.buildArgs has the name "X\\nRUN curl https://example.com": expected letters, digits and underscores'],
  [{ '': 'b' }, 'imageBuild.buildArgs has the name "": expected letters'],
  [{ 'FLAVOUR=a': 'b' }, 'imageBuild.buildArgs has the name "FLAVOUR=a": expected letters'],
  [{ FLAVOUR: 'b\nc' }, 'the build argument FLAVOUR has a line break: expected one line; certificates belong in imageBuild.caBundle'],
  [{ FLAVOUR: 1 }, 'the build argument FLAVOUR is a number: expected a string'],
  [{ FLAVOUR: { secret: 'hunter2' } }, 'the build argument FLAVOUR is an object: expected a string'],
  [{ SOURCE: 'git+https://user:hunter2@example.com/repository.git' }, 'the build argument SOURCE is a URL with credentials'],
  [{ SOURCE: '--index-url https://hunter2@example.com/simple' }, 'the build argument SOURCE is a URL with credentials'],
  [{ SOURCE: 'a,https://user:hunter2/x@example.com' }, 'the build argument SOURCE is a URL with credentials'],
  [{ SOURCE: 'ssh://user:hunter2@example.com' }, 'the build argument SOURCE is a URL with credentials'],
  [{ https_proxy: 'user:hunter2@proxy:3128' }, 'the build argument https_proxy is a URL with credentials'],
  [{ EXTENSIONS: 'x' }, 'the build argument EXTENSIONS is the library\'s own: set the prop extensions instead'],
  [{ HTTPS_PROXY: 'http://user:hunter2@proxy:3128' }, 'the build argument HTTPS_PROXY is a URL with credentials'],
])('the build arguments %j are refused', (buildArgs, message) => {
  const entry = write('handler.ts', 'export const handler = () => 1;');
  expect(() => staged({ entry, imageBuild: { buildArgs } })).toThrow(message);
  expect(() => staged({ entry, imageBuild: { buildArgs } })).not.toThrow(/hunter2/);
});

test('what only looks like credentials is a build argument', () => {
  const buildArgs = {
    SOURCE: 'git+ssh://git@example.com/repository.git',
    PACKAGE: 'https://registry.example.com/@scope/package',
    PORT: 'https://registry.example.com:8443/@scope/package',
    ALIAS: 'npm:name@1.0.0',
    NO_PROXY: 'a@b',
  };
  expect(staged({ entry: write('handler.ts', 'export const handler = () => 1;'), imageBuild: { buildArgs } }).buildArgs).toMatchObject(buildArgs);
});
