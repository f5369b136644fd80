import { closeIdleInstances } from './shared-instances';
import { functionMemoryMiB } from '../base/lambda-environment';

const MIB = 1024 * 1024;
/** Memory that is not DuckDB's stays. Closing its instances repeatedly would not free more. */
const MIN_GROWTH = 0.05;

const LEFT = Symbol.for('cdk-duckdb-lambda.left-after-recycling.v1');

/**
 * Closes the idle shared instances when the process uses more than `share` of the function's memory.
 *
 * Memory that DuckDB has freed often stays with the process, and Lambda kills a process that exceeds its memory.
 */
export async function recycleInstances(share: number): Promise<void> {
  const memoryMiB = functionMemoryMiB(process.env);
  if (memoryMiB === undefined) return;
  const state = globalThis as { [LEFT]?: number };
  const before = process.memoryUsage.rss() / MIB;
  if (before < (state[LEFT] ?? 0)) state[LEFT] = before;
  if (before <= share * memoryMiB || before - (state[LEFT] ?? 0) < MIN_GROWTH * memoryMiB) return;
  const databases = await closeIdleInstances();
  if (databases.length === 0) return;
  const after = state[LEFT] = process.memoryUsage.rss() / MIB;
  console.log(JSON.stringify({ message: 'duckdb instances closed', databases, memoryMiB, beforeMiB: Math.round(before), afterMiB: Math.round(after) }));
}
