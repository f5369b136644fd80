import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import type { BuildOptions, BuildResult } from 'esbuild';
import { HandlerProps, relativeEntry } from './handler-props';

/** esbuild's output, in memory. */
export type Bundle = BuildResult<{ metafile: true; write: false }>;

/** Bundles with the esbuild of the handler's project. */
export function runEsbuild(props: HandlerProps, options: BuildOptions): Bundle {
  const esbuild = loadEsbuild(props);
  let result: BuildResult;
  try {
    result = esbuild.buildSync(options);
  } catch (error) {
    const messages = (error as { errors?: import('esbuild').Message[] }).errors;
    if (!messages?.length) throw error;
    const texts = esbuild.formatMessagesSync(messages, { kind: 'error', color: false });
    throw new Error(`cannot bundle "${relativeEntry(props)}":\n${texts.join('\n').trim()}`);
  }
  for (const text of esbuild.formatMessagesSync(result.warnings, { kind: 'warning', color: false })) {
    process.stderr.write(text);
  }
  return result as Bundle;
}

/** The user's esbuild. A copy in this package would need a binary for each platform. */
function loadEsbuild(props: HandlerProps): typeof import('esbuild') {
  const directories = [path.dirname(props.entry), props.projectRoot, process.cwd()];
  for (const directory of directories) {
    const from = createRequire(path.join(directory, 'package.json'));
    try {
      from.resolve('esbuild');
    } catch {
      continue;
    }
    return from('esbuild');
  }
  const looked = `cannot find esbuild, which bundles "${relativeEntry(props)}": looked in ${[...new Set(directories)].join(', ')} and above`;
  const plugAndPlay = process.versions.pnp === undefined && directories.some(isPlugAndPlay);
  throw new Error(plugAndPlay
    ? `${looked}; the project is installed by Yarn Plug'n'Play, whose packages only yarn's own processes find: synthesise with yarn, as in `
      + '"yarn cdk synth", or set "nodeLinker: node-modules" in .yarnrc.yml'
    : `${looked}; install it with: npm install --save-dev esbuild`);
}

/** Whether a project in the directory, or in a parent, keeps its packages in archives. */
function isPlugAndPlay(directory: string): boolean {
  const above = path.dirname(directory);
  return fs.existsSync(path.join(directory, '.pnp.cjs')) || (above !== directory && isPlugAndPlay(above));
}
