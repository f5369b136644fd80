import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { type AbortSignalLike, withAny } from './abort';
import { ATTACH_OPTIONS, openerArguments, SESSION_OPTIONS, textArgument } from './check-options';
import type { CallOptions, Cursor } from './cursor';
import { currentInvocation, type Origin, originOf } from './invocation';
import { OpenCursor, untilAborted, use } from './open-cursor';
import { openOwnInstance } from './own-instance';
import { quotedIdentifier, quotedString } from './sql-text';

/** What a session may do, and what it gets. */
export interface SessionOptions {
  /** The bootstrap steps that its statements may trigger; `[]` is none. @default - all declared steps */
  readonly bootstrap?: readonly string[];
  /** DuckDB settings, of this session alone. @default - as the function's */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** MiB of the process's memory. Waits until there is so much; `BUDGET` after 10 s. @default - half of what is left */
  readonly memory?: number;
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

/** A DuckDB instance of its own, in memory: settings, files, secrets and tables are gone with it, and nobody else sees them. */
export interface Session extends Cursor {
  /**
   * Attaches a database file, which is made if need be; a relative path lies in `/tmp`.
   *
   * Throws `FILE_IN_USE` while another instance of this process has it open, `QUERY` when DuckDB refuses it.
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
  const origin = originOf(session);
  const opening = untilAborted(() => open(options, origin), options.signal, 'a session');
  return fn === undefined ? opening : opening.then((opened) => use(opened, fn, options.signal));
}

async function open(options: SessionOptions, origin: Origin | undefined): Promise<OpenSession> {
  const instance = await withAny([options.signal, currentInvocation()?.ending], (signal) => openOwnInstance({ ...options, path: ':memory:', signal }));
  try {
    return new OpenSession(instance, await instance.connect('session'), options, origin);
  } catch (error) {
    await instance.close();
    throw error;
  }
}

class OpenSession extends OpenCursor implements Session {
  async attach(file: string, given?: AttachOptions): Promise<void> {
    const options = ATTACH_OPTIONS.read(given);
    const path = resolve(tmpdir(), textArgument('the file to attach', file));
    const as = options.as === undefined ? '' : ` AS ${quotedIdentifier(options.as)}`;
    await this.execute(`ATTACH ${quotedString(path)}${as}${options.readOnly ? ' (READ_ONLY)' : ''}`, undefined, { signal: options.signal });
  }

  override async close(reason?: string): Promise<void> {
    await super.close(reason);
    await this.instance.close();
  }

  override giveUp(reason?: string): void {
    super.giveUp(reason);
    void this.instance.close();
  }
}
