import { createRequire } from 'node:module';
import type { CallQueue } from './call-queue';
import { queryTrace } from './query-trace';
import type { RequestLog } from './request-log';
import type { CallOptions, CursorOptions, QueryOptions } from './types';
import { WaitStatus } from './wait-status';
import { type AbortSignalLike, withAny } from '../base/abort';
import { BusyError, DuckDbError, retold } from '../base/errors';
import { currentInvocation } from '../base/invocation';
import { excerpt } from '../base/sql-text';
import { nativeCall } from '../client/native-calls';
import { explainedError } from '../diagnosis/query-error';
import { withPart } from '../diagnosis/remote-write';
import type { Connection, ConnectionLease } from '../execution/connection';
import type { Statement } from '../execution/statement';
import type { Attempt } from '../execution/statements';
import type { Instance } from '../instance/instance';
import { reportColdStart } from '../observe/cold-start';
import type { QueryTrace } from '../observe/traces';
import { traced } from '../observe/tracing';
import type { QueryParameters } from '../values/parameters';

// A name of its own, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** Counts requests, for debugging. */
const requestLog = () => requireFromHere('./request-log') as typeof import('./request-log');

/** The target of calls: a cursor, or a transaction on it. */
export interface CallTarget {
  readonly instance: Instance;
  readonly connection: Connection;
  readonly queue: CallQueue;
  readonly options: CursorOptions;
  /** The transaction to which the calls belong. */
  readonly within?: TransactionState;
  /** Ends it without waiting for running calls, whose errors say `reason`. */
  abandon(reason?: string): void;
}

/** A transaction in progress. */
export interface TransactionState {
  /** Whether a running statement in it may be interrupted. */
  isRollingBack: boolean;
  /** The error of a failed statement in it. */
  failure?: unknown;
}

const NONE: readonly string[] = [];
const GLOB = /[*?[]/;

/** The codes of errors that may end a statement which DuckDB is running. */
const ENDING_WRITES: readonly string[] = ['QUERY', 'BOOTSTRAP', 'CLOSED', 'RESULT_LIMIT'];

/**
 * One call that runs a statement: it is traced, runs the bootstrap steps that the statement needs, passes the statement to DuckDB, and explains
 * errors. Subclasses decide how it waits for its turn, and what it does with the result.
 */
export abstract class Call {
  protected readonly waiting: WaitStatus;
  /** Whether nothing of the result has reached the caller before the statement's end, so that a SELECT can run again. */
  protected readonly isRepeatable: boolean = false;
  /** Whether the statement still runs when an attempt has settled. */
  protected readonly isStreamed: boolean = false;
  /** Counts the requests of the statement; undefined unless the environment asks for that. */
  protected requests: RequestLog | undefined;
  /** The URLs of the remote files that it reads or writes, as far as its text tells. */
  private urls: readonly string[] = NONE;

  constructor(
    protected readonly target: CallTarget, protected readonly statement: Statement, protected readonly parameters: QueryParameters | undefined,
    protected readonly options: QueryOptions,
  ) {
    this.waiting = new WaitStatus(statement, parameters);
  }

  /** Runs `work`, traced if there is a subscriber; `signal` aborts when the result is no longer needed. */
  protected begin<T>(work: (signal: AbortSignalLike | undefined, trace: QueryTrace | undefined) => Promise<T>): Promise<T> {
    const { target, statement, options } = this;
    if (target.within) refuseControl(statement);
    return traced('query', () => queryTrace(statement, target.instance.tempDirectory), (trace) => (
      withAny(signalsOf(target, options), (signal) => this.debugged(() => work(signal, trace)))
    ));
  }

  /** Runs `work`, in which the statement runs to its end, with the number of threads that suits the statement. */
  protected withThreads<T>(work: () => Promise<T>): Promise<T> {
    const { statement, target: { instance: { remote, bootstrap } } } = this;
    if (remote === undefined) return work();
    this.urls = remote.urlsOf(statement, this.parameters);
    const isRemote = this.urls.length > 0 || bootstrap.readsRemoteTables(statement);
    return remote.during(statement, isRemote, this.isRepeatable && this.isLoneSelect, work);
  }

  /** Runs the statement with `run`, and everything that it needs: bootstrap steps, native calls, the record of files. */
  protected async perform<T>(lease: ConnectionLease, run: (attempt: Attempt) => Promise<T>): Promise<T> {
    const { statement, target: { instance, connection, within } } = this;
    const attempt = await this.attempts(lease);
    const started = performance.now();
    let hasFailed = true;
    try {
      const value = await instance.files.claimingInTurn(statement, () => run(attempt), lease.ended);
      hasFailed = false;
      instance.remote?.note(statement, this.urls);
      return value;
    } catch (error) {
      const failure = await this.failure(lease, error);
      if (within) within.failure ??= failure;
      throw this.waiting.hasBegun ? withPartOf(failure, statement.sql, this.parameters) : failure;
    } finally {
      connection.committing = undefined;
      instance.noteEnded(statement);
      connection.mayBeInTransaction = statement.mayBeInTransactionAfter(connection.mayBeInTransaction, hasFailed);
      reportColdStart(instance.timings, performance.now() - started);
    }
  }

  /** What it does at the moment, for messages. */
  protected readonly task = (): string => String(this.waiting);

  /** The typed error for an error of DuckDB. */
  protected async explain(error: unknown): Promise<DuckDbError> {
    const { parameters, target: { instance, options: { bootstrap: allowed } } } = this;
    const explained = error instanceof DuckDbError ? error : await explainedError(error, this.statement.sql, instance, { parameters, allowed });
    if (explained.code === 'FATAL') {
      instance.markBroken();
      this.target.abandon('ended when its DuckDB instance broke');
    }
    return explained;
  }

  /** Runs the statement's attempts: each is a native call, and may be repeated after a bootstrap step. */
  private async attempts(lease: ConnectionLease): Promise<Attempt> {
    const { waiting, target: { instance: { bootstrap }, options, connection } } = this;
    const noteCommit = (isRunning: boolean) => {
      connection.committing = isRunning ? this.statement.sql : undefined;
    };
    const underWay = () => bootstrap.underWay;
    waiting.for = underWay;
    const attempts = await bootstrap.attempts(lease, this.statement, this.parameters, options.bootstrap, this.isStreamed ? undefined : noteCommit);
    lease.assertOpen();
    const withCache = this.withMetadataCache(lease);
    // Each attempt takes a thread. A call that waits for a bootstrap step must not hold a thread that the step may need.
    return (once, isSelect) => attempts(() => {
      waiting.for = 'a free thread';
      return nativeCall(() => {
        waiting.for = underWay;
        waiting.hasBegun = true;
        return withCache(this.requests ? () => this.counted(lease, this.requests!, once) : once);
      }, lease.ended);
    }, isSelect);
  }

  /** Runs `work`, and prints its requests if the environment asks for that. */
  private debugged<T>(work: () => Promise<T>): Promise<T> {
    if (process.env.DUCKDB_LAMBDA_DEBUG !== 'requests') return work();
    const requests = this.requests = new (requestLog().RequestLog)(this.statement);
    return work().finally(() => requests.print(this.urls.length > 0));
  }

  /** Runs an attempt. If its statement is streamed, `requests` ends later. */
  private async counted<T>({ raw }: ConnectionLease, requests: RequestLog, once: () => Promise<T>): Promise<T> {
    await requests.begin(raw);
    let isRunning = false;
    try {
      const value = await once();
      isRunning = this.isStreamed;
      return value;
    } finally {
      if (!isRunning) await requests.end(raw);
    }
  }

  /** Runs an attempt that may use what is known of remote files, if the caller allows that. */
  private withMetadataCache(lease: ConnectionLease): <T>(once: () => Promise<T>) => Promise<T> {
    const { statement, parameters, target: { instance: { remote, bootstrap }, options } } = this;
    // The list of a glob has the versions of its files, so that DuckDB asks for nothing else.
    const mayUse = remote !== undefined && this.isRepeatable && this.isLoneSelect && !this.urls.some((url) => GLOB.test(url));
    const given = this.options.maxStalenessMs ?? options.maxStalenessMs;
    const maxStalenessMs = mayUse ? given ?? bootstrap.maxStalenessMsOf(this.urls, options.bootstrap) : 0;
    if (remote === undefined || maxStalenessMs === 0) return (once) => once();
    return (once) => remote.metadataCache.attempt(lease, statement.sql, parameters, maxStalenessMs, once);
  }

  /** Whether the statement only reads, and is neither in a transaction nor part of a script. */
  private get isLoneSelect(): boolean {
    const { statement, target: { connection } } = this;
    return !connection.mayBeInTransaction && statement.isSelect && !statement.isScript;
  }

  private async failure(lease: ConnectionLease, error: unknown): Promise<unknown> {
    try {
      // The cursor's own end has interrupted it, so that is the error to report.
      lease.assertOpen();
    } catch (ended) {
      return ended;
    }
    return this.explain(error);
  }
}

/** The signals that end a call on `target`. */
export function signalsOf(target: CallTarget, options?: CallOptions): ReadonlyArray<AbortSignalLike | undefined> {
  return [options?.signal, target.options.signal, currentInvocation()?.ending];
}

/** Throws `BUSY` for SQL that would end the transaction while its callback runs. */
function refuseControl({ transactionControl: [control] }: Statement): void {
  if (control === undefined) return;
  throw new BusyError(`a transaction ends when its callback returns or throws: do not run "${excerpt(control)}" in it`);
}

/** `error` of a statement that DuckDB had received, with its consequence for what was being written. */
function withPartOf(error: unknown, sql: string, parameters: QueryParameters | undefined): unknown {
  // A statement that was refused before it ran has not written anything, and neither has one whose bootstrap step failed.
  if (!(error instanceof DuckDbError) || !ENDING_WRITES.includes(error.code) || error.message.startsWith('the bootstrap step')) return error;
  const message = withPart(error.message, sql, parameters);
  return message === error.message ? error : retold(error, message);
}
