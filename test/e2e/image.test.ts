import * as fs from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { DockerImageCode } from 'aws-cdk-lib/aws-lambda';
import { start, synthesise } from './built-function';
import { client } from '../../assets/docker/versions.json';
import { DuckDbExtension, DuckDbFunction, SqlStep } from '../../src';
import { buildFunctionImage, docker, lambdaBaseImage, repositoryRoot, runFunction } from '../bed';
import { describeWith } from '../bed/require';

const SOURCE = `
  import { cursor } from 'cdk-duckdb-lambda/runtime';
  export const handler = (event: { sql: string; database?: string }) => cursor({ database: event.database }, (c) => c.query(event.sql));
`;

const LOADED = "SELECT extension_name AS name FROM duckdb_extensions() WHERE loaded AND install_path NOT IN ('', '(BUILT-IN)') ORDER BY name";

function bytesIn(path: string): number {
  const stat = fs.lstatSync(path);
  return stat.isDirectory() ? fs.readdirSync(path).reduce((sum, name) => sum + bytesIn(`${path}/${name}`), 0) : stat.size;
}

/** What a script prints in an image. */
async function nodeIn(image: string, script: string, flags: readonly string[] = []): Promise<string> {
  return (await docker(['run', '--rm', '--network', 'none', '--entrypoint', 'node', image, ...flags, '--eval', script])).stdout;
}

describeWith('lambda', 'the image of a function', () => {
  const extensions = [DuckDbExtension.core('postgres'), DuckDbExtension.core('httpfs')];

  test('loads its extensions and answers without any network, writing nothing outside /tmp', async () => {
    const fn = await start(await synthesise({ source: SOURCE, extensions }), { network: 'none' });
    try {
      expect((await fn.invoke({ sql: LOADED })).payload).toEqual([{ name: 'httpfs' }, { name: 'postgres_scanner' }]);
      expect((await fn.invoke({ sql: 'SELECT sum(range) AS sum FROM range(10)' })).payload).toEqual([{ sum: 45 }]);
    } finally {
      await fn.stop();
    }
  });

  test('writes nothing outside /tmp where it could', async () => {
    const fn = await start(await synthesise({ source: SOURCE, extensions }), { network: 'none', readOnly: false, user: '0:0' });
    try {
      const spill = "SET memory_limit = '100MB'; SELECT count(*) AS n FROM (SELECT range AS r FROM range(20000000) ORDER BY hash(range))";
      expect((await fn.invoke({ sql: spill })).payload).toEqual([{ n: 20000000 }]);
      const { stdout } = await docker(['diff', fn.containerId]);
      expect(stdout.split('\n').filter((line) => line && !/^[AC] \/tmp(\/|$)/.test(line))).toEqual([]);
    } finally {
      await fn.stop();
    }
  });

  test('runs as a prebuilt one with what a stack declares for it: steps, and a database in a file', async () => {
    const image = await buildFunctionImage(await synthesise({ source: SOURCE, extensions }));
    // Large blocks of memory return to the system when they are freed.
    expect(await nodeIn(image, 'process.stdout.write(process.env.MALLOC_MMAP_THRESHOLD_)')).toBe('1048576');
    const stack = new Stack(new App(), 'Stack');
    new DuckDbFunction(stack, 'Function', {
      code: DockerImageCode.fromEcr(Repository.fromRepositoryName(stack, 'Repository', 'reports')),
      bootstrap: [new SqlStep({ name: 'setup', statements: ['CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS n'], extensions: [DuckDbExtension.core('httpfs')] })],
      databases: { default: { bootstrap: [] }, archive: { file: 'archive.duckdb' } },
    });
    const [declared] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
    const fn = await runFunction({ image, command: ['index.handler'], network: 'none', env: declared.Properties.Environment.Variables });
    try {
      expect((await fn.invoke({ sql: LOADED })).payload).toEqual([{ name: 'httpfs' }]);
      expect((await fn.invoke({ sql: 'FROM archive.kept', database: 'archive' })).payload).toEqual([{ n: 42 }]);
      expect((await fn.invoke({ sql: 'FROM kept' })).payload).toMatchObject({ errorMessage: expect.stringContaining('kept does not exist') });
      const { stdout } = await docker(['exec', fn.containerId, 'ls', '/tmp']);
      expect(stdout).toContain('archive.duckdb');
    } finally {
      await fn.stop();
    }
  });

  test('a changed handler shares every layer but its own', async () => {
    const layers = async (source: string) => {
      const tag = await buildFunctionImage(await synthesise({ source, extensions }));
      const { stdout } = await docker(['image', 'inspect', '--format', '{{json .RootFS.Layers}}', tag]);
      return JSON.parse(stdout) as string[];
    };
    const before = await layers(SOURCE);
    const after = await layers(SOURCE + 'export const other = 1;');
    expect(after.slice(0, -1)).toEqual(before.slice(0, -1));
    expect(after.at(-1)).not.toBe(before.at(-1));
  });

  test('adds no more than 3 MiB to the base image and to DuckDB\'s own files', async () => {
    const image = await buildFunctionImage(await synthesise({ source: SOURCE, extensions }));
    const sizeOf = async (reference: string) => Number((await docker(['image', 'inspect', '--format', '{{.Size}}', reference])).stdout);
    const own = bytesIn(join(repositoryRoot, 'node_modules', '@duckdb', 'node-api'))
      + Number(await nodeIn(image, `${bytesIn}; console.log(bytesIn('/opt/duckdb_extensions') + fs.readdirSync('/var/task/node_modules/@duckdb')
        .filter((name) => name.startsWith('node-bindings')).reduce((sum, name) => sum + bytesIn('/var/task/node_modules/@duckdb/' + name), 0))`));
    const added = await sizeOf(image) - await sizeOf((await lambdaBaseImage()).reference) - own;
    expect(own).toBeGreaterThan(50_000_000);
    expect(added).toBeGreaterThan(0);
    expect(added).toBeLessThan(3 * 1024 * 1024);
  });

  test.each([[[]], [['--max-old-space-size=900', '--max-semi-space-size=50']], [['--expose-gc']]])(
    'V8 takes the client as it was compiled in the build, with the flags %j', async (flags) => {
      const image = await buildFunctionImage(await synthesise({ source: SOURCE, extensions }));
      const rejected = await nodeIn(image, `
        const vm = require('node:vm');
        const { Script } = vm;
        vm.Script = class extends Script { constructor(...args) { super(...args); console.log(this.cachedDataRejected); } };
        require('/var/task/node_modules/@duckdb/node-api');
      `, flags);
      expect(rejected.trim()).toBe('false');
    });

  test('the legacy builder, as AWS SAM uses it, builds it too', async () => {
    const fn = await synthesise({ source: SOURCE, extensions, description: 'legacy' });
    const tag = `${fn.assetHash.slice(0, 12)}-legacy`;
    await docker(['build', '--quiet', '--tag', tag, ...fn.buildOptions, fn.context], { env: { DOCKER_BUILDKIT: '0' }, timeoutMs: 300_000 });
    const { stdout } = await docker(['run', '--rm', '--network', 'none', '--entrypoint', '/bin/sh', tag, '-c', 'ls /var/task /opt/duckdb_extensions']);
    expect(stdout.split(/\s+/)).toEqual(expect.arrayContaining(['index.mjs', 'node_modules', 'manifest.json']));
  });

  test('an extension that the source lacks stops the build; the error names it, and the client for which all extensions exist', async () => {
    const fn = await synthesise({ source: SOURCE, extensions: [DuckDbExtension.core('spatial')], nodeApiVersion: '1.5.6-r.1' });
    await expect(buildFunctionImage(fn)).rejects.toThrow(new RegExp(`duckdb-extensions: .*spatial.*; cdk-duckdb-lambda is tested with @duckdb/node-api ${client} `));
  });
});
