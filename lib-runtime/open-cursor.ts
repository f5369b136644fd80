import type { DuckDBConnection } from '@duckdb/node-api';
import { type AbortSignalLike, orAborted, withAny } from './abort';
import { mayAttach } from './attach-statements';
import { reportColdStart } from './cold-start';
import type { Connection } from './connection';
import type { Cursor, CursorOptions, QueryOptions, QueryResult } from './cursor';
import { BusyError, DuckDbError, QueryError, ResultLimitError } from './errors';
import type { Instance } from './instance';
import { processMemoryBytes } from './lambda-environment';
import { guardMemory } from './memory-guard';
import { nativeCall } from './native-calls';
import type { QueryParameters } from './parameters';
import { queryError } from './query-error';
import { readColumns, readRows } from './rows';
import { startOf } from './sql-text';
import { type Attempt, type Outcome, runSql } from './statements';

/** A cursor on an instance: what `cursor` and `session` hand out. */
export class OpenCursor implements Cursor {
  /** Connects to `instance`; the cursor is called `what` in messages. */
  static async on(instance: Instance, what: string, options: CursorOptions): Promise<OpenCursor> {
    instance.bootstrap.check(options.bootstrap);
    return new OpenCursor(instance, await instance.connect(what), options);
  }

  private inTransaction = false;

  constructor(
    protected readonly instance: Instance, private readonly connection: Connection, private readonly options: CursorOptions,
  ) {}

  async query<Row>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<Row[]> {
    const { result } = await this.run(sql, params, options);
    return await readRows(result, options?.rows ?? 'js', limits(options)) as Row[];
  }

  async queryOne<Row>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<Row | undefined> {
    const { result } = await this.run(sql, params, options);
    if (result.rowCount > 1) throw new ResultLimitError(`queryOne got ${result.rowCount} rows, expected one or none: add a LIMIT 1, or use query`);
    return (await readRows(result, options?.rows ?? 'js', limits(options)))[0] as Row | undefined;
  }

  async queryResult<Row>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<QueryResult<Row>> {
    const { result, rowsChanged } = await this.run(sql, params, options);
    const rows = await readRows(result, options?.rows ?? 'js', limits(options)) as Row[];
    return { rows, columns: readColumns(result), rowsChanged };
  }

  async execute(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<{ rowsChanged: number }> {
    const { rowsChanged } = await this.run(sql, params, options);
    return { rowsChanged };
  }

  async transaction<T>(fn: (cursor: Cursor) => Promise<T>): Promise<T> {
    if (this.inTransaction) {
      throw new BusyError('a transaction is under way on this cursor, and DuckDB nests none: run its statements in that one, or open another cursor');
    }
    this.inTransaction = true;
    try {
      return await this.inOneTransaction(fn);
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

  withConnection<T>(fn: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.instance.recordingFiles(() => this.connection.lend(fn, this.options.signal));
  }

  async bootstrap(...names: string[]): Promise<void> {
    this.connection.assertOpen();
    await this.instance.bootstrap.run(names);
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What it does just now, for messages. */
  get doing(): string {
    return this.connection.doing;
  }

  /** Ends the cursor without waiting for what runs on it. */
  giveUp(): void {
    this.connection.giveUp();
  }

  private run(sql: string, params: QueryParameters | undefined, options: QueryOptions | undefined): Promise<Outcome> {
    return withAny([options?.signal, this.options.signal], (signal) => this.connection.exclusive(async (turn) => {
      const attempts = await this.instance.bootstrap.attempts(turn, sql, this.options.bootstrap);
      turn.assertOpen();
      const started = performance.now();
      try {
        const { maxBytes } = limits(options);
        // Not around the whole: what waits for a bootstrap step must not hold what the step may need.
        const attempt: Attempt = (once, onlyReads) => attempts(() => nativeCall(once, turn.ended), onlyReads);
        const run = () => guardMemory(maxBytes, () => turn.raw.interrupt(), () => runSql(turn, sql, params, attempt));
        return await (mayAttach(sql) ? this.attaching(sql, run, turn.ended) : run());
      } catch (error) {
        // Interrupted by the cursor's own end: that is what happened.
        turn.assertOpen();
        throw this.explain(error, sql);
      } finally {
        reportColdStart(this.instance.timings, performance.now() - started);
      }
    }, () => `running: ${startOf(sql)}`, signal));
  }

  /** Runs SQL that changes what is attached, one such statement at a time. */
  private async attaching(sql: string, run: () => Promise<Outcome>, ended: AbortSignalLike): Promise<Outcome> {
    const release = await this.instance.attaching.acquire(ended);
    try {
      return await this.instance.claimingFiles(sql, run);
    } finally {
      release();
    }
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

/** An opening cursor, or a rejection as soon as `signal` aborts; a cursor that opens too late is closed. */
export function untilAborted<C extends OpenCursor>(opening: Promise<C>, signal: AbortSignalLike | undefined, what: string): Promise<C> {
  return orAborted(opening, signal, () => `opening ${what}`, () => void opening.then((late) => late.giveUp(), () => undefined));
}

/** Runs `fn` with an open cursor, and closes it. When `signal` aborts, nobody waits for the cursor's end. */
export async function use<C extends OpenCursor, T>(opened: C, fn: (cursor: C) => Promise<T>, signal?: AbortSignalLike): Promise<T> {
  try {
    // However `fn` is written, what it throws or returns comes as a promise.
    const work = (async () => fn(opened))();
    return await orAborted(work, signal, () => opened.doing, () => opened.giveUp());
  } finally {
    await opened.close();
  }
}

function limits(options: QueryOptions | undefined) {
  return { maxRows: options?.maxRows, maxBytes: options?.maxBytes ?? processMemoryBytes(process.env) / 4 };
}
