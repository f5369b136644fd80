import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULTS, OURS, startContender, type ContenderOptions } from '../benchmarks/far-s3/contenders';
import { LAKE, SALES } from '../benchmarks/far-s3/queries';
import { startFarS3 } from '../test/bed';
import { newRunDirectory } from '../test/bed/process/run-directory';

export { OURS };

/** How the query went. */
export interface FarRun {
  readonly milliseconds: number;
  readonly requests: number;
  /** The most requests that waited for their answers at one time. */
  readonly atOnce: number;
}

/**
 * The query of examples/sales over an S3 server that answers late, cold: by DuckDB's own client, and by this library.
 *
 * Both have the memory of a function with one vCPU. By hand, DuckDB has one thread for it.
 */
export async function farRuns(
  { orders, extensions, delayMs }: { readonly orders: string; readonly extensions: string; readonly delayMs: number },
): Promise<Record<string, FarRun>> {
  const s3 = await startFarS3({ delayMs });
  const directory = newRunDirectory('far-s3-runs');
  try {
    cpSync(orders, join(s3.dir, LAKE, 'orders'), { recursive: true });
    const options: ContenderOptions = { s3, directory, extensions, memoryMb: 1769, threads: 1 };
    const runs: Record<string, FarRun> = {};
    const digests = new Set<string>();
    // The first run is for the server and the disk to warm up.
    for (const name of [OURS, DEFAULTS, OURS] as const) {
      const contender = await startContender(name, options);
      try {
        await s3.reset();
        const answer = await contender.run(SALES.statements);
        if ('failure' in answer) throw new Error(`${name}: ${answer.failure}`);
        const { requests, mostAtOnce } = await s3.traffic();
        runs[name] = { milliseconds: answer.milliseconds, requests: requests.length, atOnce: mostAtOnce };
        digests.add(answer.digest);
      } finally {
        await contender.stop();
      }
    }
    if (digests.size !== 1) throw new Error('DuckDB by hand and this library found different rows');
    return { [DEFAULTS]: runs[DEFAULTS], [OURS]: runs[OURS] };
  } finally {
    await s3.stop();
    rmSync(directory, { recursive: true });
  }
}
