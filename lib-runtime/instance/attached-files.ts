import type { DuckDBConnection } from '@duckdb/node-api';
import { attachedPaths } from './attach-statements';
import { claimFile, missingFiles, recordFiles, releaseFiles, removeUnfinished } from './files';
import type { AbortSignalLike } from '../base/abort';
import { Semaphore } from '../base/semaphore';
import { quotedIdentifier } from '../base/sql-text';
import type { Bootstrap } from '../bootstrap/bootstrap';
import type { Statement } from '../execution/statement';

/** The instance that the files belong to. */
export interface AttachedFilesHost {
  /** Whether it is closed, or about to be. */
  readonly isClosing: boolean;
  /** Called with the names of the attached databases. */
  readonly bootstrap: Pick<Bootstrap, 'noteAttached'>;
  /** Runs a task on a separate connection. */
  withRaw(task: (connection: DuckDBConnection) => Promise<void>): Promise<void>;
}

/** The record of the database files that an instance has attached, because no two instances of a process may have the same file open. */
export class AttachedFiles {
  /** Lets one statement at a time change the attached databases, so that the record is always correct. */
  private readonly changing = new Semaphore(1);
  /** The files of each ATTACH that has not been recorded yet. */
  private readonly beingAttached = new Set<readonly string[]>();
  private readonly recordings = new Semaphore(1);

  /** `owner` claims the files. */
  constructor(private readonly owner: object, private readonly host: AttachedFilesHost) {}

  /**
   * Runs a user's statement. One that may attach waits for its turn, until `ended` aborts. A bootstrap step's statement does not wait, because the
   * user's statement may wait for it.
   */
  claimingInTurn<T>(statement: Statement, run: () => Promise<T>, ended: AbortSignalLike): Promise<T> {
    return statement.mayAttach ? this.inTurn(() => this.claiming(statement, run), ended) : run();
  }

  /** Runs a statement and keeps the record. The statement does not attach a file that another instance of the process has open. */
  claiming<T>(statement: Statement, run: () => Promise<T>): Promise<T> {
    return statement.mayAttach ? this.recording(run, attachedPaths(statement)) : run();
  }

  /** Runs a task that may attach or detach files, including `paths`, and keeps the record of them. */
  async recording<T>(task: () => Promise<T>, paths: readonly string[] = []): Promise<T> {
    this.beingAttached.add(paths);
    const missing = missingFiles(paths);
    const claimed = async () => {
      for (const path of paths) claimFile(path, this.owner);
      return task();
    };
    const value = await claimed().catch(async (error) => {
      // The task's error is reported; the record is then updated as well as possible.
      await this.record(paths).catch(() => undefined);
      removeUnfinished(missing);
      throw error;
    });
    await this.record(paths);
    return value;
  }

  /** Records that the instance is closed and has no file open any more. */
  release(): void {
    releaseFiles(this.owner);
  }

  private async inTurn<T>(run: () => Promise<T>, ended: AbortSignalLike): Promise<T> {
    const release = await this.changing.acquire(ended);
    try {
      return await run();
    } finally {
      release();
    }
  }

  /** Records the attached files, after the attaching of `paths` has ended. */
  private async record(paths: readonly string[]): Promise<void> {
    // One at a time: a list that was read before another ATTACH would undo the record of it.
    const release = await this.recordings.acquire();
    try {
      this.beingAttached.delete(paths);
      if (!this.host.isClosing) await this.host.withRaw((connection) => this.recordAttached(connection));
    } finally {
      release();
    }
  }

  /** Files that another instance has open, attached without a visible ATTACH statement, are detached again. */
  private async recordAttached(connection: DuckDBConnection): Promise<void> {
    const result = await connection.run("SELECT database_name, CASE WHEN type = 'duckdb' THEN path END FROM duckdb_databases()");
    const databases = await result.getRows() as [string, string | null][];
    this.host.bootstrap.noteAttached(databases.map(([name]) => name));
    const attached = databases.filter((row): row is [string, string] => row[1] !== null);
    const foreign = recordFiles([...attached.map(([, path]) => path), ...[...this.beingAttached].flat()], this.owner);
    const detach = attached.filter(([, path]) => foreign.includes(path));
    for (const [name] of detach) await connection.run(`DETACH ${quotedIdentifier(name)}`);
    for (const [, path] of detach) claimFile(path, this.owner);
  }
}
