import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { NetworkMode } from 'aws-cdk-lib/aws-ecr-assets';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { HOST_ARCHITECTURE } from './built-function';
import { DuckDbBundlingOptions, DuckDbFunction } from '../../src';
import { buildFunctionImage, buildNetwork, docker, lambdaBaseImage, repositoryRoot, runFunction, synthesisedFunctions, type SynthesisedFunction } from '../bed';
import { describeWith } from '../bed/require';
import { temporaryDirectory } from '../temporary-directory';

/** Line 6 fails. */
const SOURCE = `import { crc32 } from '@node-rs/crc32';
import { cursor } from 'cdk-duckdb-lambda/runtime';

export const handler = async (event: { fail?: boolean }) => {
  interface Answer { crc: number; answer: number }
  if (event.fail) throw new TypeError('asked to fail');
  const row = await cursor((c) => c.queryOne<Answer>('SELECT $crc::UBIGINT AS crc, 42 AS answer', { crc: crc32('duck') }));
  return row;
};
`;

const PLAIN = `const { cursor } = require('cdk-duckdb-lambda/runtime');
exports.handler = () => cursor((c) => c.query('SELECT 1 AS one'));
`;

/** A pnpm workspace without installed packages. The handlers are in one of its packages. */
function workspace(): string {
  const root = temporaryDirectory();
  cpSync(join(repositoryRoot, 'test', 'fixtures', 'workspaces', 'pnpm'), root, { recursive: true });
  const src = join(root, 'packages', 'app', 'src');
  mkdirSync(src, { recursive: true });
  writeFileSync(join(src, 'crc.ts'), SOURCE);
  writeFileSync(join(src, 'plain.cjs'), PLAIN);
  return src;
}

interface Handler {
  readonly file: string;
  readonly bundling?: DuckDbBundlingOptions;
  /** @default this machine's */
  readonly architecture?: Architecture;
}

/** Functions of one stack, each with an image of its own. */
async function synthesise(functions: Handler[]): Promise<SynthesisedFunction[]> {
  const src = workspace();
  const network = await buildNetwork();
  const stack = new Stack(new App({ outdir: temporaryDirectory() }), 'Stack');
  for (const [i, { file, bundling, architecture = HOST_ARCHITECTURE }] of functions.entries()) {
    const buildImage = (await lambdaBaseImage()).reference;
    new DuckDbFunction(stack, `Function${i}`, {
      entry: join(src, file),
      nodeApiVersion: '1.5.4-r.1',
      architecture,
      baseImage: architecture === HOST_ARCHITECTURE ? buildImage : (await lambdaBaseImage('arm64')).reference,
      buildImage,
      imageBuild: { networkMode: network.network ? NetworkMode.custom(network.network) : undefined, buildArgs: { ...network.buildArgs } },
      bundling,
    });
  }
  return synthesisedFunctions((stack.node.root as App).synth().directory);
}

async function layersOf(image: string): Promise<string[]> {
  return JSON.parse((await docker(['image', 'inspect', '--format', '{{json .RootFS.Layers}}', image])).stdout);
}

describeWith('lambda', 'functions of a stack, from a package of a workspace', () => {
  const nodeModules = ['@node-rs/crc32'];
  let functions: SynthesisedFunction[];
  let images: string[];

  beforeAll(async () => {
    functions = await synthesise([
      { file: 'crc.ts', bundling: { nodeModules, sourceMap: true } },
      { file: 'crc.ts', bundling: { nodeModules, sourceMap: true, format: OutputFormat.CJS } },
      { file: 'plain.cjs' },
    ]);
    images = [];
    for (const fn of functions) images.push(await buildFunctionImage(fn));
  }, 300_000);

  test.each([['an ES module', 0], ['CommonJS', 1]])('%s uses native code of an installed package, and its stack traces name the source\'s lines', async (_, i) => {
    const fn = await runFunction({ image: images[i], command: functions[i].command, network: 'none' });
    try {
      expect((await fn.invoke()).payload).toEqual({ crc: 1401591111, answer: 42 });
      expect((await fn.invoke({ fail: true })).error).toMatchObject({
        errorType: 'TypeError',
        errorMessage: 'asked to fail',
        trace: expect.arrayContaining([expect.stringMatching(/^ +at .*\/var\/task\/packages\/app\/src\/crc\.ts:6:25\)?$/)]),
      });
    } finally {
      await fn.stop();
    }
  });

  test('a handler that is CommonJS answers', async () => {
    const fn = await runFunction({ image: images[2], command: functions[2].command, network: 'none' });
    try {
      expect((await fn.invoke()).payload).toEqual([{ one: 1 }]);
    } finally {
      await fn.stop();
    }
  });

  test('share every layer but the handler\'s, and that of the packages where only one has them', async () => {
    const [esm, cjs, plain] = await Promise.all(images.map(layersOf));
    expect(cjs.slice(0, -1)).toEqual(esm.slice(0, -1));
    expect(cjs.at(-1)).not.toBe(esm.at(-1));
    expect(plain).toHaveLength(esm.length - 1);
    expect(plain.slice(0, -1)).toEqual(esm.slice(0, -2));
  });

  test('packages are installed for the function\'s architecture, without emulation', async () => {
    const [arm] = await synthesise([{ file: 'crc.ts', bundling: { nodeModules }, architecture: Architecture.ARM_64 }]);
    const { stdout } = await docker(['create', await buildFunctionImage(arm), 'index.handler']);
    const target = temporaryDirectory();
    await docker(['cp', `${stdout.trim()}:/var/task/node_modules/@node-rs`, target]);
    await docker(['rm', stdout.trim()]);
    expect(readdirSync(join(target, '@node-rs')).sort()).toEqual(['crc32', 'crc32-linux-arm64-gnu']);
  }, 120_000);
});
