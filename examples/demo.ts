import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { NetworkMode } from 'aws-cdk-lib/aws-ecr-assets';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { bars } from './bars';
import { farRuns, OURS, type FarRun } from './far-s3';
import { installExtensions, runInProcess } from './local-function';
import { writeOrders } from './sales/orders';
import { SalesStack } from './sales/stack';
import {
  bedPath, buildFunctionImage, buildNetwork, CONTAINER_HOST, dockerAvailability, lambdaBaseImage, runFunction, startS3,
  synthesisedFunctions, type S3Server,
} from '../test/bed';
import { ExtensionRepository } from 'cdk-duckdb-lambda';

const BUCKET = 'my-data-lake';
/** As far as S3 is from Lambda. */
const FAR_MS = 25;

interface Answer {
  readonly rows: Record<string, unknown>[];
  readonly coldStart: ColdStart;
  readonly milliseconds: [first: number, second: number];
}

interface ColdStart {
  readonly open: number;
  readonly load: number;
  readonly lock: number;
  readonly steps: Record<string, number>;
  readonly firstQuery: number;
  readonly total: number;
}

async function main(): Promise<void> {
  const docker = dockerAvailability();
  const s3 = await step('An S3 server with three million orders as Parquet', async () => {
    const server = await startS3();
    await writeOrders(join(server.dir, BUCKET));
    return server;
  });
  try {
    if (!docker.available) console.log(`\n  No Docker: ${docker.reason}.\n  The same bundled handler runs in a plain process instead.\n`);
    const answer = docker.available ? await answerFromContainer(s3) : await answerFromProcess(s3);
    show(answer, docker.available);
    showFarS3(await step(`The same query over an S3 that is ${FAR_MS} ms away`, async () => (
      farRuns({ orders: join(s3.dir, BUCKET, 'orders'), extensions: await installExtensions(['httpfs']), delayMs: FAR_MS })
    )));
    console.log('\nNext: examples/sales (the stack and its handler), README.md, `npm cit`.');
  } finally {
    await s3.stop();
  }
}

async function answerFromContainer(s3: S3Server): Promise<Answer> {
  const base = await step('Lambda\'s base image', () => lambdaBaseImage());
  const network = await buildNetwork();
  const fn = await step('cdk synth', async () => synthesise({
    baseImage: base.reference,
    imageBuild: { buildArgs: network.buildArgs, networkMode: network.network ? NetworkMode.custom(network.network) : undefined },
    extensionRepository: await extensionRepository(),
  }));
  const image = await step('docker build, with the arguments of the asset manifest', () => buildFunctionImage(fn));
  const running = await runFunction({
    image,
    command: fn.command,
    memoryMb: fn.memoryMb,
    timeoutSeconds: fn.timeoutSeconds,
    env: { ...fn.environment, ...awsEnvironment(s3, CONTAINER_HOST) },
  });
  try {
    return await step('Two invocations: read-only, not root, behind Lambda\'s emulator', async () => {
      const invoke = async () => {
        const { payload, error } = await running.invoke();
        if (error) throw new Error(`the function failed: ${error.errorMessage}\n${await running.logs()}`);
        return payload;
      };
      return answerOf(invoke, running.logs);
    });
  } finally {
    await running.stop();
  }
}

async function answerFromProcess(s3: S3Server): Promise<Answer> {
  const fn = await step('cdk synth', async () => synthesise({}));
  return step('Two invocations', () => runInProcess(fn, awsEnvironment(s3, '127.0.0.1'), answerOf));
}

async function answerOf(invoke: () => Promise<any>, logs: () => Promise<string>): Promise<Answer> {
  const timed = async () => {
    const started = performance.now();
    const rows = await invoke();
    return { rows, milliseconds: performance.now() - started };
  };
  const first = await timed();
  const second = await timed();
  const line = (await logs()).split('\n').find((each) => each.includes('duckdb cold start'));
  if (!line) throw new Error(`the function logged no cold start:\n${await logs()}`);
  return {
    rows: second.rows,
    coldStart: JSON.parse(line.slice(line.indexOf('{'))),
    milliseconds: [first.milliseconds, second.milliseconds],
  };
}

function synthesise(image: ConstructorParameters<typeof SalesStack>[2]['image']) {
  const app = new App({ outdir: bedPath('demo', 'cdk.out') });
  const architecture = process.arch === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64;
  new SalesStack(app, 'Sales', { lake: BUCKET, image: { architecture, ...image } });
  return synthesisedFunctions(app.synth().directory)[0];
}

/** DuckDB's own repository, or PyPI with the same signed files if only package registries can be reached. */
async function extensionRepository(): Promise<ExtensionRepository> {
  const reached = await fetch('https://extensions.duckdb.org', { method: 'HEAD', signal: AbortSignal.timeout(5000) }).then(() => true, () => false);
  return reached ? ExtensionRepository.core() : ExtensionRepository.fromPyPi();
}

function awsEnvironment(s3: S3Server, host: string): Record<string, string> {
  return {
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_ENDPOINT_URL_S3: `http://${host}:${s3.port}`,
  };
}

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  process.stdout.write(`  ${what} … `);
  try {
    const result = await work();
    console.log(`${((performance.now() - started) / 1000).toFixed(1)} s`);
    return result;
  } catch (error) {
    console.log('failed');
    throw error;
  }
}

function show({ rows, coldStart, milliseconds }: Answer, inContainer: boolean): void {
  console.log('\nThe best-selling category of each month, by SQL over Parquet in S3:\n');
  console.log(table(rows));

  const { total, steps, ...phases } = coldStart;
  const named: Record<string, number> = { 'open': phases.open, 'load': phases.load, 'lock': phases.lock, ...prefixed(steps), 'first query': phases.firstQuery };
  console.log('\nWhat DuckDB added to the cold start, in milliseconds on this machine:\n');
  console.log(bars(named, { digits: 1 }));
  console.log(`\n  ${total.toFixed(0)} ms in all. First invocation ${milliseconds[0].toFixed(0)} ms`
    + `${inContainer ? ', Node.js included' : ''}; second ${milliseconds[1].toFixed(0)} ms.\n`);
}

function showFarS3(runs: Record<string, FarRun>): void {
  console.log('\nThe first query of a process that has the memory of one vCPU:');
  const figures: readonly [string, keyof FarRun][] = [['milliseconds', 'milliseconds'], ['requests', 'requests'], ['requests at once', 'atOnce']];
  for (const [title, key] of figures) {
    console.log(`\n  ${title}`);
    console.log(bars(Object.fromEntries(Object.entries(runs).map(([name, run]) => [name, run[key]])), { highlighted: OURS }));
  }
}

const prefixed = (steps: Record<string, number>) => Object.fromEntries(Object.entries(steps).map(([name, ms]) => [`step ${name}`, ms]));

function table(rows: Record<string, unknown>[]): string {
  const columns = Object.keys(rows[0]).map((name) => {
    const cells = [name, ...rows.map((row) => `${row[name]}`)];
    const width = Math.max(...cells.map((cell) => cell.length));
    const numeric = rows.every((row) => /^-?[\d.]+$/.test(`${row[name]}`));
    return cells.map((cell) => (numeric ? cell.padStart(width) : cell.padEnd(width)));
  });
  const lines = columns[0].map((_, i) => `  ${columns.map((cells) => cells[i]).join('  ')}`);
  return [lines[0], `  ${'─'.repeat(lines[0].length - 2)}`, ...lines.slice(1)].join('\n');
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
