import { createRequire } from 'node:module';
import type * as v8 from 'node:v8';
import { ResultLimitError } from '../base/errors';
import { processMemoryBytes } from '../base/lambda-environment';

/** The limit includes the space for young objects, and a list of rows that grows is copied. */
const MAX_SHARE_OF_HEAP = 0.7;
/** Lambda ends a process that takes all of its memory. */
const MAX_SHARE_OF_MEMORY = 0.95;
/** A result that is smaller did not fill the heap. */
const MIN_GROWTH = 0.05;
const MIB = 1024 * 1024;

const requireFromHere = createRequire(__filename);

/** How full a store of memory is, in bytes. */
interface Level {
  readonly used: number;
  readonly limit: number;
}

/**
 * Looks after the process's memory while a result is converted: V8 ends a process whose heap is full, Lambda one whose memory is.
 *
 * A row takes several times what its values do there, so that `maxBytes` alone does not prevent it.
 */
export class HeapGuard {
  private atStart: readonly Level[] | undefined;

  /** Throws `RESULT_LIMIT` when memory is about to run out because of what was converted since the first look: `rows` rows by now. */
  look(rows: number): void {
    const { getHeapStatistics } = requireFromHere('node:v8') as typeof v8;
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    const heap = { used, limit };
    const memory = { used: process.memoryUsage.rss(), limit: processMemoryBytes(process.env) };
    const [heapAtStart, memoryAtStart] = this.atStart ??= [heap, memory];
    if (isNearlyFull(heap, heapAtStart!, MAX_SHARE_OF_HEAP)) throw givenUp(rows, "Node.js's heap", heap, "Node.js's --max-old-space-size");
    if (isNearlyFull(memory, memoryAtStart!, MAX_SHARE_OF_MEMORY)) throw givenUp(rows, 'the process', memory, "the function's memorySize");
  }
}

function isNearlyFull({ used, limit }: Level, atStart: Level, share: number): boolean {
  return used > share * limit && used - atStart.used > MIN_GROWTH * limit;
}

function givenUp(rows: number, holder: string, { used, limit }: Level, setting: string): ResultLimitError {
  return new ResultLimitError(`the result was given up after ${rows} rows, when ${holder} held ${inMiB(used)} of ${inMiB(limit)} MiB: select less, ` +
    `aggregate in SQL, read it with stream(), COPY it to a file, or raise ${setting}`);
}

function inMiB(bytes: number): number {
  return Math.round(bytes / MIB);
}
