import { setTimeout as sleep } from 'node:timers/promises';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { AttachedFiles, type AttachedFilesHost } from './attached-files';
import type { RemoteAccess } from './remote-access';
import { DEFAULT_REQUEST_LIMITS, requestLimits, setRequestLimits } from './request-limits';
import { mayUpload, type UploadSettings } from './upload-settings';
import type { RuntimeConfig } from '../base/config';
import { ClosedError } from '../base/errors';
import { currentInvocation } from '../base/invocation';
import { quotedString } from '../base/sql-text';
import { Bootstrap, type BootstrapHost } from '../bootstrap/bootstrap';
import type { BootstrapStep } from '../bootstrap/step';
import { Connection } from '../execution/connection';
import type { Statement } from '../execution/statement';
import { closeRolledBack, rollBack } from '../execution/transactions';
import type { OnDemandExtensions } from '../extensions/on-demand-extensions';
import type { SharedHolder } from '../memory/budget';
import { type Limits, limitSettings } from '../memory/limits';
import { removeSpillDirectory } from '../memory/spill';
import type { CreationTimings } from '../observe/cold-start';

/** The threads in which httpfs uploads free their memory a moment after the statement's end. In a closed instance, that crashes the process. */
const UPLOAD_END_MS = 100;

/** One DuckDB instance, ready for use: open, extensions loaded, locked. */
export class Instance implements SharedHolder, BootstrapHost, AttachedFilesHost {
  readonly bootstrap: Bootstrap;
  /** The files that are attached to the instance. */
  readonly files: AttachedFiles;
  /** The durations of the phases of its creation. */
  timings: CreationTimings = { open: 0, load: 0, lock: 0, steps: {}, total: 0 };
  /** The user's settings, if httpfs is loaded and the user has not set how long DuckDB waits for an HTTP response. Then the runtime sets it. */
  private requestSettings: Readonly<Record<string, string>> | undefined;

  /** Loads extensions for a statement; undefined if all extensions are loaded at creation. */
  onDemand: ((sql: string) => OnDemandExtensions | undefined) | undefined;
  /** The access to remote files; undefined without httpfs. */
  remote: RemoteAccess | undefined;
  /** The settings for writing to S3; undefined without httpfs. */
  uploads: UploadSettings | undefined;

  private readonly connections = new Set<Connection>();
  private readonly connecting = new Set<Promise<DuckDBConnection>>();
  private readonly endListeners: Array<() => void> = [];
  private requestLimits = DEFAULT_REQUEST_LIMITS;
  private uses = 0;
  private isRetired = false;
  private closing: Promise<void> | undefined;
  private broken = false;
  private mayHaveUploadedAt = -Infinity;

  /** `fileOwner` claims the instance's files. */
  constructor(
    private readonly duckdb: DuckDBInstance,
    /** The directory to which it spills. */
    readonly tempDirectory: string,
    fileOwner: object,
    steps: readonly BootstrapStep[],
  ) {
    this.bootstrap = new Bootstrap(steps, this);
    this.files = new AttachedFiles(fileOwner, this);
  }

  /** Whether DuckDB refuses every statement after a fatal error. */
  get isBroken(): boolean {
    return this.broken;
  }

  /** Whether it is closed, or about to be. */
  get isClosing(): boolean {
    return this.closing !== undefined;
  }

  /** Whether it has an open connection. */
  get isInUse(): boolean {
    return this.uses > 0;
  }

  /** A new connection, called `what` in messages. Connections are never reused, because DuckDB cannot reset one. */
  async connect(what: string): Promise<Connection> {
    const raw = await this.connectRaw();
    const connection: Connection = new Connection(raw, what, () => {
      this.connections.delete(connection);
      this.unuse();
    });
    this.connections.add(connection);
    await this.limitRequests(connection);
    return connection;
  }

  /**
   * Runs `task` on a separate connection, in parallel with the users' connections; `mayBeInTransaction` says whether it may leave a transaction open.
   */
  async withRaw<T>(task: (connection: DuckDBConnection) => Promise<T>, mayBeInTransaction?: () => boolean): Promise<T> {
    const connection = await this.connectRaw();
    try {
      return await task(connection);
    } finally {
      if (mayBeInTransaction?.()) await rollBack(connection);
      closeRolledBack(connection);
      this.unuse();
    }
  }

  /**
   * From now on, when httpfs is loaded, limits the duration of DuckDB's HTTP requests to that of the invocation. An `http_timeout` among the user's
   * settings stays.
   */
  async limitRequestsFromNow(connection: DuckDBConnection, { settings, timeoutSeconds }: RuntimeConfig): Promise<void> {
    if ('http_timeout' in settings) return;
    this.requestSettings = settings;
    // If the configuration is locked, the limit cannot follow each invocation.
    const isLocked = 'lock_configuration' in settings;
    const limit = isLocked ? timeoutSeconds && setRequestLimits(requestLimits(1000 * timeoutSeconds, settings), settings) : this.requestLimit();
    if (limit) await connection.run(limit);
  }

  /** Changes its limits. Throws if it uses more than the new limits at the moment. */
  async setLimits(limits: Limits): Promise<void> {
    if (this.closing) return;
    await this.withRaw(async (connection) => {
      for (const [name, value] of Object.entries(limitSettings(limits))) await connection.run(`SET GLOBAL ${name} = ${quotedString(value)}`);
      const follow = this.uploads?.follow(limits);
      if (follow) await connection.run(follow);
      this.remote?.threads?.follow(limits);
    });
  }

  /** Runs a statement of a bootstrap step, which may attach files. */
  async runOfStep<T>(statement: Statement, parameters: object | undefined, run: () => Promise<T>): Promise<T> {
    const { remote } = this;
    if (remote === undefined) return this.files.claiming(statement, run);
    const urls = remote.urlsOf(statement, parameters);
    const value = await remote.during(statement, urls.length > 0, false, () => this.files.claiming(statement, run));
    remote.note(statement, urls);
    return value;
  }

  /** Runs a task whose SQL is not visible, such as one on the client's own connection: it may have attached files, or loaded httpfs. */
  async recordingAll<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await this.files.recording(task);
    } finally {
      await this.onDemand?.('LOAD')?.settle().catch(() => undefined);
    }
  }

  /** Records the end of a statement that may have written to S3. */
  noteEnded(statement: Statement): void {
    if (!this.uploads || !(mayUpload(statement.sql) || this.bootstrap.mayWriteRemoteTables(statement))) return;
    this.mayHaveUploadedAt = performance.now();
    // A process whose work is done must not end before that, either.
    setTimeout(() => undefined, UPLOAD_END_MS);
  }

  /** Interrupts the running statements and closes the instance. Does not wait for abandoned work: see `onEnd`. */
  close(): Promise<void> {
    return this.closing ??= this.end();
  }

  /** Closes the instance when it is unused. Its registry entry is gone, but a caller may be about to connect. Settles when it is closed. */
  retire(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.onEnd(resolve));
    setImmediate(() => {
      this.isRetired = true;
      if (!this.isInUse) void this.close();
    });
    return ended;
  }

  /** Marks the instance as unusable: its users create a new one. They close their own connections. */
  markBroken(): void {
    this.broken = true;
  }

  /**
   * Calls `listener` when the instance and its last connection are closed, because only then are memory and files free. If they are closed, calls it
   * at once.
   */
  onEnd(listener: () => void): void {
    if (this.closing && this.uses === 0) listener();
    else this.endListeners.push(listener);
  }

  /**
   * Limits the wait of DuckDB's HTTP requests to the duration of an invocation. DuckDB cannot interrupt a request, which would hold a thread and a
   * connection to the server beyond the invocation.
   */
  private async limitRequests(connection: Connection): Promise<void> {
    const limit = this.requestLimit();
    // If the configuration is locked, or the connection was closed meanwhile, the limit stays as it is.
    if (limit) await connection.run(({ raw }) => raw.run(limit), () => 'setting a time limit', undefined, () => undefined).catch(() => undefined);
  }

  /** The SQL that sets the current invocation's limit; undefined if the limit is set already, or none applies. */
  private requestLimit(): string | undefined {
    const settings = this.requestSettings;
    const milliseconds = currentInvocation()?.milliseconds;
    if (milliseconds === undefined || settings === undefined) return undefined;
    const limits = requestLimits(milliseconds, settings);
    if (limits.seconds === this.requestLimits.seconds && limits.retries === this.requestLimits.retries) return undefined;
    this.requestLimits = limits;
    return setRequestLimits(limits, settings);
  }

  private async end(): Promise<void> {
    this.uses += 1;
    await Promise.all([...this.connections].map((connection) => connection.close()));
    // Closing DuckDB during a connect call crashes the process.
    await Promise.allSettled(this.connecting);
    const sinceUpload = performance.now() - this.mayHaveUploadedAt;
    if (sinceUpload < UPLOAD_END_MS) await sleep(UPLOAD_END_MS - sinceUpload);
    this.duckdb.closeSync();
    this.unuse();
  }

  private async connectRaw(): Promise<DuckDBConnection> {
    this.assertOpen();
    this.uses += 1;
    const connecting = this.duckdb.connect();
    this.connecting.add(connecting);
    try {
      const raw = await connecting;
      if (this.closing) raw.closeSync();
      this.assertOpen();
      return raw;
    } catch (error) {
      this.unuse();
      throw error;
    } finally {
      this.connecting.delete(connecting);
    }
  }

  private assertOpen(): void {
    if (this.closing) throw new ClosedError('this DuckDB instance was closed while a connection to it was opened');
  }

  private unuse(): void {
    this.uses -= 1;
    if (this.isRetired && this.uses === 0) void this.close();
    if (!this.closing || this.uses > 0) return;
    this.files.release();
    removeSpillDirectory(this.tempDirectory);
    for (const listener of this.endListeners.splice(0)) listener();
  }
}
