import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startFarS3 } from '../../test/bed';
import { newRunDirectory } from '../../test/bed/process/run-directory';
import { DEFAULTS, FLOOR, OURS, SIXTEEN } from '../far-s3/contenders';
import { Contest, FIGURES } from '../far-s3/contest';
import { farData } from '../far-s3/data';
import { layoutOf } from '../far-s3/floor-plan';
import { EXPORT, farWorkloads, LAKE, LOCAL, localWorkloads, REMOTE, type Workload } from '../far-s3/queries';
import { whyNoCpuQuota } from '../harness/cpu-quota';
import { describeThisProcess } from '../harness/machine';
import type { Benchmark } from '../report/table';

export const farS3: Benchmark = {
  name: 'far-s3',
  summary: 'S3 at a distance: queries cold, repeated and after a prefetch, beside DuckDB by hand and a floor',
  runs: 3,
  withoutDocker: true,
  optional: true,
  choices: { delays: ['5', '15', '25', '40'], memory: ['512', '1769', '3008'], queries: [...REMOTE, ...LOCAL] },
  measure: async (runs, progress, { delays, memory, queries }) => {
    const noQuota = whyNoCpuQuota();
    if (noQuota) throw new Error(noQuota);
    progress('writing the files');
    const data = await farData();
    const s3 = await startFarS3();
    const directory = newRunDirectory('far-s3-contenders');
    try {
      cpSync(data, join(s3.dir, LAKE), { recursive: true });
      mkdirSync(join(s3.dir, EXPORT));
      const contest = new Contest({ s3, directory, runs, progress, layouts: await layoutOf(join(s3.dir, LAKE), LAKE) });
      const chosen = (workloads: Readonly<Record<string, Workload>>) => Object.entries(workloads).filter(([name]) => queries.includes(name));
      for (const [name, workload] of chosen(await farWorkloads())) {
        progress(`${name}: what the floor has to read`);
        await s3.setDelay(0);
        const floor = await contest.floorStatements(workload);
        for (const delay of delays) {
          await s3.setDelay(Number(delay));
          for (const memoryMb of memory) await contest.measure(`${delay} ms, ${sizeOf(memoryMb)}, ${workload.what}`, workload, Number(memoryMb), floor);
        }
      }
      for (const [, workload] of chosen(await localWorkloads(data))) {
        for (const memoryMb of memory) await contest.measure(`${sizeOf(memoryMb)}, ${workload.what}`, workload, Number(memoryMb));
      }
      return {
        title: 'S3 at a distance: how long queries take, by the milliseconds before each answer\'s first byte',
        conditions: 'delay, CPU, query, state',
        unit: 'ms',
        contenders: [OURS, DEFAULTS, SIXTEEN, FLOOR],
        ratios: [{ of: OURS, to: FLOOR }, { of: OURS, to: DEFAULTS }],
        figures: FIGURES,
        rows: contest.rows,
        notes: [
          'Each contender in a process of its own under a CPU quota; the server, over TLS, beside it. From the query to its rows, DuckDB being open.',
          'Cold: nothing was asked for before, no connection is open. Repeat: the same again. After prefetch: all footers were read before.',
          'By hand: DuckDB\'s client with its defaults, among them as many threads as the quota has CPUs; its memory limit is the function\'s 80 %.',
          'The floor knows the files: HEAD, footer, column chunks, or list, footers, chunks, each as early as the answer before allows. When it knows the '
          + 'footers, it asks for the chunks together with what may have changed. It computes nothing.',
          ...contest.failures,
        ],
        machine: describeThisProcess(),
        ownPage: true,
      };
    } finally {
      await s3.stop();
      rmSync(directory, { recursive: true });
    }
  },
};

function sizeOf(memoryMb: string): string {
  return `${(Number(memoryMb) / 1769).toFixed(2)} CPU (${memoryMb} MB)`;
}
