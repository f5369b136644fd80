import { deepStrictEqual } from 'node:assert';
import { readFileSync, rmSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { ScaleOutStack } from '../../examples/scale-out/stack';
import { bedPath, docker } from '../../test/bed';
import { deployScaleOut, LAKE, type DeployedScaleOut } from '../../test/e2e/deployed-scale-out';
import { boto } from '../../test/lib-runtime/boto';
import { synthesiseFunction } from '../harness/image';
import { interleaved } from '../harness/interleaved';
import { describeThisProcess } from '../harness/machine';
import type { Benchmark } from '../report/table';

const FILES = 200;
const ROWS = 500_000;
const ONE = 'one worker at a time';
const TWO = 'two workers at a time';

/** Random values, so that a file is as large as real orders are. */
const orders = (file: number) => `SELECT i AS order_id, hash(i, 1) % 50000 AS customer_id, ['books', 'music', 'toys', 'sports'][1 + (hash(i, 2) % 4)::INTEGER] AS category,
  (hash(i, 3) % 100000 / 100)::DECIMAL(10, 2) AS amount FROM range(${file * ROWS}, ${(file + 1) * ROWS}) t(i)`;

export const scaleOut: Benchmark = {
  name: 'scale-out',
  summary: `the totals of ${FILES} files by examples/scale-out in MiniStack, in one container and in two`,
  runs: 5,
  optional: true,
  measure: async (runs, progress) => {
    progress('deploying the example');
    await synthesiseFunction('scale-out', (app, image) => { new ScaleOutStack(app, 'ScaleOut', { lake: LAKE, image }); });
    const example = await deployScaleOut(bedPath('benchmarks', 'scale-out'));
    try {
      progress(`writing ${FILES} files of ${ROWS} orders`);
      await putFiles(example);
      const one = await withConcurrency(example, 1);
      const two = await withConcurrency(example, 2);
      progress('starting both containers, with a CPU each');
      const { output: expected } = await run(example, two);
      await docker(['update', '--cpus', '1', ...await example.server.functionContainers()]);
      const milliseconds = (machine: string, name: string) => async () => {
        progress(name);
        const started = performance.now();
        const { output } = await run(example, machine);
        const taken = performance.now() - started;
        deepStrictEqual(output, expected);
        return taken;
      };
      const measured = await interleaved({ [ONE]: milliseconds(one, ONE), [TWO]: milliseconds(two, TWO) }, runs);
      return {
        title: 'The totals of many files, by workers one after the other and two at a time',
        conditions: 'files',
        unit: 'ms',
        contenders: [ONE, TWO],
        ratios: [{ of: ONE, to: TWO }],
        rows: [{ condition: `${FILES} files, ${ROWS.toLocaleString('en')} orders each`, measured }],
        notes: ['From the start of the execution to its end, with the reducer. Containers are warm and have one CPU each. Step Functions and S3 are MiniStack, which needs CPU too.'],
        machine: describeThisProcess(),
      };
    } finally {
      await example.stop();
    }
  },
};

async function putFiles({ request }: DeployedScaleOut): Promise<void> {
  const file = bedPath('benchmarks', 'orders.parquet');
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  for (let index = 0; index < FILES; index++) {
    await connection.run(`COPY (${orders(index)}) TO '${file}'`);
    await request('PUT', `${LAKE}/orders/day=${index}/orders.parquet`, readFileSync(file));
  }
  rmSync(file);
  connection.closeSync();
  instance.closeSync();
}

/** A copy of the example's machine that runs so many workers at the same time. */
async function withConcurrency({ server, machines }: DeployedScaleOut, maxConcurrency: number): Promise<string> {
  return boto(server, `
client = boto3.client('stepfunctions')
machine = client.describe_state_machine(stateMachineArn='${machines.Totals}')
definition = json.loads(machine['definition'])
definition['States']['Totals map']['MaxConcurrency'] = ${maxConcurrency}
copy = client.create_state_machine(name='totals-${maxConcurrency}', definition=json.dumps(definition), roleArn=machine['roleArn'])
print(json.dumps(copy['stateMachineArn']))`);
}

async function run({ start, ended }: DeployedScaleOut, machine: string) {
  const execution = await ended(await start(machine));
  if (execution.status !== 'SUCCEEDED') throw new Error(`the machine ended as ${execution.status}: ${execution.cause}`);
  return execution;
}
