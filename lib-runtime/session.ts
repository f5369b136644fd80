import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { type AbortSignalLike, withAny } from './base/abort';
import { ConfigError } from './base/errors';
import { currentInvocation, type OpenedAt, openedAt } from './base/invocation';
import { FLAG, LIMIT, MEMORY, openerArguments, Options, SETTINGS, SIGNAL, STEPS, TEXT } from './base/options';
import { shown } from './base/shown';
import { quotedIdentifier, quotedString } from './base/sql-text';
import { OpenCursor } from './cursor/open-cursor';
import { closeAfter, untilAborted } from './cursor/opening';
import type { CallOptions, Cursor } from './cursor/types';
import { isRemote } from './instance/files';
import { openOwnInstance } from './instance/own-instance';
import { makeFilesDirectory } from './memory/spill';

/** The options of a session. */
export interface SessionOptions {
  /** The bootstrap steps that its statements may trigger; `[]` means none. @default - all declared steps */
  readonly bootstrap?: readonly string[];
  /** DuckDB settings of this session only. @default - the function's */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** MiB of the process's memory. Waits until enough is free; throws `BUDGET` after 10 s. @default - half of what is left */
  readonly memory?: number;
  /** How old answers from remote files may be, in milliseconds: see `QueryOptions`. @default - the `maxStaleness` of the `S3Step` */
  readonly maxStalenessMs?: number;
  /** A signal that ends the session, and rejects its running calls, as soon as it aborts. @default - none */
  readonly signal?: AbortSignalLike;
}

/** The options of `attach`. */
export interface AttachOptions extends CallOptions {
  /** The name of the file's catalog. @default - the file's name without its extension */
  readonly as?: string;
  /** Whether the file is attached read-only. @default false */
  readonly readOnly?: boolean;
}

const SESSION_OPTIONS = new Options<SessionOptions>('session()', { bootstrap: STEPS, settings: SETTINGS, memory: MEMORY, maxStalenessMs: LIMIT, signal: SIGNAL });
const ATTACH_OPTIONS = new Options<AttachOptions>('attach()', { as: TEXT, readOnly: FLAG, signal: SIGNAL });

/** A separate DuckDB instance in memory. Its settings, files, secrets and tables are invisible to others, and are discarded with it. */
export interface Session extends Cursor {
  /**
   * Attaches a database as a catalog, by default with the file's name: `evaluations.duckdb` is `evaluations`.
   *
   * - A bare name is the session's own file. It is created in `/tmp` if necessary, invisible to other sessions, and removed with this session.
   * - An absolute path is your own file. It is created if necessary, and stays afterwards. It may be on a mounted file system.
   * - A URL (`s3://lake/evaluations.duckdb`, `md:sales`, `ducklake:...`) or `:memory:` is passed to DuckDB.
   *
   * Throws `CONFIG` for a relative path with a directory in it, and for a file in a worker thread. Throws `FILE_IN_USE` while another instance of this
   * process has the file open, and `QUERY` if DuckDB refuses it.
   *
   * @example
   * await s.attach('evaluations.duckdb');
   * await s.attach('s3://lake/base.duckdb', { readOnly: true });
   */
  attach(file: string, options?: AttachOptions): Promise<void>;
}

/**
 * Opens a session, runs `fn` with it, and closes it.
 *
 * @example
 * const evaluation = await session(async (s) => {
 *   await s.attach('evaluations.duckdb');
 *   await s.execute('CREATE TABLE evaluations.scores AS SELECT 42 AS score');
 *   return s.queryOne('FROM evaluations.scores');
 * });
 */
export function session<T>(fn: (session: Session) => Promise<T>): Promise<T>;
/**
 * Opens a session with `options`, runs `fn` with it, and closes it.
 *
 * @example
 * await session({ bootstrap: [], settings: { threads: 1 }, memory: 200 }, (s) => s.execute('CREATE TABLE t AS FROM range(1000)'));
 */
export function session<T>(options: SessionOptions, fn: (session: Session) => Promise<T>): Promise<T>;
/**
 * Opens a session. Close it with `await using` or `close()`.
 *
 * @example
 * await using s = await session();
 * await s.attach('s3://lake/base.duckdb', { as: 'base', readOnly: true });
 */
export function session(options?: SessionOptions): Promise<Session>;
export async function session<T>(
  first?: SessionOptions | ((session: Session) => Promise<T>), second?: (session: Session) => Promise<T>,
): Promise<T | Session> {
  const [options, fn] = openerArguments(SESSION_OPTIONS, 'session()', first, second);
  const origin = openedAt(session);
  const opening = untilAborted(() => open(options, origin), options.signal, 'a session');
  return fn === undefined ? opening : opening.then((opened) => closeAfter(opened, fn, options.signal));
}

async function open(options: SessionOptions, origin: OpenedAt | undefined): Promise<OpenSession> {
  const instance = await withAny([options.signal, currentInvocation()?.ending], (signal) => openOwnInstance({ ...options, path: ':memory:', signal }));
  try {
    return new OpenSession(instance, await instance.connect('session'), options, origin);
  } catch (error) {
    await instance.close();
    throw error;
  }
}

class OpenSession extends OpenCursor implements Session {
  private ownFiles: string | undefined;

  async attach(file: string, given?: AttachOptions): Promise<void> {
    const options = ATTACH_OPTIONS.read(given);
    const as = options.as === undefined ? '' : ` AS ${quotedIdentifier(options.as)}`;
    const path = isBareName(file) ? join(this.directory(), file) : checkPath(file, options.as);
    await this.execute(`ATTACH ${quotedString(path)}${as}${options.readOnly ? ' (READ_ONLY)' : ''}`, undefined, { signal: options.signal });
  }

  /** The directory of its own files. It is created with the first file, and removed with the instance, once no file in it is open. */
  private directory(): string {
    if (this.ownFiles === undefined) {
      const directory = makeFilesDirectory();
      this.instance.onEnd(() => rmSync(directory, { recursive: true, force: true }));
      this.ownFiles = directory;
    }
    return this.ownFiles;
  }

  override async close(reason?: string): Promise<void> {
    await super.close(reason);
    await this.instance.close();
  }

  override abandon(reason?: string): void {
    super.abandon(reason);
    void this.instance.close();
  }
}

function isBareName(file: unknown): file is string {
  return typeof file === 'string' && file === basename(file) && !file.includes('\0') && !/^(?:|\.|\.\.)$/.test(file) && !file.startsWith(':') && !isRemote(file);
}

/** Checks a name that is not bare: the user's own file, or not a file at all. */
function checkPath(file: string, as: string | undefined): string {
  if (typeof file === 'string' && file.includes('\0')) throw new ConfigError(`attach got ${shown(file)}, which contains a NUL character: no file can have that name`);
  if (file === ':memory:' && as === undefined) {
    throw new ConfigError("attach got \":memory:\" without a name, but the session's own in-memory database already has the default name: name it, as in { as: 'scratch' }");
  }
  if (typeof file === 'string' && (isAbsolute(file) || file.startsWith(':') || isRemote(file) || /^file:\/{2,3}(?=\/)/.test(file))) return file;
  throw new ConfigError(`attach got ${shown(file)}, expected a bare name such as "x.duckdb" for a file that is removed with the session, ` +
    `an absolute path such as "${join(tmpdir(), 'x.duckdb')}" for one that stays, or a URL`);
}
