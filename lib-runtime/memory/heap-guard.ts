import { createRequire } from 'node:module';
import type * as v8 from 'node:v8';
import type * as vm from 'node:vm';
import { ResultLimitError } from '../base/errors';
import { processMemoryBytes } from '../base/lambda-environment';

/** A list of rows that grows is copied, and V8 ends a process before its heap is full, where it collects much and frees little. */
const MAX_SHARE_OF_HEAP = 0.75;
/** V8 ends a process whose collections free little, several in a row. */
const MIN_FREED = 0.1;
/** Lambda ends a process that takes all of its memory. */
const MAX_SHARE_OF_MEMORY = 0.95;
/** A result that is smaller did not fill the heap. */
const MIN_GROWTH = 0.05;
/** A text is copied out of DuckDB, and made JavaScript's from that. */
const COPIES = 2;
const MIB = 1024 * 1024;
/** V8's own on 64 bits: three times 16 MiB. */
const YOUNG_BYTES = 48 * MIB;

const requireFromHere = createRequire(__filename);

/** How full a store of memory is, in bytes. */
interface Level {
  readonly used: number;
  readonly limit: number;
}

interface Levels {
  readonly heap: Level;
  readonly memory: Level;
}

/**
 * Looks after the process's memory while a result is converted: V8 ends a process whose heap is full, Lambda one whose memory is.
 *
 * A row takes several times what its values do there, so that `maxBytes` alone does not prevent it.
 */
export class HeapGuard {
  private atStart: Levels | undefined;

  /**
   * Throws `RESULT_LIMIT` when memory is about to run out because of what was converted since the first look: `rows` rows by now.
   *
   * `ahead` are the bytes of what is converted next.
   */
  look(rows: number, ahead = 0): void {
    if (this.full(levels(), ahead) === undefined) return;
    // Much of it may be what was read, and is used no more.
    collectGarbage();
    const now = levels();
    const full = this.full(now, ahead, MAX_SHARE_OF_HEAP - MIN_FREED);
    if (full === 'heap') throw givenUp(rows, ahead, "Node.js's heap", now.heap, "Node.js's --max-old-space-size");
    if (full === 'memory') throw givenUp(rows, ahead, 'the process', now.memory, "the function's memorySize");
  }

  private full(now: Levels, ahead: number, shareOfHeap = MAX_SHARE_OF_HEAP): keyof Levels | undefined {
    const { heap, memory } = this.atStart ??= now;
    if (isNearlyFull(now.heap, heap, ahead, shareOfHeap)) return 'heap';
    return isNearlyFull(now.memory, memory, COPIES * ahead, MAX_SHARE_OF_MEMORY) ? 'memory' : undefined;
  }
}

function levels(): Levels {
  const { getHeapStatistics } = requireFromHere('node:v8') as typeof v8;
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  // V8's limit is that of the old objects and of the young ones: rows are old by then.
  return {
    heap: { used, limit: Math.max(limit - YOUNG_BYTES, limit / 2) },
    memory: { used: process.memoryUsage.rss(), limit: processMemoryBytes(process.env) },
  };
}

let collect: (() => void) | undefined;

/** V8 knows of no memory but its own, and takes its time: but now all of it is needed. */
function collectGarbage(): void {
  if (collect === undefined) {
    const { setFlagsFromString } = requireFromHere('node:v8') as typeof v8;
    setFlagsFromString('--expose-gc');
    collect = (requireFromHere('node:vm') as typeof vm).runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  collect();
}

function isNearlyFull({ used, limit }: Level, atStart: Level, ahead: number, share: number): boolean {
  return used + ahead > share * limit && used + ahead - atStart.used > MIN_GROWTH * limit;
}

function givenUp(rows: number, ahead: number, holder: string, { used, limit }: Level, setting: string): ResultLimitError {
  const next = ahead > 0 ? `, and the next row has ${inMiB(ahead)} MiB` : '';
  return new ResultLimitError(`the result was given up after ${rows} rows, when ${holder} held ${inMiB(used)} of ${inMiB(limit)} MiB${next}: select less, ` +
    `aggregate in SQL, read it with stream(), COPY it to a file, or raise ${setting}`);
}

function inMiB(bytes: number): number {
  return Math.round(bytes / MIB);
}
