import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { installAws } from '../bed/servers/aws';

/** Runs the scripts that come, one JSON text a line, and answers each with a line. */
const SERVER = `
import boto3, contextlib, io, json, sys, traceback
for line in sys.stdin:
  printed = io.StringIO()
  try:
    with contextlib.redirect_stdout(printed):
      exec(json.loads(line), {'boto3': boto3, 'json': json})
    answer = {'printed': printed.getvalue()}
  except BaseException:
    answer = {'error': traceback.format_exc()}
  print(json.dumps(answer), flush=True)
`;

/** How long a process stays for the next script. */
const IDLE_MS = 10_000;

/** One process for each server: Python needs a second for the import of boto3. While it is idle, it does not keep this process alive. */
class Boto {
  private readonly lines: AsyncIterator<string>;
  private printed = '';
  private last: Promise<unknown> = Promise.resolve();
  private idle: NodeJS.Timeout | undefined;

  constructor(private readonly python: ChildProcessWithoutNullStreams, private readonly forget: () => void) {
    python.once('exit', forget);
    python.stdin.on('error', () => undefined);
    python.stderr.setEncoding('utf8').on('data', (text: string) => { this.printed += text; });
    this.lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  }

  run(script: string, timeoutMs: number): Promise<any> {
    const answer = this.last.then(() => this.ask(script, timeoutMs));
    this.last = answer.catch(() => undefined);
    return answer;
  }

  private end(): void {
    this.forget();
    this.python.kill('SIGKILL');
  }

  private async ask(script: string, timeoutMs: number): Promise<any> {
    clearTimeout(this.idle);
    // Keeps this process alive meanwhile.
    const timer = setTimeout(() => this.python.kill('SIGKILL'), timeoutMs);
    this.python.stdin.write(`${JSON.stringify(script)}\n`);
    const { value, done } = await this.lines.next().finally(() => {
      clearTimeout(timer);
      this.idle = setTimeout(() => this.end(), IDLE_MS).unref();
    });
    if (done) throw new Error(`Python ended, or did not answer within ${timeoutMs} ms:\n${this.printed}`);
    const { printed, error } = JSON.parse(value) as { printed?: string; error?: string };
    if (error !== undefined) throw new Error(error);
    return printed === '' ? undefined : JSON.parse(printed!);
  }
}

const processes = new Map<string, Promise<Boto>>();

async function start(endpoint: string): Promise<Boto> {
  const env = { AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_SSM: endpoint, AWS_DEFAULT_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
  const python = spawn(join(await installAws(), 'bin/python'), ['-c', SERVER], { env: { ...process.env, ...env } });
  for (const held of [python, python.stdin, python.stdout, python.stderr]) (held as ChildProcess | Socket).unref();
  return new Boto(python, () => processes.delete(endpoint));
}

/** Runs Python with AWS's own client, as somebody who may do everything; returns what it prints, as JSON. */
export async function boto(aws: { readonly endpoint: string }, script: string, timeoutMs = 30_000): Promise<any> {
  const started = processes.get(aws.endpoint) ?? start(aws.endpoint);
  processes.set(aws.endpoint, started);
  return (await started).run(script, timeoutMs);
}
