import { createRequire } from 'node:module';
import type { CallQueue } from './call-queue';
import { queryTrace } from './query-trace';
import type { RequestLog } from './request-log';
import type { CallOptions, CursorOptions, QueryOptions } from './types';
import { WaitStatus } from './wait-status';
import { type AbortSignalLike, withAny } from '../base/abort';
import { BusyError, DuckDbError, retold } from '../base/errors';
import { currentInvocation } from '../base/invocation';
import { textsOf } from '../base/remote-urls';
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

/** What counts requests, for debugging. */
const requestLog = () => requireFromHere('./request-log') as typeof import('./request-log');

/** What calls are made on: a cursor, or a transaction on it. */
export interface CallTarget {
  readonly instance: Instance;
  readonly connection: Connection;
  readonly queue: CallQueue;
  readonly options: CursorOptions;
  /** The transaction that the calls are statements of. */
  readonly within?: TransactionState;
  /** Ends it without waiting for what runs; `reason` tells those whose call it ends. */
  abandon(reason?: string): void;
}

/** A transaction under way. */
export interface TransactionState {
  /** Whether what is under way in it may be interrupted. */
  isRollingBack: boolean;
  /** What a statement in it has failed with. */
  failure?: unknown;
}

const NONE: readonly string[] = [];

/** What may end a statement that DuckDB is running. */
const ENDING_WRITES: readonly string[] = ['QUERY', 'BOOTSTRAP', 'CLOSED', 'RESULT_LIMIT'];

/**
 * One call that runs a statement: it is traced, has the bootstrap steps run that the statement needs, gives it to DuckDB, and explains what
 * goes wrong. How it waits for its turn, and what it makes of the result, differs.
 */
export abstract class Call {
  protected readonly waiting: WaitStatus;
  /** Whether the statement runs again where it has met files that have changed. */
  protected readonly isRepeatable: boolean = false;
  /** Whether the statement still runs when an attempt has settled. */
  protected readonly isStreamed: boolean = false;
  /** Counts the requests of what runs; undefined where nobody asks for that. */
  protected requests: RequestLog | undefined;
  /** The remote files that it reads or writes, as far as they show. */
  private urls: readonly string[] = NONE;

  constructor(
    protected readonly target: CallTarget, protected readonly statement: Statement, protected readonly parameters: QueryParameters | undefined,
    protected readonly options: QueryOptions,
  ) {
    this.waiting = new WaitStatus(statement, parameters);
  }

  /** Runs `work`, traced where somebody listens; `signal` aborts when nobody wants the answer any more. */
  protected begin<T>(work: (signal: AbortSignalLike | undefined, trace: QueryTrace | undefined) => Promise<T>): Promise<T> {
    const { target, statement, options } = this;
    if (target.within) refuseControl(statement);
    return traced('query', () => queryTrace(statement, target.instance.tempDirectory), (trace) => (
      withAny(signalsOf(target, options), (signal) => this.debugged(() => work(signal, trace)))
    ));
  }

  /** Runs `work`, in which the statement runs to its end, with the threads that suit it. */
  protected withThreads<T>(work: () => Promise<T>): Promise<T> {
    const { statement, target: { instance: { remote } } } = this;
    if (remote === undefined) return work();
    this.urls = remote.urlsOf(statement, this.parameters);
    return remote.during(statement, this.urls, work);
  }

  /** Does what the statement needs, and runs it by `run`: bootstrap steps, native calls, the record of files. */
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
      instance.noteEnded(statement);
      connection.mayBeInTransaction = statement.mayBeInTransactionAfter(connection.mayBeInTransaction, hasFailed);
      reportColdStart(instance.timings, performance.now() - started);
    }
  }

  /** What it does just now, in messages. */
  protected readonly task = (): string => String(this.waiting);

  /** The typed error for what DuckDB threw. */
  protected async explain(error: unknown): Promise<DuckDbError> {
    if (error instanceof DuckDbError) return error;
    const { parameters, target: { instance, options: { bootstrap: allowed } } } = this;
    const explained = await explainedError(error, this.statement.sql, instance, { parameters, allowed });
    if (explained.code === 'FATAL') {
      instance.markBroken();
      this.target.abandon('ended when its DuckDB instance broke');
    }
    return explained;
  }

  /** How the statement's attempts run: each is a native call, and may run again after a bootstrap step. */
  private async attempts(lease: ConnectionLease): Promise<Attempt> {
    const { waiting, target: { instance: { bootstrap }, options } } = this;
    const underWay = () => bootstrap.underWay;
    waiting.for = underWay;
    const attempts = await bootstrap.attempts(lease, this.statement, options.bootstrap);
    lease.assertOpen();
    const withCache = this.withMetadataCache(lease);
    // A thread is taken for each: what waits for a bootstrap step must not hold what the step may need.
    return (once, isSelect) => attempts(() => {
      waiting.for = 'a free thread';
      return nativeCall(() => {
        waiting.for = underWay;
        waiting.hasBegun = true;
        return withCache(() => this.counted(lease, once));
      }, lease.ended);
    }, isSelect);
  }

  /** Runs `work`, and prints the requests that it makes where the environment asks for that. */
  private async debugged<T>(work: () => Promise<T>): Promise<T> {
    if (process.env.DUCKDB_LAMBDA_DEBUG !== 'requests') return work();
    const requests = this.requests = new (requestLog().RequestLog)(this.statement);
    return work().finally(() => requests.print(this.urls.length > 0));
  }

  /** Runs an attempt; `requests` is to be ended later where its statement is streamed. */
  private async counted<T>({ raw }: ConnectionLease, once: () => Promise<T>): Promise<T> {
    if (this.requests === undefined) return once();
    await this.requests.begin(raw);
    let isRunning = false;
    try {
      const value = await once();
      isRunning = this.isStreamed;
      return value;
    } finally {
      if (!isRunning) await this.requests.end(raw);
    }
  }

  /** How an attempt runs that may answer by what is known of remote files. */
  private withMetadataCache(lease: ConnectionLease): <T>(once: () => Promise<T>) => Promise<T> {
    const { statement, parameters, target: { instance: { remote, bootstrap }, connection, options } } = this;
    const mayUse = remote !== undefined && this.isRepeatable && !connection.mayBeInTransaction && statement.isSelect && !statement.isScript;
    const maxStalenessMs = mayUse ? this.options.maxStalenessMs ?? options.maxStalenessMs ?? bootstrap.maxStalenessMsOf(this.urls) : 0;
    if (remote === undefined || maxStalenessMs === 0) return (once) => once();
    const key = textsOf(statement.sql, parameters).join('\n');
    return (once) => remote.metadataCache.attempt(lease, key, maxStalenessMs, once);
  }

  private async failure(lease: ConnectionLease, error: unknown): Promise<unknown> {
    try {
      // Interrupted by the cursor's own end: that is what happened.
      lease.assertOpen();
    } catch (ended) {
      return ended;
    }
    return this.explain(error);
  }
}

/** What ends a call on `target`. */
export function signalsOf(target: CallTarget, options?: CallOptions): ReadonlyArray<AbortSignalLike | undefined> {
  return [options?.signal, target.options.signal, currentInvocation()?.ending];
}

/** Throws `BUSY` for SQL that would end the transaction under its callback. */
function refuseControl({ transactionControl: [control] }: Statement): void {
  if (control === undefined) return;
  throw new BusyError(`a transaction ends when its callback returns, or throws: "${excerpt(control)}" is not for SQL here`);
}

/** `error` of a statement that DuckDB had been given, with what it means for what was being written. */
function withPartOf(error: unknown, sql: string, parameters: QueryParameters | undefined): unknown {
  // What is refused before it runs has written nothing, nor has what a bootstrap step is to be made for.
  if (!(error instanceof DuckDbError) || !ENDING_WRITES.includes(error.code) || error.message.startsWith('the bootstrap step')) return error;
  const message = withPart(error.message, sql, parameters);
  return message === error.message ? error : retold(error, message);
}
