import type { DuckDBConnection } from '@duckdb/node-api';
import { locksConfiguration } from '../base/config';
import { DuckDbError } from '../base/errors';
import type { Limits } from '../memory/limits';
import { wasStopped } from '../memory/memory-guard';

/** The memory for each thread, which holds what it reads of a row group. With 25 MB, queries of wide files ran out of memory at 512 and 768 MB. */
const BYTES_PER_READER = 50_000_000;
/** With 32 threads no query was faster than with 16. */
const MAX_READERS = 16;

/** Gives the connection through which the number is set. */
interface ThreadHost {
  withRaw(task: (connection: DuckDBConnection) => Promise<void>): Promise<void>;
}

/**
 * Gives statements that read remote files more threads than there are vCPUs.
 *
 * Each thread of DuckDB waits for its own request, and S3 answers Lambda after 15 to 40 ms. With one thread, a query of 56 requests waits 56
 * times. Other statements are fastest with one thread for each vCPU.
 *
 * The number of threads belongs to the whole instance. It is raised before a statement that reads remote files. To lower it, DuckDB waits for all
 * running statements, so it is lowered only when another kind of statement begins and nothing else runs.
 */
export class ThreadCount {
  private current: number;
  private readers: number;
  private running = 0;
  private isLeft = false;
  private changing: Promise<void> | undefined;

  /** `vcpus` is the number with which the instance was opened. */
  constructor(private readonly vcpus: number, limits: Limits, private readonly host: ThreadHost) {
    this.current = vcpus;
    this.readers = this.readersWithin(limits);
  }

  /** Follows other limits of the instance, from the next statement on. */
  follow(limits: Limits): void {
    this.readers = this.readersWithin(limits);
  }

  /** Leaves the number to the user from now on. */
  leaveToUser(): void {
    this.isLeft = true;
  }

  /**
   * Runs `work` with the number of threads that suits it.
   *
   * If it fails because more threads than vCPUs need more memory than there is, it runs once more with one for each vCPU, provided that it
   * `mayRunAgain`. Statements that come later have half as many threads as it had.
   */
  async during<T>(readsRemoteFiles: boolean, mayRunAgain: boolean, work: () => Promise<T>): Promise<T> {
    let used = 0;
    try {
      return await this.with(() => this.wanted(readsRemoteFiles), () => {
        used = this.current;
        return work();
      });
    } catch (error) {
      if (this.isLeft || used <= this.vcpus || !readsRemoteFiles || !isOutOfMemory(error)) throw error;
      this.readers = Math.max(this.vcpus, Math.min(this.readers, Math.floor(used / 2)));
      if (!mayRunAgain) throw error;
      // Also if it has to wait for other statements.
      return this.with(() => (this.isLeft ? this.current : this.vcpus), work);
    }
  }

  private async with<T>(wanted: () => number, work: () => Promise<T>): Promise<T> {
    while (this.changing !== undefined || wanted() !== this.current) await (this.changing ??= this.change(wanted()));
    this.running += 1;
    try {
      return await work();
    } finally {
      this.running -= 1;
    }
  }

  private wanted(readsRemoteFiles: boolean): number {
    if (this.isLeft) return this.current;
    if (readsRemoteFiles) return Math.max(this.readers, this.running === 0 ? 0 : this.current);
    return this.running === 0 ? this.vcpus : this.current;
  }

  private async change(count: number): Promise<void> {
    const before = this.current;
    this.current = count;
    try {
      // A number that the user has SET since then stays. If the configuration is locked, nothing changes.
      const set = `SET GLOBAL threads = CASE current_setting('threads') WHEN ${before} THEN ${count} ELSE current_setting('threads') END`;
      await this.host.withRaw(async (connection) => void await connection.run(set)).catch(() => undefined);
    } finally {
      this.changing = undefined;
    }
  }

  private readersWithin({ memoryBytes }: Limits): number {
    return Math.max(this.vcpus, Math.min(MAX_READERS, Math.floor(memoryBytes / BYTES_PER_READER)));
  }
}

/** DuckDB could not keep within its memory limit, or the process within the function's memory: row groups are only partly counted by DuckDB. */
function isOutOfMemory(error: unknown): boolean {
  return wasStopped(error) || (error instanceof DuckDbError && error.duckdbType === 'Out of Memory Error');
}

/** Whether the settings leave the number of threads to this package. */
export function mayChangeThreads(settings: Readonly<Record<string, string>>): boolean {
  return !('threads' in settings) && !('worker_threads' in settings) && !locksConfiguration(settings);
}
