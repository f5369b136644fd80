import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { docker, npmPackages } from '../../test/bed';
import { newRunDirectory } from '../../test/bed/process/run-directory';

/** The programs' directory in a container: below the handler, so that they find the same packages. */
export const PROGRAMS = '/var/task/benchmarks';

const SOURCES = join(__dirname, '..', 'container');
/** The packages of functions that fetch a secret the usual way. */
const PACKAGES = ['@aws-sdk/client-ssm@3.1169.0', '@aws-lambda-powertools/parameters@2.35.0'];

const BUNDLE: BuildOptions = {
  allowOverwrite: true,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  external: ['@duckdb/node-bindings*'],
  logLevel: 'warning',
};

/** Their directory. */
export function usualPackages(): Promise<string> {
  return npmPackages('usual-packages', PACKAGES, ['--ignore-scripts']);
}

let staged: Promise<string> | undefined;

/** The directory of all programs that run in containers, as they run there; compiled by the Node.js of `image`. */
export function stagePrograms(image: string): Promise<string> {
  return staged ??= stage().then(async (directory) => {
    await docker(['run', '--rm', '--network', 'none', '--mount', `type=bind,source=${directory},target=${PROGRAMS}`,
      '--entrypoint', 'node', image, `${PROGRAMS}/compile-floor.mjs`]);
    return directory;
  });
}

/** The same directory, without compiled forms. */
export async function stage(): Promise<string> {
  // The parent directory is open only to its owner, and the container has another user.
  const directory = join(newRunDirectory('programs'), 'programs');
  // With the place where the packages are mounted.
  mkdirSync(join(directory, 'node_modules'), { recursive: true });
  for (const name of readdirSync(SOURCES)) copyFileSync(join(SOURCES, name), join(directory, name));
  const nodePaths = [await usualPackages()];
  const inPlace = (name: string): BuildOptions => ({ ...BUNDLE, nodePaths, entryPoints: [join(directory, name)], outfile: join(directory, name) });
  await build(inPlace('sequential.cjs'));
  // A function, as it is run with compiled code and not by `require`.
  await build({
    ...inPlace('floor.code.cjs'),
    format: 'cjs',
    banner: { js: '(function (require) { const module = { exports: {} }; let exports = module.exports;' },
    footer: { js: 'return module.exports.handler; })' },
  });
  return directory;
}
