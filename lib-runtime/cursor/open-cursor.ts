import type { DuckDBConnection } from '@duckdb/node-api';
import { CallQueue } from './call-queue';
import { CALL_OPTIONS, QUERY_OPTIONS } from './options';
import { queryTrace } from './query-trace';
import { batches, limitBuffer, RowStream } from './stream';
import type { CallOptions, Cursor, CursorOptions, QueryOptions, QueryResult } from './types';
import { WaitStatus } from './wait-status';
import { type AbortSignalLike, orAborted, withAny } from '../base/abort';
import { BusyError, ClosedError, DuckDbError, FatalError, QueryError, ResultLimitError, retold, StreamError } from '../base/errors';
import { currentInvocation, type Openable, type OpenedAt } from '../base/invocation';
import { processMemoryBytes } from '../base/lambda-environment';
import { callback, checkSql, textArgument } from '../base/options';
import { excerpt } from '../base/sql-text';
import { DUCKDB } from '../base/wording';
import { nativeCall } from '../client/native-calls';
import { explainedError } from '../diagnosis/query-error';
import { withPart } from '../diagnosis/remote-write';
import { streamIsRetryable } from '../diagnosis/stream-retryable';
import type { Connection, ConnectionLease } from '../execution/connection';
import { type Attempt, type Outcome, runSql, streamSql } from '../execution/statements';
import { isInTransaction, mayBeInTransactionAfter, transactionControl } from '../execution/transactions';
import { mayAttach } from '../instance/attach-statements';
import type { Instance } from '../instance/instance';
import { guardMemory } from '../memory/memory-guard';
import { watchSpill } from '../memory/spill';
import { reportColdStart } from '../observe/cold-start';
import { metricsAreOn } from '../observe/metrics';
import type { QueryTrace } from '../observe/traces';
import { traced } from '../observe/tracing';
import { copyParameters, type QueryParameters } from '../values/parameters';
import { readColumns, RowReader, readRows } from '../values/rows';

/** One call that runs SQL. */
interface Call {
  readonly waiting: WaitStatus;
  /** Where somebody listens. */
  readonly trace: QueryTrace | undefined;
  /** Aborts when nobody wants the answer any more. */
  readonly signal: AbortSignalLike | undefined;
}

/** The transaction that a cursor is the handle of. */
interface Transaction {
  /** Whether what is under way in it may be interrupted. */
  isRollingBack: boolean;
  /** What a statement in it has failed with. */
  failure?: unknown;
}

/** What may end a statement that DuckDB is running. */
const ENDING_WRITES: readonly string[] = ['QUERY', 'BOOTSTRAP', 'CLOSED', 'RESULT_LIMIT'];

const HANDLE_ADVICE = 'has a transaction under way, and this call is made inside its callback: make it on the cursor that the callback was given';

/** A cursor on an instance: what `cursor` and `session` hand out. */
export class OpenCursor implements Cursor, Openable {
  /** Connects to `instance`; the cursor is called `what` in messages. */
  static async on(instance: Instance, what: string, options: CursorOptions, origin: OpenedAt | undefined): Promise<OpenCursor> {
    instance.bootstrap.check(options.bootstrap);
    return new OpenCursor(instance, await instance.connect(what), options, origin);
  }

  private isBufferLimited = false;

  /** `calls` are those of this cursor; `within` is the transaction that it is the handle of. */
  constructor(
    protected readonly instance: Instance, private readonly connection: Connection, private readonly options: CursorOptions,
    private readonly origin: OpenedAt | undefined, private readonly calls = new CallQueue(connection), private readonly within?: Transaction,
  ) {
    origin?.invocation.opened(this, origin.place);
  }

  async query<R>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<R[]> {
    const { result } = await this.run(sql, params, options);
    return await readRows(result, options?.rows ?? 'js', limits(options)) as R[];
  }

  async queryOne<R>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<R | undefined> {
    const { result } = await this.run(sql, params, options);
    if (result.rowCount > 1) throw new ResultLimitError(`queryOne got ${result.rowCount} rows, expected one or none: add a LIMIT 1, or use query`);
    return (await readRows(result, options?.rows ?? 'js', limits(options)))[0] as R | undefined;
  }

  async queryResult<R>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<QueryResult<R>> {
    const { result, rowsChanged } = await this.run(sql, params, options);
    const rows = await readRows(result, options?.rows ?? 'js', limits(options)) as R[];
    return { rows, columns: readColumns(result), rowsChanged };
  }

  async execute(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<{ rowsChanged: number }> {
    const { rowsChanged } = await this.run(sql, params, options);
    return { rowsChanged };
  }

  stream<R>(sql: string, params?: QueryParameters, options?: QueryOptions): AsyncIterable<R[]> {
    // As they are at the call: the stream begins with its loop.
    const copy = copyParameters(params);
    return { [Symbol.asyncIterator]: () => this.openStream(sql, copy, options) as AsyncIterator<R[]> };
  }

  async transaction<T>(fn: (transaction: Cursor) => Promise<T>, given?: CallOptions): Promise<T> {
    callback('transaction()', fn);
    const options = CALL_OPTIONS.read(given);
    return withAny(this.signals(options), async (signal) => {
      if (this.within) throw new BusyError('this is a transaction already, and DuckDB nests none: run its statements in this one, or open another cursor');
      // Whoever waits for his turn and gives up leaves the cursor as it is.
      return this.calls.hold(
        () => orAborted(this.inOneTransaction(fn), signal, () => this.doing, () => this.abandon()), () => 'waiting for its turn on the cursor, for a transaction', signal,
      );
    });
  }

  private async inOneTransaction<T>(fn: (transaction: Cursor) => Promise<T>): Promise<T> {
    await this.assertNoTransaction();
    // Statements of its own, which are made when none of the handle's are under way.
    const control = this.sibling(new CallQueue(this.connection));
    const calls = new CallQueue(this.connection);
    const within: Transaction = { isRollingBack: false };
    await control.execute('BEGIN TRANSACTION');
    try {
      const value = await this.calls.holding(HANDLE_ADVICE, async () => fn(this.sibling(calls, within)));
      await calls.end(handleClosed('has ended'));
      await control.assertNotAborted();
      // DuckDB would go on after some errors, and commit half of what was meant.
      if (within.failure !== undefined) throw rolledBack(within.failure);
      await control.execute('COMMIT');
      return value;
    } catch (error) {
      within.isRollingBack = true;
      await calls.abandon(handleClosed('is rolled back')).then(() => control.execute('ROLLBACK')).catch((failure) => this.afterRollback(failure));
      throw error;
    }
  }

  /** Another cursor on the same connection. */
  private sibling(calls: CallQueue, within?: Transaction): OpenCursor {
    return new OpenCursor(this.instance, this.connection, this.options, undefined, calls, within);
  }

  /** Nothing may go on in a transaction that nobody knows of. */
  private afterRollback(failure: DuckDbError): void {
    // One that could not be committed is over.
    if (DUCKDB.noTransaction.test(failure.message)) return;
    this.abandon('ended, as its transaction could not be rolled back');
  }

  /** A second BEGIN would abort the first one's transaction. */
  private async assertNoTransaction(): Promise<void> {
    if (!this.connection.mayBeInTransaction) return;
    this.connection.mayBeInTransaction = await this.connection.run(({ raw }) => isInTransaction(raw), () => 'looking for a transaction', undefined, () => undefined);
    if (this.connection.mayBeInTransaction) {
      throw new BusyError('a transaction that SQL has begun is under way on this cursor, and DuckDB nests none: COMMIT or ROLLBACK it first, ' +
        'or open another cursor');
    }
  }

  async withConnection<T>(fn: (connection: DuckDBConnection) => Promise<T>, given?: CallOptions): Promise<T> {
    callback('withConnection()', fn);
    const options = CALL_OPTIONS.read(given);
    const borrow = (raw: DuckDBConnection) => {
      this.connection.mayBeInTransaction = true;
      return fn(raw);
    };
    return this.untilAborted(this.instance.recordingAll(() => this.calls.lend(borrow)), options);
  }

  async bootstrap(...names: string[]): Promise<void> {
    for (const name of names) textArgument('the name of a bootstrap step', name);
    this.connection.assertOpen();
    await withAny(this.signals(), (signal) => orAborted(this.instance.bootstrap.run(names), signal, () => `waiting for ${this.instance.bootstrap.underWay}`));
  }

  async close(reason?: string): Promise<void> {
    if (this.within) throw new BusyError('a transaction ends when its callback returns, or throws: return from it instead of closing it');
    this.origin?.invocation.closed(this);
    // Where a transaction was left open, its server may take its time to roll it back.
    await withAny(this.signals(), (signal) => this.closed(reason, signal));
  }

  /** Settles when the connection is closed, or as soon as `signal` aborts. */
  private async closed(reason: string | undefined, signal: AbortSignalLike | undefined): Promise<void> {
    const leave = () => this.connection.abandon();
    signal?.addEventListener('abort', leave);
    const closing = this.connection.close(reason);
    if (signal?.aborted) leave();
    await closing.finally(() => signal?.removeEventListener('abort', leave));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What it is, in messages. */
  get what(): string {
    return this.connection.what;
  }

  /** What it does just now, for messages. */
  get doing(): string {
    return this.connection.doing;
  }

  /** Whether a call on it is under way. */
  get isBusy(): boolean {
    return this.calls.isBusy;
  }

  /** Ends the cursor without waiting for what runs on it; `reason` tells those whose call it ends. */
  abandon(reason?: string): void {
    this.origin?.invocation.closed(this);
    this.connection.abandon(reason);
  }

  private async run(sql: string, parameters: QueryParameters | undefined, given: QueryOptions | undefined): Promise<Outcome> {
    checkSql(sql);
    const options = QUERY_OPTIONS.read(given);
    const params = copyParameters(parameters);
    const { maxBytes } = limits(options);
    return this.call(sql, params, options, ({ waiting, trace, signal }) => this.calls.exclusive(async (turn) => {
      const run = (attempt: Attempt) => guardMemory(maxBytes, () => turn.raw.interrupt(), () => runSql(turn, sql, params, attempt));
      const outcome = await this.watched(trace, () => this.runWithBootstrap(turn, sql, params, waiting, run));
      if (trace) trace.rows = outcome.result.rowCount;
      return outcome;
    }, () => String(waiting), signal));
  }

  private openStream(sql: string, params: QueryParameters | undefined, given: QueryOptions | undefined) {
    checkSql(sql);
    const options = QUERY_OPTIONS.read(given);
    // They are not all in memory at once.
    const streamLimits = { maxRows: options?.maxRows, maxBytes: options?.maxBytes ?? Infinity };
    const work = (call: Call, started: (stream: RowStream) => void) => this.calls.streaming((turn, began) => this.watched(call.trace, async () => {
      const { waiting, trace } = call;
      // Where it cannot be set, as in a transaction that has failed, the stream will say why, or do without.
      if (!this.isBufferLimited) await limitBuffer(turn.raw).catch(() => undefined);
      this.isBufferLimited = true;
      // Who may be in one reads a stream to its end though its loop was left, which may take for ever.
      if (this.connection.mayBeInTransaction && !this.within) this.connection.mayBeInTransaction = await isInTransaction(turn.raw);
      const result = await this.runWithBootstrap(turn, sql, params, waiting, (attempt) => streamSql(turn, sql, params, attempt));
      waiting.for = 'the rest of its rows to be read';
      const reader = new RowReader(result, options?.rows ?? 'js', streamLimits);
      const isLeavable = () => (this.within ? this.within.isRollingBack : !this.connection.mayBeInTransaction);
      const stream = new RowStream(result, reader, turn, isLeavable, () => this.streamFailure(turn, sql, params, reader.rowCount));
      began(stream);
      started(stream);
      await stream.ended.finally(() => { if (trace) trace.rows = reader.rowCount; });
    }), () => String(call.waiting), call.signal);
    return batches((started) => this.call(sql, params, options, (call) => work(call, started)));
  }

  /** Notes how much a query has on disk, where metrics are on. */
  private watched<T>(trace: QueryTrace | undefined, work: () => Promise<T>): Promise<T> {
    if (trace === undefined || !metricsAreOn()) return work();
    return watchSpill(this.instance.tempDirectory, work, (bytes) => trace.spillBytes = bytes);
  }

  /** A call that runs `sql`: traced, and ended by whichever signal aborts first. */
  private async call<T>(
    sql: string, params: QueryParameters | undefined, options: QueryOptions | undefined, work: (call: Call) => Promise<T>,
  ): Promise<T> {
    if (this.within) refuseControl(sql);
    const waiting = new WaitStatus(sql, params);
    return traced('query', () => queryTrace(sql), (trace) => withAny(this.signals(options), (signal) => work({ waiting, trace, signal })));
  }

  /** Does what `sql` needs, and runs it: bootstrap steps, native calls, the record of files. */
  private async runWithBootstrap<T>(
    turn: ConnectionLease, sql: string, parameters: QueryParameters | undefined, waiting: WaitStatus, run: (attempt: Attempt) => Promise<T>,
  ): Promise<T> {
    const { bootstrap } = this.instance;
    waiting.for = () => bootstrap.underWay;
    const attempts = await bootstrap.attempts(turn, sql, this.options.bootstrap);
    turn.assertOpen();
    const started = performance.now();
    // Not around the whole: what waits for a bootstrap step must not hold what the step may need.
    const attempt: Attempt = (once, onlyReads) => attempts(() => {
      waiting.for = 'a free thread';
      return nativeCall(() => {
        waiting.for = () => bootstrap.underWay;
        waiting.hasBegun = true;
        return once();
      }, turn.ended);
    }, onlyReads);
    let hasFailed = true;
    try {
      const value = await (mayAttach(sql) ? this.attaching(sql, () => run(attempt), turn.ended) : run(attempt));
      hasFailed = false;
      return value;
    } catch (error) {
      const failure = await this.failure(turn, error, sql, parameters);
      if (this.within) this.within.failure ??= failure;
      throw waiting.hasBegun ? withPartOf(failure, sql, parameters) : failure;
    } finally {
      this.instance.noteEnded(sql);
      this.connection.mayBeInTransaction = mayBeInTransactionAfter(sql, this.connection.mayBeInTransaction, hasFailed);
      reportColdStart(this.instance.timings, performance.now() - started);
    }
  }

  /** Runs SQL that changes what is attached, one such statement at a time. */
  private async attaching<T>(sql: string, run: () => Promise<T>, ended: AbortSignalLike): Promise<T> {
    const release = await this.instance.attaching.acquire(ended);
    try {
      return await this.instance.claimingFiles(sql, run);
    } finally {
      release();
    }
  }

  private signals(options?: CallOptions): ReadonlyArray<AbortSignalLike | undefined> {
    return [options?.signal, this.options.signal, currentInvocation()?.ending];
  }

  private untilAborted<T>(work: Promise<T>, options: CallOptions | undefined): Promise<T> {
    return withAny(this.signals(options), (signal) => orAborted(work, signal, () => this.doing, () => this.abandon()));
  }

  private async failure(turn: ConnectionLease, error: unknown, sql: string, parameters: QueryParameters | undefined): Promise<unknown> {
    try {
      // Interrupted by the cursor's own end: that is what happened.
      turn.assertOpen();
    } catch (ended) {
      return ended;
    }
    return this.explain(error, sql, parameters);
  }

  private async explain(error: unknown, sql: string, parameters: QueryParameters | undefined): Promise<unknown> {
    if (error instanceof DuckDbError) return error;
    const explained = await explainedError(error, sql, this.instance, { parameters, allowed: this.options.bootstrap });
    if (explained.code === 'FATAL') {
      this.instance.markBroken();
      this.abandon('ended when its DuckDB instance broke');
    }
    return explained;
  }

  /** Why a stream has failed, after `rows` rows. DuckDB's client does not tell, but what broke its instance shows at the next statement. */
  private async streamFailure({ raw }: ConnectionLease, sql: string, parameters: QueryParameters | undefined, rows: number): Promise<unknown> {
    const next = await raw.run('SELECT 1').then(() => undefined, (error) => this.explain(error, sql, parameters));
    if (next instanceof FatalError) return next;
    const retryable = streamIsRetryable(sql, this.instance.bootstrap.catalogs, parameters);
    const failed = `the query failed after ${rows} rows, and DuckDB's client does not tell why: run it with query() to see the reason`;
    return new StreamError(withPart(failed, sql, parameters), { retryable });
  }

  /** COMMIT of an aborted transaction returns OK, and has rolled back: so ask first. */
  private async assertNotAborted(): Promise<void> {
    try {
      await this.execute('SELECT 1');
    } catch (cause) {
      if ((cause as DuckDbError).duckdbType !== 'TransactionContext Error') throw cause;
      throw rolledBack(cause);
    }
  }
}

function rolledBack(cause: unknown): QueryError {
  return new QueryError('the transaction was rolled back: a statement in it had failed, even though its error was caught', { cause });
}

/** The cursor that `open` opens, or a rejection as soon as `signal` aborts or the invocation nears its end; one that opens too late is closed. */
export function untilAborted<C extends OpenCursor>(open: () => Promise<C>, signal: AbortSignalLike | undefined, what: string): Promise<C> {
  return withAny([signal, currentInvocation()?.ending], (either) => {
    const opening = open();
    return orAborted(opening, either, () => `opening ${what}`, () => void opening.then((late) => late.abandon(), () => undefined));
  });
}

/** Runs `fn` with an open cursor, and closes it. When `signal` aborts, nobody waits for the cursor's end. */
export async function closeAfter<C extends OpenCursor, T>(opened: C, fn: (cursor: C) => Promise<T>, signal?: AbortSignalLike): Promise<T> {
  let reason: string | undefined;
  try {
    return await withAny([signal, currentInvocation()?.ending], (either) => (
      orAborted(called(opened, fn), either, () => opened.doing, () => opened.abandon())
    ));
  } finally {
    if (opened.isBusy) reason = 'was closed, as its callback had returned before this call was done (await the call, or return it)';
    await opened.close(reason);
  }
}

/** However `fn` is written, what it throws or returns comes as a promise. */
async function called<C extends OpenCursor, T>(opened: C, fn: (cursor: C) => Promise<T>): Promise<T> {
  const returned = fn(opened);
  if (opened.isBusy && typeof returned?.then !== 'function') {
    throw new BusyError(`the callback has returned while ${opened.doing}: await the call in an async callback, or return it`);
  }
  return returned;
}

function handleClosed(what: string): ClosedError {
  return new ClosedError(`this transaction ${what}: await every call before its callback returns, and begin another one for the rest`);
}

/** Throws `BUSY` for SQL that would end the transaction under its callback. */
function refuseControl(sql: string): void {
  const [control] = transactionControl(sql);
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

function limits(options: QueryOptions | undefined) {
  return { maxRows: options?.maxRows, maxBytes: options?.maxBytes ?? processMemoryBytes(process.env) / 4 };
}
