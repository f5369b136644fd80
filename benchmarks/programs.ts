import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bedPath, npmPackages } from '../test/bed';

const SOURCES = join(__dirname, 'container');
/** Those that are bundled with the packages they use; the others find theirs in the image. */
const BUNDLED = ['floor', 'sequential'];
/** What functions use who fetch a secret the usual way. */
const PACKAGES = ['@aws-sdk/client-ssm@3.1169.0', '@aws-lambda-powertools/parameters@2.35.0'];

let staged: Promise<string> | undefined;

/** The directory of all programs that run in containers, as they run there. */
export function stagePrograms(): Promise<string> {
  return staged ??= stage();
}

async function stage(): Promise<string> {
  const directory = bedPath('benchmarks', 'programs');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(SOURCES)) copyFileSync(join(SOURCES, name), join(directory, name));
  const packages = await npmPackages('usual-packages', PACKAGES, ['--ignore-scripts']);
  cpSync(packages, join(directory, 'node_modules'), { recursive: true });
  await build({
    entryPoints: BUNDLED.map((name) => join(directory, `${name}.cjs`)),
    outdir: directory,
    outExtension: { '.js': '.cjs' },
    allowOverwrite: true,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    external: ['@duckdb/node-bindings*'],
    logLevel: 'warning',
  });
  return directory;
}
