import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../../bed/paths';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line on stderr: a failed command's one line. */
  readonly error: string;
}

export interface CommandOptions {
  readonly env?: Record<string, string>;
  /** @default - the repository */
  readonly cwd?: string;
  /** Kills the command once this settles. */
  readonly killAfter?: Promise<unknown>;
  /** By which signal: hard unless given. */
  readonly signal?: NodeJS.Signals;
}

export const COMMAND = join(repositoryRoot, 'assets/docker/install-extensions.mjs');

/** Runs `duckdb-extensions` as users do: as a command, seen by its exit code and its output. */
export function duckdbExtensions(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return outcomeOf(process.execPath, [COMMAND, ...args], options);
}

export function outcomeOf(command: string, args: readonly string[], { env, cwd = repositoryRoot, killAfter, signal = 'SIGKILL' }: CommandOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...withoutProxies(), ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 50_000 });
    void killAfter?.then(() => child.kill(signal));
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr, error: stderr.trim().split('\n').pop()! }));
  });
}

/** The mirrors of the tests are on this machine. */
function withoutProxies(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name)));
}

/** Shows the command's own words where it failed. */
export function expectSuccess({ code, stderr }: Pick<Outcome, 'code' | 'stderr'>): void {
  expect(code === 0 ? 'success' : stderr).toBe('success');
}
