import { createRequire } from 'node:module';
import type * as v8 from 'node:v8';
import type * as vm from 'node:vm';
import { ResultLimitError } from '../base/errors';
import { processMemoryBytes } from '../base/lambda-environment';

/** V8 copies a growing list of rows. It ends a process before the heap is full, if it collects much and frees little. */
const MAX_SHARE_OF_HEAP = 0.75;
/** V8 ends a process after several collections in a row that free little. */
const MIN_FREED = 0.1;
/** Lambda ends a process that uses all of its memory. */
const MAX_SHARE_OF_MEMORY = 0.95;
/** A smaller result did not fill the heap. */
const MIN_GROWTH = 0.05;
/** A text is copied out of DuckDB, and converted to a JavaScript string from the copy. */
const COPIES = 2;
const MIB = 1024 * 1024;
/** V8's default on 64 bits: three times 16 MiB. */
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
 * Guards the process's memory while a result is converted. V8 ends a process with a full heap, Lambda one with full memory.
 *
 * A row takes several times the memory of its values there, so `maxBytes` alone does not prevent it.
 */
export class HeapGuard {
  private atStart: Levels | undefined;

  /**
   * Throws `RESULT_LIMIT` if memory is about to run out because of the `rows` rows converted since the first check.
   *
   * `ahead` is the size of the next row, in bytes.
   */
  look(rows: number, ahead = 0): void {
    if (this.full(levels(), ahead) === undefined) return;
    // Much of it may be garbage from earlier rows.
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
  // V8's limit covers old and young objects. Rows are old by then.
  return {
    heap: { used, limit: Math.max(limit - YOUNG_BYTES, limit / 2) },
    memory: { used: process.memoryUsage.rss(), limit: processMemoryBytes(process.env) },
  };
}

let collect: (() => void) | undefined;

/** V8 knows only its own memory, and collects late. Here all memory is needed now. */
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
  return new ResultLimitError(`reading the result stopped after ${rows} rows, when ${holder} held ${inMiB(used)} of ${inMiB(limit)} MiB${next}: select less, ` +
    `aggregate in SQL, read it with stream(), COPY it to a file, or raise ${setting}`);
}

function inMiB(bytes: number): number {
  return Math.round(bytes / MIB);
}
