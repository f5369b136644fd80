import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PROGRAMS, stagePrograms, usualPackages } from './programs';
import { CONTAINER_HOST, docker } from '../../test/bed';
import { dockerClient } from '../../test/bed/docker/docker-client';
import { ensureEngine } from '../../test/bed/docker/docker-engine';

/** A module in the container that exports a handler. */
export interface Program {
  readonly module: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Measured {
  readonly milliseconds: number;
  /** Resident memory of a new process after its answer. */
  readonly residentMiB?: number;
  /** CPU time of a new process until its answer. A busy machine changes it less than the elapsed time. */
  readonly cpuMilliseconds?: number;
  readonly answer: any;
}

/** A running container, with its CPU quota. */
export interface BenchContainer {
  /** A new process: from the spawn of the language runtime to the handler's answer. */
  cold(program: Program): Promise<Measured>;
  /** A call in a process that has answered before. */
  warm(program: Program): Promise<Measured>;
  /** The versions of Node.js and DuckDB in it. */
  versions(): Promise<{ readonly node: string; readonly duckdb: string }>;
  /** The path of a container's file on this machine. Needs root on Linux. */
  path(file: string): Promise<string>;
  stop(): Promise<void>;
}

export interface BenchContainerOptions {
  readonly image: string;
  /** Lambda's memory setting. It decides the share of CPU: one CPU for each 1769 MB. */
  readonly memoryMb: number;
  readonly env: Readonly<Record<string, string>>;
  /** Whether /tmp is on this machine's disk, so that its files take no memory. By default, it is in memory, which is faster. */
  readonly tmpOnDisk?: true;
}

/** Environment variables in addition to those that the driver sets for each process. */
const LIMIT_MS = 90_000;

/** The path of one of our own programs. */
export const program = (name: string) => `${PROGRAMS}/${name.includes('.') ? name : `${name}.mjs`}`;

/** Starts a container as confined as Lambda's: read-only except /tmp, with Lambda's user and share of CPU. It ends with this process. */
export async function startContainer({ image, memoryMb, env, tmpOnDisk }: BenchContainerOptions): Promise<BenchContainer> {
  const name = `benchmark-${randomUUID()}`;
  await ensureEngine();
  const child = spawn(dockerClient()!, [
    'run', '--rm', '--interactive', '--name', name,
    '--memory', `${memoryMb}m`,
    '--memory-swap', `${memoryMb}m`,
    '--cpus', (memoryMb / 1769).toFixed(2),
    '--user', '993:990',
    '--read-only',
    ...tmpOnDisk ? ['--volume', '/tmp'] : ['--tmpfs', '/tmp:size=512m,mode=1777,exec'],
    '--add-host', `${CONTAINER_HOST}:host-gateway`,
    '--mount', `type=bind,source=${await stagePrograms(image)},target=${PROGRAMS},readonly`,
    '--mount', `type=bind,source=${await usualPackages()},target=${PROGRAMS}/node_modules,readonly`,
    ...Object.entries(lambdaEnvironment(memoryMb, env)).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    '--entrypoint', 'node', image, program('driver'),
  ], { stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text; });
  child.stdin.on('error', () => undefined); // the end of the driver is noticed where its answer is read
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  const remove = () => void docker(['rm', '--force', name]).catch(() => undefined);
  const ask = async (start: 'cold' | 'warm', { module, env: own }: Program): Promise<Measured> => {
    child.stdin.write(`${JSON.stringify({ start, module, env: own })}\n`);
    const timer = setTimeout(remove, LIMIT_MS);
    const { value, done } = await lines.next().finally(() => clearTimeout(timer));
    if (done) throw new Error(`the container ended while ${module} was measured\n${errors.slice(-4000)}`);
    const { error, ...measured } = JSON.parse(value);
    if (error) throw new Error(error);
    return measured;
  };
  let started: Promise<unknown> | undefined;
  return {
    cold: (measured) => ask('cold', measured),
    warm: (measured) => ask('warm', measured),
    versions: async () => (await ask('cold', { module: program('versions') })).answer,
    path: async (file) => {
      // Docker knows the container once it has started.
      await (started ??= ask('cold', { module: program('ready') }));
      const { stdout } = await docker(['inspect', '--format', '{{.State.Pid}}', name]);
      return join('/proc', stdout.trim(), 'root', file);
    },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

/** The environment variables of a Lambda function. No server listens at the address, but its presence makes the runtime open DuckDB at import, as in
 * Lambda. */
function lambdaEnvironment(memoryMb: number, env: Readonly<Record<string, string>>) {
  return {
    AWS_LAMBDA_FUNCTION_NAME: 'function',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: `${memoryMb}`,
    AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    ...env,
  };
}
