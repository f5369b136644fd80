import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FloorPlan } from './floor-plan';
import { EXPORT, LAKE } from './queries';
import { repositoryRoot, type FarS3Server } from '../../test/bed';
import { extensionFile, signedExtensions } from '../../test/lib-runtime/signed-extensions';
import { REST_MS, type CpuQuota } from '../harness/cpu-quota';

export const OURS = 'this library';
export const DEFAULTS = 'by hand';
export const SIXTEEN = 'by hand, 16 threads';
export const FLOOR = 'floor';

export type ContenderName = typeof OURS | typeof DEFAULTS | typeof SIXTEEN | typeof FLOOR;

/** Of the floor. Each costs a handshake: more of them help where there are hundreds of files and a whole CPU, and hurt elsewhere. */
const FLOOR_CONNECTIONS = 32;

/** What the floor runs in place of SQL. */
export interface FloorStatement extends FloorPlan {
  /** Then no request waits for the answer to another. */
  readonly knowsFooters: boolean;
}

export interface Answer {
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
  /** Of the rows. */
  readonly digest: string;
}

export interface Failure {
  readonly failure: string;
}

/** A contender in a process of its own, with its memory and its share of CPU. */
export interface RunningContender {
  run(statements: readonly (string | FloorStatement)[]): Promise<Answer | Failure>;
  stop(): Promise<void>;
}

export interface ContenderOptions {
  readonly s3: FarS3Server;
  /** Lambda's memory setting. */
  readonly memoryMb: number;
  /** @default - all CPUs of the machine */
  readonly quota?: CpuQuota;
  /** What a contender leaves there goes with it: by hand, DuckDB spills into its working directory. */
  readonly directory: string;
  /** DuckDB's, by hand. @default - as many as the quota has CPUs */
  readonly threads?: number;
  /** Where httpfs is. @default - the test bed's */
  readonly extensions?: string;
}

/** Starts a contender whose DuckDB is open and has asked for nothing. */
export async function startContender(name: ContenderName, options: ContenderOptions): Promise<RunningContender> {
  const { s3, memoryMb, quota, directory, threads = name === SIXTEEN ? 16 : undefined } = options;
  const baked = options.extensions ?? await signedExtensions('httpfs');
  const { endpoint, region, accessKeyId, secretAccessKey, caFile } = s3;
  // DuckDB's own limit is this share of the memory that it sees, which here is the machine's.
  const settings = { memory_limit: `${Math.round(0.8 * memoryMb)}MiB`, ...threads !== undefined && { threads: `${threads}` } };
  const program = { [OURS]: 'library', [DEFAULTS]: 'by-hand', [SIXTEEN]: 'by-hand', [FLOOR]: 'floor' }[name];
  const child = fork(join(repositoryRoot, 'benchmarks/process/far-s3.mjs'), [program], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TMPDIR: process.env.TMPDIR,
      DUCKDB_EXTENSIONS_DIR: baked,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: `${memoryMb}`,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_ENDPOINT_URL_S3: endpoint,
      DUCKDB_LAMBDA_CONFIG: JSON.stringify({
        version: 1,
        extensions: ['httpfs'],
        steps: [{ name: 's3', type: 's3', config: { scopes: [`s3://${LAKE}/`, `s3://${EXPORT}/`] } }],
        settings: { ca_cert_file: caFile },
      }),
    },
    execArgv: [],
    cwd: directory,
  });
  quota?.add(child.pid!);
  const contender = {
    run: async (statements: readonly (string | FloorStatement)[]) => {
      await sleep(REST_MS);
      return ask(child, { statements });
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
  const opened = await ask(child, { open: { settings, extension: extensionFile(baked, 'httpfs'), connections: FLOOR_CONNECTIONS, s3: { endpoint, region, accessKeyId, secretAccessKey, caFile } } });
  if ('failure' in opened) {
    await contender.stop();
    throw new Error(`${name} cannot be opened: ${opened.failure}`);
  }
  return contender;
}

async function ask(child: ChildProcess, message: object): Promise<Answer | Failure> {
  const ended = { failure: 'its process ended' };
  if (!child.connected) return ended;
  return new Promise((resolve) => {
    const onMessage = (answer: Answer | Failure) => settle(answer);
    const onExit = () => settle(ended);
    const settle = (answer: Answer | Failure) => {
      child.off('message', onMessage).off('exit', onExit);
      resolve(answer);
    };
    child.once('message', onMessage).once('exit', onExit).send(message);
  });
}
