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

/** What a session may do, and what it gets. */
export interface SessionOptions {
  /** The bootstrap steps that its statements may trigger; `[]` is none. @default - all declared steps */
  readonly bootstrap?: readonly string[];
  /** DuckDB settings, of this session alone. @default - as the function's */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** MiB of the process's memory. Waits until there is so much; `BUDGET` after 10 s. @default - half of what is left */
  readonly memory?: number;
  /** As for `cursor`. @default - the `maxStaleness` of the `S3Step` */
  readonly maxStalenessMs?: number;
  /** Ends the session, and rejects what runs on it, as soon as it aborts. @default - none */
  readonly signal?: AbortSignalLike;
}

/** How a file is attached. */
export interface AttachOptions extends CallOptions {
  /** The name of its catalog. @default - the file's name without its ending */
  readonly as?: string;
  /** Whether it cannot be written. @default false */
  readonly readOnly?: boolean;
}

const SESSION_OPTIONS = new Options<SessionOptions>('session()', { bootstrap: STEPS, settings: SETTINGS, memory: MEMORY, maxStalenessMs: LIMIT, signal: SIGNAL });
const ATTACH_OPTIONS = new Options<AttachOptions>('attach()', { as: TEXT, readOnly: FLAG, signal: SIGNAL });

/** A DuckDB instance of its own, in memory: settings, files, secrets and tables are gone with it, and nobody else sees them. */
export interface Session extends Cursor {
  /**
   * Attaches a database, as the catalog of its name: `evaluations.duckdb` is `evaluations`.
   *
   * - A bare name is a file of the session's own: made in `/tmp` if need be, unseen by other sessions, and removed with this one.
   * - An absolute path is a file of yours: made if need be, and there afterwards, also on a file system that is mounted.
   * - A URL (`s3://lake/evaluations.duckdb`, `md:sales`, `ducklake:...`) or `:memory:` is DuckDB's to open.
   *
   *     await s.attach('evaluations.duckdb');
   *     await s.attach('s3://lake/base.duckdb', { readOnly: true });
   *
   * Throws `CONFIG` for a relative path with a directory in it, and for a file in a worker thread, `FILE_IN_USE` while another instance of this
   * process has the file open, `QUERY` when DuckDB refuses it.
   */
  attach(file: string, options?: AttachOptions): Promise<void>;
}

/** Opens a session, runs `fn` with it, and closes it. */
export function session<T>(fn: (session: Session) => Promise<T>): Promise<T>;
/** Opens a session with `options`, runs `fn` with it, and closes it. */
export function session<T>(options: SessionOptions, fn: (session: Session) => Promise<T>): Promise<T>;
/** Opens a session, to be closed by `await using` or `close()`. */
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

  /** Of its own files: made with the first, removed with the instance, once nothing has them open. */
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

/** What is no bare name: another's file, or no file at all. */
function checkPath(file: string, as: string | undefined): string {
  if (typeof file === 'string' && file.includes('\0')) throw new ConfigError(`attach got ${shown(file)}, which holds a NUL character: no file can be called so`);
  if (file === ':memory:' && as === undefined) {
    throw new ConfigError("attach got \":memory:\" without a name, and the session's own database in memory has that of it: give it one, as in { as: 'scratch' }");
  }
  if (typeof file === 'string' && (isAbsolute(file) || file.startsWith(':') || isRemote(file) || /^file:\/{2,3}(?=\/)/.test(file))) return file;
  throw new ConfigError(`attach got ${shown(file)}, expected a bare name such as "x.duckdb" for a file that is gone with the session, ` +
    `an absolute path such as "${join(tmpdir(), 'x.duckdb')}" for one that stays, or a URL`);
}
