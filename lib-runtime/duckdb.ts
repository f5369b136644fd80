import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, isAbsolute, join, normalize, relative } from 'node:path';
import type { AsyncDisposableLike } from './base/disposable';
import { ClosedError, ConfigError } from './base/errors';
import { type OpenedAt, openedAt } from './base/invocation';
import { FLAG, LIMIT, MEMORY, openerArguments, Options, SIGNAL, STEPS, TEXT } from './base/options';
import { shown } from './base/shown';
import { OpenCursor } from './cursor/open-cursor';
import { closeAfter, untilAborted } from './cursor/opening';
import type { Cursor, CursorOptions } from './cursor/types';
import { isClaimed, removeDatabase } from './instance/files';
import type { Instance } from './instance/instance';
import { openOwnInstance } from './instance/own-instance';

/** The options of a `DuckDB`. */
export interface DuckDBOptions {
  /** A file: a bare name is a file in `/tmp` (`os.tmpdir()`), an absolute path must be under it. @default ':memory:' */
  readonly dbName?: string;
  /** Removes the file and its write-ahead log before it is first opened. @default false */
  readonly cleanOnStart?: boolean;
  /** The bootstrap steps that its cursors may trigger; `[]` means none. @default - all declared steps */
  readonly bootstrap?: readonly string[];
  /** MiB of the process's memory. Waits until enough is free; throws `BUDGET` after 10 s. @default - half of what is left */
  readonly memory?: number;
}

/** The options of a `DuckDB`'s cursor. */
export type DuckDBCursorOptions = Omit<CursorOptions, 'database'>;

const DUCKDB_OPTIONS = new Options<DuckDBOptions>('DuckDB', {
  dbName: { ...TEXT, expected: 'a bare name, an absolute path or ":memory:"' }, cleanOnStart: FLAG, bootstrap: STEPS, memory: MEMORY,
});
const CURSOR_OPTIONS = new Options<DuckDBCursorOptions>('cursor() of a DuckDB', { bootstrap: STEPS, maxStalenessMs: LIMIT, signal: SIGNAL });
const IN_MEMORY = ':memory:';

/**
 * A DuckDB instance that you create, pass around and destroy yourself. It opens at its first use, and exists until `destroy()`.
 *
 * @example
 * const database = new DuckDB({ dbName: 'reports.duckdb', cleanOnStart: true });
 * try {
 *   await generateReports(database);
 * } finally {
 *   await database.destroy();
 * }
 */
export class DuckDB implements AsyncDisposableLike {
  private readonly options: DuckDBOptions;
  private readonly path: string;
  private readonly origin: OpenedAt | undefined;
  private opening: Promise<Instance> | undefined;
  private destroying: Promise<void> | undefined;
  private firstOpening = true;
  private madeFile = false;
  /** The part that the invocation closes if the handler leaves it open. */
  private readonly leftover = { what: 'DuckDB', close: () => this.destroy() };

  /** Does not open the database yet. Throws `CONFIG` for a `dbName` outside `/tmp`. */
  constructor(options?: DuckDBOptions) {
    this.options = DUCKDB_OPTIONS.read(options);
    this.path = filePath(this.options.dbName ?? IN_MEMORY);
    this.origin = openedAt(DuckDB);
  }

  /** Opens a cursor, runs `fn` with it, and closes it. */
  cursor<T>(fn: (cursor: Cursor) => Promise<T>): Promise<T>;
  /** Opens a cursor with `options`, runs `fn` with it, and closes it. */
  cursor<T>(options: DuckDBCursorOptions, fn: (cursor: Cursor) => Promise<T>): Promise<T>;
  /** Opens a cursor. Close it with `await using` or `close()`. */
  cursor(options?: DuckDBCursorOptions): Promise<Cursor>;
  async cursor<T>(
    first?: DuckDBCursorOptions | ((cursor: Cursor) => Promise<T>), second?: (cursor: Cursor) => Promise<T>,
  ): Promise<T | Cursor> {
    const [given, fn] = openerArguments(CURSOR_OPTIONS, 'cursor()', first, second);
    const options = { bootstrap: this.options.bootstrap, ...given };
    const origin = openedAt(this.cursor);
    const opening = untilAborted(() => this.instance().then((instance) => OpenCursor.on(instance, 'cursor', options, origin)), options.signal, `a cursor on ${this.path}`);
    return fn === undefined ? opening : opening.then((opened) => closeAfter(opened, fn, options.signal));
  }

  /**
   * Interrupts running queries, closes the instance, and removes the file if this object created it. A second call does nothing. Any later use throws
   * `CLOSED`.
   *
   * It does not wait for an aborted query that is still running. The file is removed, and can be opened again, when that query has ended.
   */
  destroy(): Promise<void> {
    this.origin?.invocation.closed(this.leftover);
    return this.destroying ??= this.end();
  }

  /** `destroy()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  private async instance(): Promise<Instance> {
    if (this.destroying) throw new ClosedError(`this DuckDB (${this.path}) was destroyed: create another one`);
    const opening = this.opening ??= this.open();
    const instance = await opening.catch((error) => {
      if (this.opening === opening) this.opening = undefined;
      throw error;
    });
    if (!instance.isBroken) return instance;
    if (this.opening === opening) this.opening = instance.close().then(() => this.open());
    return this.instance();
  }

  private async open(): Promise<Instance> {
    // The handler must close a DuckDB that it keeps beyond its invocation.
    if (!this.origin?.invocation.isOver) this.origin?.invocation.opened(this.leftover, this.origin.place);
    const isFile = this.path !== IN_MEMORY;
    return openOwnInstance({
      path: this.path,
      memory: this.options.memory,
      bootstrap: this.options.bootstrap,
      beforeOpening: () => {
        if (isFile && this.firstOpening && this.options.cleanOnStart) removeDatabase(this.path);
        if (isFile && this.firstOpening) this.madeFile = !existsSync(this.path);
        this.firstOpening = false;
      },
    });
  }

  private async end(): Promise<void> {
    const instance = await this.opening?.catch(() => undefined);
    if (instance === undefined) {
      // If a later step failed, such as a setting, the instance is already closed.
      if (this.madeFile && !isClaimed(this.path)) removeDatabase(this.path);
      return;
    }
    if (this.madeFile) instance.onEnd(() => removeDatabase(this.path));
    await instance.close();
  }
}

function filePath(dbName: string): string {
  if (dbName === IN_MEMORY) return IN_MEMORY;
  const temporary = tmpdir();
  // DuckDB would open the file whose name ends at the NUL.
  if (dbName.includes('\0')) throw new ConfigError(`dbName is ${shown(dbName)}, which contains a NUL character: no file can have that name`);
  if (!isAbsolute(dbName) && dbName === basename(dbName) && !/^(?:|\.|\.\.)$/.test(dbName)) return join(temporary, dbName);
  const path = normalize(dbName);
  if (isAbsolute(dbName) && !relative(temporary, path).startsWith('..') && path !== temporary) return path;
  throw new ConfigError(`dbName is "${dbName}", expected a bare name, an absolute path under ${temporary}, or ":memory:": Lambda can write nowhere else`);
}
