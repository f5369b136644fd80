import { spawn } from 'node:child_process';

export interface CommandOptions {
  /** @default 120000 */
  readonly timeoutMs?: number;
  /** Added to this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Written to the command's standard input, which is otherwise closed. */
  readonly input?: string;
}

export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, always within a time limit; rejects with the end of what it printed. */
export async function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
  const { timeoutMs = 120_000, env, cwd, input } = options;
  // A process group of its own, so that the time limit also ends grandchildren that would keep the pipes open.
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  child.stdin.on('error', () => undefined); // a command may end without reading its input
  child.stdin.end(input);

  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, timeoutMs);
  const outcome = await new Promise<Error | string | number>((settled) => {
    child.once('error', settled);
    child.once('close', (code, signal) => settled(code ?? `${signal}`));
  }).finally(() => clearTimeout(timer));

  if (outcome === 0) return { stdout, stderr };
  const how = timedOut ? `did not end within ${timeoutMs} ms`
    : outcome instanceof Error ? `cannot start: ${outcome.message}` : `ended with ${outcome}`;
  throw new Error(`"${[command, ...args].join(' ').slice(0, 200)}" ${how}\n${(stderr + stdout).trim().slice(-4000)}`);
}
