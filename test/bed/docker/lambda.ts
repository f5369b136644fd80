import { setTimeout as sleep } from 'node:timers/promises';
import { docker } from './docker';
import { isAlive, processIdentity } from '../process/process-identity';

/** This machine's name for containers on the default network. */
export const CONTAINER_HOST = 'host.docker.internal';

export interface RunFunctionOptions {
  readonly image: string;
  /** The handler, as in `index.handler`. @default the image's own */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Lambda's memory setting, also the container's limit, in MiB. @default 1769 */
  readonly memoryMb?: number;
  /** @default Lambda's share: one CPU for each 1769 MiB */
  readonly cpus?: number;
  /** `none` has no network at all. @default bridge */
  readonly network?: 'bridge' | 'none';
  /** Lambda's file system can be written only under /tmp. @default true */
  readonly readOnly?: boolean;
  /** @default 993:990, Lambda's */
  readonly user?: string;
  /** Lambda sets no HOME, Docker does. @default true */
  readonly noHome?: boolean;
  /** @default 30 */
  readonly timeoutSeconds?: number;
  /** Mounted read-only: path in the container → path on this machine. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Invocation {
  /** What the handler returned, or Lambda's description of its error. */
  readonly payload: any;
  readonly error?: { readonly errorType: string; readonly errorMessage: string; readonly [key: string]: unknown };
}

export interface RunningFunction {
  readonly containerId: string;
  invoke(payload?: unknown): Promise<Invocation>;
  /** Standard output and error of the container so far, the emulator's lines included. */
  logs(): Promise<string>;
  stop(): Promise<void>;
}

const OWNER_LABEL = 'cdk-duckdb-lambda.test-bed.owner';
const INVOKE_PATH = '/2015-03-31/functions/function/invocations';

/** Runs an image behind the runtime interface emulator, as confined as Lambda runs it. The function starts at the first `invoke`. */
export async function runFunction(options: RunFunctionOptions): Promise<RunningFunction> {
  const { image, network = 'bridge', timeoutSeconds = 30 } = options;
  await removeStaleContainers();
  const { stdout } = await docker(['run', '--detach', ...containerOptions(options), ...await imageAndCommand(options)]);
  const containerId = stdout.trim();
  const remove = async () => { await docker(['rm', '--force', '--volumes', containerId]); };
  const logs = async () => {
    const printed = await docker(['logs', containerId]);
    return printed.stdout + printed.stderr;
  };
  const timeoutMs = timeoutSeconds * 1000 + 20_000;
  try {
    const send = await (network === 'none' ? throughExec : throughPort)(containerId, timeoutMs);
    return { containerId, logs, stop: remove, invoke: async (payload = {}) => toInvocation(await send(JSON.stringify(payload))) };
  } catch (error) {
    const printed = await logs();
    await remove();
    throw new Error(`function ${image} did not start\n${printed.slice(-4000)}`, { cause: error });
  }
}

function containerOptions(options: RunFunctionOptions): string[] {
  const { memoryMb = 1769, cpus = memoryMb / 1769, network = 'bridge', readOnly = true, user = '993:990', timeoutSeconds = 30 } = options;
  const env = {
    AWS_LAMBDA_FUNCTION_NAME: 'function',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: `${memoryMb}`,
    AWS_LAMBDA_FUNCTION_TIMEOUT: `${timeoutSeconds}`,
    AWS_REGION: 'us-east-1',
    ...options.env,
  };
  return [
    '--label', `${OWNER_LABEL}=${processIdentity(process.pid)}`,
    '--memory', `${memoryMb}m`,
    '--memory-swap', `${memoryMb}m`,
    '--cpus', cpus.toFixed(2),
    '--user', user,
    ...readOnly ? ['--read-only', '--tmpfs', '/tmp:size=512m,mode=1777'] : [],
    ...network === 'none'
      ? ['--network', 'none']
      : ['--publish', '127.0.0.1::8080', '--add-host', `${CONTAINER_HOST}:host-gateway`],
    ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...Object.entries(options.files ?? {}).flatMap(([target, source]) => ['--mount', `type=bind,source=${source},target=${target},readonly`]),
  ];
}

/** Docker can set HOME but not unset it, so `env` does, in front of the image's own entry point. */
async function imageAndCommand({ image, command, noHome = true }: RunFunctionOptions): Promise<string[]> {
  if (!noHome) return [image, ...command ?? []];
  const { stdout } = await docker(['image', 'inspect', '--format', '{{json .Config}}', image]);
  const { Entrypoint: entrypoint, Cmd: ownCommand } = JSON.parse(stdout);
  return ['--entrypoint', '/usr/bin/env', image, '-u', 'HOME', ...entrypoint ?? [], ...command ?? ownCommand ?? []];
}

type Send = (body: string) => Promise<string>;

async function throughPort(containerId: string, timeoutMs: number): Promise<Send> {
  const { stdout } = await docker(['port', containerId, '8080/tcp']);
  const url = `http://${stdout.trim().split('\n')[0]}`;
  await untilListening(async () => { await fetch(url, { signal: AbortSignal.timeout(1000) }); });
  return async (body) => {
    const response = await fetch(url + INVOKE_PATH, { method: 'POST', body, signal: AbortSignal.timeout(timeoutMs) });
    return response.text();
  };
}

async function throughExec(containerId: string, timeoutMs: number): Promise<Send> {
  const url = 'http://127.0.0.1:8080';
  const node = async (script: string, input?: string) =>
    (await docker(['exec', '--interactive', containerId, 'node', '-e', script], { input, timeoutMs })).stdout;
  await untilListening(async () => { await node(`fetch('${url}')`); });
  return async (body) => node(`
    const body = require('node:fs').readFileSync(0);
    fetch('${url}${INVOKE_PATH}', { method: 'POST', body }).then((response) => response.text()).then((text) => process.stdout.write(text));`, body);
}

async function untilListening(probe: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + 20_000; ;) {
    try {
      return await probe();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(20);
    }
  }
}

/** The emulator answers 200 to everything: an error is recognised by its shape, a timeout because it is not JSON. */
function toInvocation(text: string): Invocation {
  try {
    const payload = JSON.parse(text);
    const failed = typeof payload?.errorType === 'string' && typeof payload?.errorMessage === 'string';
    return failed ? { payload, error: payload } : { payload };
  } catch {
    return { payload: text, error: { errorType: 'Sandbox.Error', errorMessage: text || 'the function ended without an answer' } };
  }
}

/** Removes the functions of ended processes. */
async function removeStaleContainers(): Promise<void> {
  const { stdout } = await docker(['ps', '--all', '--no-trunc', '--filter', `label=${OWNER_LABEL}`, '--format', `{{.ID}} {{.Label "${OWNER_LABEL}"}}`]);
  const stale = stdout.split('\n').filter(Boolean).map((line) => line.split(/ (.*)/))
    .filter(([, owner]) => !isAlive(owner)).map(([id]) => id);
  if (stale.length > 0) await docker(['rm', '--force', '--volumes', ...stale]);
}
