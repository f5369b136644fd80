import { MetadataCache } from './metadata-cache';
import { RemoteFiles } from './remote-files';
import type { ThreadCount } from './thread-count';
import type { Statement } from '../execution/statement';

/** How the statements of an instance reach files that another machine holds. It is there once httpfs is. */
export class RemoteAccess {
  readonly metadataCache = new MetadataCache();
  private readonly files = new RemoteFiles();

  /** `threads` is undefined where their number is the user's. */
  constructor(readonly threads: ThreadCount | undefined) {}

  /** The URLs and patterns of the remote files that the statement reads or writes, as far as they show. */
  urlsOf(statement: Statement, parameters: object | undefined): readonly string[] {
    return this.files.urlsOf(statement, parameters);
  }

  /** Runs the statement by `work`, with the threads that suit it. `urls` are those of `urlsOf`. */
  during<T>(statement: Statement, urls: readonly string[], work: () => Promise<T>): Promise<T> {
    // COPY writes its files one after the other, and its other threads spin meanwhile.
    const isRead = urls.length > 0 && !statement.copies;
    return this.threads === undefined ? work() : this.threads.during(isRead, work);
  }

  /** Notes that the statement has run. */
  note(statement: Statement, urls: readonly string[]): void {
    if (urls.length > 0 && this.files.note(statement, urls)) this.metadataCache.forget();
  }
}
