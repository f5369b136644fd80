import type { DuckDBConnection } from '@duckdb/node-api';
import { type AbortSignalLike, orAborted, withAny } from './abort';
import { mayAttach } from './attach-statements';
import { reportColdStart } from './cold-start';
import type { Connection, Turn } from './connection';
import type { CallOptions, Cursor, CursorOptions, QueryOptions, QueryResult } from './cursor';
import { BusyError, DuckDbError, QueryError, ResultLimitError } from './errors';
import type { Instance } from './instance';
import { currentInvocation, type Openable, type Origin } from './invocation';
import { processMemoryBytes } from './lambda-environment';
import { guardMemory } from './memory-guard';
import { metricsAreOn } from './metrics';
import { nativeCall } from './native-calls';
import type { QueryParameters } from './parameters';
import { queryError } from './query-error';
import { queryTrace } from './query-trace';
import { checkFormat, readColumns, RowReader, readRows } from './rows';
import { watchSpill } from './spill';
import { type Attempt, type Outcome, runSql, streamSql } from './statements';
import { batches, limitBuffer, RowStream } from './stream';
import type { QueryTrace } from './traces';
import { traced } from './tracing';
import { isInTransaction, mayBeInTransactionAfter } from './transactions';
import { Waiting } from './waiting';

/** One call that runs SQL. */
interface Call {
  readonly waiting: Waiting;
  /** Where somebody listens. */
  readonly trace: QueryTrace | undefined;
  /** Aborts when nobody wants the answer any more. */
  readonly signal: AbortSignalLike | undefined;
}

/** A cursor on an instance: what `cursor` and `session` hand out. */
export class OpenCursor implements Cursor, Openable {
  /** Connects to `instance`; the cursor is called `what` in messages. */
  static async on(instance: Instance, what: string, options: CursorOptions, origin: Origin | undefined): Promise<OpenCursor> {
    instance.bootstrap.check(options.bootstrap);
    return new OpenCursor(instance, await instance.connect(what), options, origin);
  }

  private inTransaction = false;
  /** By `transaction` or by SQL, as far as its text tells. */
  private mayBeInTransaction = false;
  private isBufferLimited = false;

  constructor(
    protected readonly instance: Instance, private readonly connection: Connection, private readonly options: CursorOptions,
    private readonly origin: Origin | undefined,
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
    return { [Symbol.asyncIterator]: () => this.openStream(sql, params, options) as AsyncIterator<R[]> };
  }

  async transaction<T>(fn: (cursor: Cursor) => Promise<T>, options?: CallOptions): Promise<T> {
    if (this.inTransaction) {
      throw new BusyError('a transaction is under way on this cursor, and DuckDB nests none: run its statements in that one, or open another cursor');
    }
    this.inTransaction = true;
    try {
      return await this.untilAborted(this.inOneTransaction(fn), options);
    } finally {
      this.inTransaction = false;
    }
  }

  private async inOneTransaction<T>(fn: (cursor: Cursor) => Promise<T>): Promise<T> {
    await this.execute('BEGIN TRANSACTION');
    let value: T;
    try {
      value = await fn(this);
      await this.assertNotAborted();
    } catch (error) {
      // What ended the transaction is the news, not that there is nothing left to roll back.
      await this.execute('ROLLBACK').catch(() => undefined);
      throw error;
    }
    await this.execute('COMMIT');
    return value;
  }

  withConnection<T>(fn: (connection: DuckDBConnection) => Promise<T>, options?: CallOptions): Promise<T> {
    this.mayBeInTransaction = true;
    return this.untilAborted(this.instance.recordingFiles(() => this.connection.lend(fn)), options);
  }

  async bootstrap(...names: string[]): Promise<void> {
    this.connection.assertOpen();
    await withAny(this.signals(), (signal) => orAborted(this.instance.bootstrap.run(names), signal, () => `waiting for ${this.instance.bootstrap.underWay}`));
  }

  async close(): Promise<void> {
    this.origin?.invocation.closed(this);
    await this.connection.close();
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

  /** Ends the cursor without waiting for what runs on it. */
  giveUp(): void {
    this.origin?.invocation.closed(this);
    this.connection.giveUp();
  }

  private run(sql: string, params: QueryParameters | undefined, options: QueryOptions | undefined): Promise<Outcome> {
    const { maxBytes } = limits(options);
    return this.call(sql, options, ({ waiting, trace, signal }) => this.connection.exclusive(async (turn) => {
      const run = (attempt: Attempt) => guardMemory(maxBytes, () => turn.raw.interrupt(), () => runSql(turn, sql, params, attempt));
      const outcome = await this.watched(trace, () => this.perform(turn, sql, waiting, run));
      if (trace) trace.rows = outcome.result.rowCount;
      return outcome;
    }, () => String(waiting), signal));
  }

  private openStream(sql: string, params: QueryParameters | undefined, options: QueryOptions | undefined) {
    // They are not all in memory at once.
    const streamLimits = { maxRows: options?.maxRows, maxBytes: options?.maxBytes ?? Infinity };
    const work = (call: Call, started: (stream: RowStream) => void) => this.connection.stream((turn) => this.watched(call.trace, async () => {
      const { waiting, trace } = call;
      // Where it cannot be set, as in a transaction that has failed, the stream will say why, or do without.
      if (!this.isBufferLimited) await limitBuffer(turn.raw).catch(() => undefined);
      this.isBufferLimited = true;
      // Who may be in one reads a stream to its end though its loop was left, which may take for ever.
      if (this.mayBeInTransaction) this.mayBeInTransaction = await isInTransaction(turn.raw);
      const result = await this.perform(turn, sql, waiting, (attempt) => streamSql(turn, sql, params, attempt));
      waiting.for = 'the rest of its rows to be read';
      const reader = new RowReader(result, options?.rows ?? 'js', streamLimits);
      const stream = new RowStream(result, reader, turn, () => !this.mayBeInTransaction);
      started(stream);
      await stream.ended.finally(() => { if (trace) trace.rows = reader.rowCount; });
    }), () => String(call.waiting), call.signal);
    return batches((started) => this.call(sql, options, (call) => work(call, started)));
  }

  /** Notes how much a query has on disk, where metrics are on. */
  private watched<T>(trace: QueryTrace | undefined, work: () => Promise<T>): Promise<T> {
    if (trace === undefined || !metricsAreOn()) return work();
    return watchSpill(this.instance.tempDirectory, work, (bytes) => trace.spillBytes = bytes);
  }

  /** A call that runs `sql`: traced, and ended by whichever signal aborts first. */
  private async call<T>(sql: string, options: QueryOptions | undefined, work: (call: Call) => Promise<T>): Promise<T> {
    checkFormat(options?.rows);
    const waiting = new Waiting(sql);
    return traced('query', () => queryTrace(sql), (trace) => withAny(this.signals(options), (signal) => work({ waiting, trace, signal })));
  }

  /** Does what `sql` needs, and runs it: bootstrap steps, native calls, the record of files. */
  private async perform<T>(turn: Turn, sql: string, waiting: Waiting, run: (attempt: Attempt) => Promise<T>): Promise<T> {
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
        return once();
      }, turn.ended);
    }, onlyReads);
    try {
      return await (mayAttach(sql) ? this.attaching(sql, () => run(attempt), turn.ended) : run(attempt));
    } catch (error) {
      // Interrupted by the cursor's own end: that is what happened.
      turn.assertOpen();
      throw this.explain(error, sql);
    } finally {
      this.instance.noteEnded(sql);
      this.mayBeInTransaction = mayBeInTransactionAfter(sql, this.mayBeInTransaction);
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
    return withAny(this.signals(options), (signal) => orAborted(work, signal, () => this.doing, () => this.giveUp()));
  }

  private explain(error: unknown, sql: string): unknown {
    if (error instanceof DuckDbError) return error;
    const explained = queryError(error, sql);
    if (explained.code === 'FATAL') this.instance.markBroken();
    return explained;
  }

  /** COMMIT of an aborted transaction returns OK, and has rolled back: so ask first. */
  private async assertNotAborted(): Promise<void> {
    try {
      await this.execute('SELECT 1');
    } catch (cause) {
      if ((cause as DuckDbError).duckdbType !== 'TransactionContext Error') throw cause;
      throw new QueryError('the transaction was rolled back: a statement in it had failed, even though its error was caught', { cause });
    }
  }
}

/** An opening cursor, or a rejection as soon as `signal` aborts or the invocation nears its end; a cursor that opens too late is closed. */
export function untilAborted<C extends OpenCursor>(opening: Promise<C>, signal: AbortSignalLike | undefined, what: string): Promise<C> {
  return withAny([signal, currentInvocation()?.ending], (either) => (
    orAborted(opening, either, () => `opening ${what}`, () => void opening.then((late) => late.giveUp(), () => undefined))
  ));
}

/** Runs `fn` with an open cursor, and closes it. When `signal` aborts, nobody waits for the cursor's end. */
export async function use<C extends OpenCursor, T>(opened: C, fn: (cursor: C) => Promise<T>, signal?: AbortSignalLike): Promise<T> {
  try {
    return await withAny([signal, currentInvocation()?.ending], (either) => {
      // However `fn` is written, what it throws or returns comes as a promise.
      const work = (async () => fn(opened))();
      return orAborted(work, either, () => opened.doing, () => opened.giveUp());
    });
  } finally {
    await opened.close();
  }
}

function limits(options: QueryOptions | undefined) {
  return { maxRows: options?.maxRows, maxBytes: options?.maxBytes ?? processMemoryBytes(process.env) / 4 };
}
