import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../../bed/paths';

const COMMAND = join(repositoryRoot, 'assets/cli/cdk-duckdb-lambda.mjs');

/** A running `cdk-duckdb-lambda serve`. */
export interface Served {
  /** Without a slash at its end. */
  readonly url: string;
  /** Waits until what it has printed has `text`, and returns all of it. */
  printed(text: string | RegExp): Promise<string>;
  stop(): Promise<void>;
}

/** Serves a folder as users do, at a free port. */
export async function serving(folder: string, options: readonly string[] = [], env: Record<string, string> = {}): Promise<Served> {
  const child = spawn(process.execPath, [COMMAND, 'serve', folder, '--port', '0', ...options], {
    cwd: repositoryRoot, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { output += text; });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const printed = async (text: string | RegExp) => {
    for (let waited = 0; !(typeof text === 'string' ? output.includes(text) : text.test(output)); waited += 50) {
      if (waited > 30_000 || child.exitCode !== null) throw new Error(`serve has not printed ${text}, but:\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return output;
  };
  const [, port] = /localhost:(\d+)\//.exec(await printed(/localhost:\d+\//))!;
  return {
    url: `http://127.0.0.1:${port}`,
    printed,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
