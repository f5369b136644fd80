import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { repositoryRoot } from '../bed';
import { projectWithRuntime } from '../lib-runtime/built-runtime';
import type { Runtime } from '../lib-runtime/fresh-runtime';

/** The handler of a file of the examples, with the runtime of its function. */
export function handlerOf(file: string, runtime: Runtime): (event: object) => Promise<any> {
  let handler: any;
  jest.isolateModules(() => {
    jest.doMock('cdk-duckdb-lambda/runtime', () => runtime, { virtual: true });
    ({ handler } = jest.requireActual(join(repositoryRoot, 'examples', file)));
  });
  return handler;
}

/** Runs the handler of a file of the examples once, in a process of its own, which a test can kill. */
export async function handlerProcess(file: string, event: object, env: Record<string, string>): Promise<ChildProcess> {
  const { code } = transformSync(readFileSync(join(repositoryRoot, 'examples', file), 'utf8'), { loader: 'ts', format: 'esm' });
  return spawn(process.execPath, ['--input-type=module', '-e', `${code}\nawait handler(${JSON.stringify(event)});`], {
    cwd: await projectWithRuntime(), env: { PATH: process.env.PATH!, ...env }, stdio: 'inherit',
  });
}
