import { MetadataCache, noteWrite } from './metadata-cache';
import { RemoteFiles } from './remote-files';
import type { ThreadCount } from './thread-count';
import type { Statement } from '../execution/statement';

/** A number of threads that the user SETs stays. */
const SETS_THREADS = /\b(?:SET|RESET|PRAGMA)\s+(?:(?:GLOBAL|SESSION|LOCAL)\s+)?(?:worker_)?threads\b/i;

/** It may run a COPY that was prepared before. */
const EXECUTES = /\bEXECUTE\b/i;

/** How the statements of an instance read the files of other machines. It exists once httpfs is loaded. */
export class RemoteAccess {
  readonly metadataCache = new MetadataCache();
  private readonly files = new RemoteFiles();

  /** `threads` is undefined if their number is the user's. */
  constructor(readonly threads: ThreadCount | undefined) {}

  /** The URLs and patterns of the remote files that the statement reads or writes, as far as its text tells. */
  urlsOf(statement: Statement, parameters: object | undefined): readonly string[] {
    return this.files.urlsOf(statement, parameters);
  }

  /**
   * Runs the statement with `work`, and with the number of threads that suits it: more if it `isRemote`, because it reads or writes remote files. A
   * statement that `mayRunAgain` runs once more with fewer threads if its memory was not enough for them.
   */
  during<T>(statement: Statement, isRemote: boolean, mayRunAgain: boolean, work: () => Promise<T>): Promise<T> {
    const { threads } = this;
    if (threads === undefined) return work();
    if (SETS_THREADS.test(statement.sql)) threads.leaveToUser();
    // COPY writes its files one after another, and its other threads spin meanwhile.
    return threads.during(isRemote && !statement.copies, mayRunAgain, work);
  }

  /** Records that the statement has run. */
  note(statement: Statement, urls: readonly string[]): void {
    if (statement.copies || EXECUTES.test(statement.sql)) noteWrite();
    if (urls.length > 0 && this.files.note(statement, urls)) this.metadataCache.noteNames();
  }
}
