import { spawn } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { RUNTIME_CLIENT_VERSION } from '../docker/base-image';
import { npmPackages } from '../process/packages';
import { newRunDirectory, recordProcess } from '../process/run-directory';

export interface RuntimeClientOptions {
  /** The directory of the handler's module, as `/var/task`. */
  readonly taskRoot: string;
  /** As in `index.handler`. */
  readonly handler: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Until each invocation's deadline. @default 30 */
  readonly timeoutSeconds?: number;
}

/** The response of a handler, as it arrives. */
export interface StreamedResponse {
  /** Lambda's own error, where the response had not begun. */
  readonly error?: { readonly errorType: string; readonly errorMessage: string };
  readonly contentType?: string;
  /** The trailer of the response: Lambda's error, if one occurred after the response had begun. */
  readonly trailers: Readonly<Record<string, string | undefined>>;
}

export interface RunningClient {
  /** Invokes the handler; `read` consumes its response, a chunk at a time, and is waited for. */
  invoke(event: unknown, read?: (chunk: Buffer) => unknown): Promise<StreamedResponse>;
  /** The most memory that the process has held, in MiB. */
  peakMemoryMb(): number;
  logs(): string;
  stop(): Promise<void>;
}

interface WaitStatus {
  readonly event: string;
  readonly read: (chunk: Buffer) => unknown;
  readonly settle: (outcome: StreamedResponse | Error) => void;
}

/**
 * AWS's runtime interface client with a handler, with the test bed's own Runtime API. Responses arrive as they are streamed. The emulator would
 * buffer them and stop at 6 MB.
 */
export async function startRuntimeClient({ taskRoot, handler, env, timeoutSeconds = 30 }: RuntimeClientOptions): Promise<RunningClient> {
  const modules = await npmPackages('runtime-client', [`aws-lambda-ric@${RUNTIME_CLIENT_VERSION}`], ['--ignore-scripts']);
  const directory = newRunDirectory('runtime-client');
  // Only the native HTTP client is replaced, as in the base image's stand-in: loader, errors and streams are AWS's own.
  const client = readFileSync(join(modules, 'aws-lambda-ric/index.mjs'), 'utf8').replace('cjsRequire("./rapid-client.node")', 'cjsRequire("./rapid-client.cjs")');
  writeFileSync(join(directory, 'index.mjs'), client);
  copyFileSync(join(modules, 'aws-lambda-ric/package.json'), join(directory, 'package.json'));
  copyFileSync(join(__dirname, '../base-image/rapid-client.cjs'), join(directory, 'rapid-client.cjs'));

  const queue: WaitStatus[] = [];
  let next: ServerResponse | undefined;
  let current: WaitStatus | undefined;
  const hand = () => {
    if (next === undefined || queue.length === 0) return;
    current = queue.shift()!;
    next.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': `request-${Date.now()}`,
      'lambda-runtime-deadline-ms': `${Date.now() + timeoutSeconds * 1000}`,
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:123456789012:function:function',
    }).end(current.event);
    next = undefined;
  };
  const server = createServer((request, response) => {
    if (request.url!.endsWith('/invocation/next')) {
      next = response;
      hand();
      return;
    }
    const { read, settle } = current ?? { read: () => undefined, settle: () => undefined };
    answer(request, read).then((outcome) => settle(outcome), (error) => settle(error)).finally(() => response.writeHead(202).end());
  });
  // Lambda waits for a response as long as the invocation may last. Node.js would close a connection that was used before after five silent seconds.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const child = spawn(process.execPath, [join(directory, 'index.mjs')], {
    env: {
      PATH: process.env.PATH,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_LAMBDA_FUNCTION_NAME: 'function',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/function',
      AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
      AWS_REGION: 'us-east-1',
      LAMBDA_TASK_ROOT: taskRoot,
      _HANDLER: handler,
      ...env,
    },
    cwd: taskRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) recordProcess(directory, child.pid);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => printed += text);
  let hasEnded = false;
  const failAll = () => [current, ...queue.splice(0)].forEach((waiting) => waiting?.settle(new Error(`the runtime client ended\n${printed.slice(-4000)}`)));
  const ended = new Promise<void>((resolve) => child.once('close', () => {
    hasEnded = true;
    failAll();
    resolve();
  }));

  return {
    invoke: (event, read = () => undefined) => new Promise((resolve, reject) => {
      queue.push({ event: JSON.stringify(event), read, settle: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)) });
      if (hasEnded) failAll();
      else hand();
    }),
    peakMemoryMb: () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024,
    logs: () => printed,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answer(request: IncomingMessage, read: (chunk: Buffer) => unknown): Promise<StreamedResponse> {
  const failed = request.url!.endsWith('/error');
  const parts: Buffer[] = [];
  for await (const chunk of request) {
    if (failed) parts.push(chunk as Buffer);
    else await read(chunk as Buffer);
  }
  return {
    ...(failed && { error: JSON.parse(Buffer.concat(parts).toString()) }),
    contentType: request.headers['content-type'],
    trailers: request.trailers,
  };
}
