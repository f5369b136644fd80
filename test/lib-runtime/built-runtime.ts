import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bedPath, repositoryRoot } from '../bed/paths';
import { withLock } from '../bed/process/lock';

const run = promisify(execFile);
const SOURCE = join(repositoryRoot, 'lib-runtime');

/** A project directory whose node_modules hold `cdk-duckdb-lambda/runtime`, built from the present source as it is packed. */
export async function projectWithRuntime(): Promise<string> {
  const project = bedPath('built-runtime', digestOfSource());
  await withLock('built-runtime', async () => {
    if (existsSync(project)) return;
    const unfinished = `${project}.unfinished`;
    rmSync(bedPath('built-runtime'), { recursive: true, force: true });
    const packed = join(unfinished, 'node_modules/cdk-duckdb-lambda');
    mkdirSync(packed, { recursive: true });
    const { name, exports } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as { name: string; exports: object };
    writeFileSync(join(packed, 'package.json'), JSON.stringify({ name, exports }));
    // A scope of its own: without one, this repository's package would find itself by its name.
    writeFileSync(join(unfinished, 'package.json'), '{}');
    await run(process.execPath, [join(SOURCE, 'build.mjs'), join(packed, 'runtime')], { timeout: 60_000 });
    renameSync(unfinished, project);
  });
  return project;
}

/** How a script ended. */
export interface ScriptResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a script is run. */
export interface ScriptOptions {
  /** @default - neither AWS's nor the runtime's variables */
  readonly env?: Record<string, string>;
  readonly format?: 'module' | 'commonjs';
  /** The user to run as. @default - this process's */
  readonly uid?: number;
  /** @default - the project */
  readonly cwd?: string;
  /** @default 60000 */
  readonly timeoutMs?: number;
}

/** Runs `script` in a Node.js process of its own, in a project that has the built runtime. */
export async function runScript(script: string, options: ScriptOptions = {}): Promise<ScriptResult> {
  const cwd = options.cwd ?? await projectWithRuntime();
  const env = { PATH: process.env.PATH!, HOME: process.env.HOME!, ...options.env };
  const args = [`--input-type=${options.format ?? 'module'}`, '-e', script];
  try {
    const { uid, timeoutMs: timeout = 60_000 } = options;
    const { stdout, stderr } = await run(process.execPath, args, { cwd, env, uid, timeout, maxBuffer: 2 ** 24 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number | null; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

/** Runs `script` and parses what it prints, as one JSON value a line. */
export async function valuesOf(script: string, options?: ScriptOptions): Promise<any[]> {
  const { code, stdout, stderr } = await runScript(script, options);
  if (code !== 0) throw new Error(`the script ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout.trim().split('\n').map((line) => JSON.parse(line));
}

function digestOfSource(): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).sort()) {
    if (/\.(ts|mjs|json)$/.test(file)) hash.update(file).update(readFileSync(join(SOURCE, file)));
  }
  return hash.digest('hex').slice(0, 16);
}
