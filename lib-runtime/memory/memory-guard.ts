import { ResultLimitError } from '../base/errors';
import { processMemoryBytes } from '../base/lambda-environment';

const SAMPLE_INTERVAL_MS = 25;
/** Lambda kills a process that uses all of its memory, and a process grows by tens of MiB between two checks. */
const MAX_SHARE_OF_MEMORY = 0.95;
const MIB = 1024 * 1024;

/** The errors of queries that were stopped. */
const stops = new WeakSet<object>();

/** Whether the query that failed with `error` was stopped because memory was about to run out. */
export function wasStopped(error: unknown): boolean {
  return typeof error === 'object' && error !== null && stops.has(error);
}

/**
 * Runs a query whose result may not fit. Interrupts it when the memory of the function or the machine is about to run out because of it.
 *
 * DuckDB's memory limit does not count results, which DuckDB materialises as a whole: 8 million rows took 582 MB under a limit of 95 MiB. Lambda
 * would kill the process and lose its state. Only growth counts, because memory that DuckDB has freed often stays with the process.
 *
 * Throws `RESULT_LIMIT`.
 */
export async function guardMemory<T>(maxGrowthBytes: number, interrupt: () => void, query: () => Promise<T>): Promise<T> {
  const memory = processMemoryBytes(process.env);
  // The first check comes after a while: most queries have answered by then, and the check takes a tenth of a short query.
  let before: number | undefined;
  let exceededAt: number | undefined;
  const timer = setInterval(() => {
    const now = process.memoryUsage.rss();
    before ??= now;
    if (now > MAX_SHARE_OF_MEMORY * memory && now - before > maxGrowthBytes) exceededAt ??= now;
    if (exceededAt !== undefined) interrupt();
  }, SAMPLE_INTERVAL_MS);
  try {
    return await query();
  } catch (cause) {
    if (exceededAt === undefined) throw cause;
    const stop = new ResultLimitError(`the query was stopped when the process held ${Math.round(exceededAt / MIB)} of its ${Math.round(memory / MIB)} MiB: results, and the ` +
      "row groups that threads read from remote files, are not part of DuckDB's memory limit; select less, aggregate in SQL, COPY to a file, set fewer threads, " +
      "or raise the function's memorySize", { cause });
    stops.add(stop);
    throw stop;
  } finally {
    clearInterval(timer);
  }
}
