import { ResultLimitError } from '../base/errors';
import { processMemoryBytes } from '../base/lambda-environment';

const SAMPLE_INTERVAL_MS = 25;
/** Lambda kills the process at all of it, and this one grows by tens of MiB between two looks. */
const MAX_SHARE_OF_MEMORY = 0.95;
const MIB = 1024 * 1024;

/**
 * Runs a query whose result may not fit: interrupted when the memory of the function, or of the machine, is about to run out because of it.
 *
 * DuckDB's memory limit does not count results, which it materialises as a whole: 8 million rows took 582 MB under a limit of 95 MiB. Lambda
 * would kill the process, and with it all that it knows. Only growth counts, as what DuckDB has freed often stays with the process.
 *
 * Throws `RESULT_LIMIT`.
 */
export async function guardMemory<T>(maxGrowthBytes: number, interrupt: () => void, query: () => Promise<T>): Promise<T> {
  const memory = processMemoryBytes(process.env);
  // First looked at after a while: most queries have answered by then, and the look costs a tenth of a short one.
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
    throw new ResultLimitError(`the query was stopped when the process held ${Math.round(exceededAt / MIB)} of its ${Math.round(memory / MIB)} MiB: results are ` +
      "not part of DuckDB's memory limit; select less, aggregate in SQL, COPY to a file, or raise the function's memorySize", { cause });
  } finally {
    clearInterval(timer);
  }
}
