import type { DuckDBConnection, DuckDBMaterializedResult } from '@duckdb/node-api';
import { signalsOf, type TransactionState } from './call';
import type { CallQueue } from './call-queue';
import { CALL_OPTIONS, QUERY_OPTIONS } from './options';
import { QueryCall } from './query-call';
import { batches } from './stream';
import { StreamCall, type StreamTarget } from './stream-call';
import type { CallOptions, Cursor, CursorOptions, QueryOptions, QueryResult } from './types';
import { orAborted, withAny } from '../base/abort';
import { ResultLimitError } from '../base/errors';
import { callback, checkSql, textArgument } from '../base/options';
import type { Connection } from '../execution/connection';
import { Statement } from '../execution/statement';
import type { Instance } from '../instance/instance';
import { copyParameters, type QueryParameters } from '../values/parameters';
import { readColumns } from '../values/rows';

/** The calls that a cursor and the handle of a transaction have in common. */
export abstract class CursorCalls implements Cursor, StreamTarget {
  isBufferLimited = false;

  constructor(
    readonly instance: Instance, readonly connection: Connection, readonly options: CursorOptions, readonly queue: CallQueue,
    readonly within?: TransactionState,
  ) {}

  abstract transaction<T>(fn: (transaction: Cursor) => Promise<T>, options?: CallOptions): Promise<T>;
  abstract close(): Promise<void>;
  /** Ends the cursor without waiting for running calls, whose errors say `reason`. */
  abstract abandon(reason?: string): void;

  async query<R>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<R[]> {
    const call = this.call(sql, params, options);
    return await call.rows(await call.run()) as R[];
  }

  async queryOne<R>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<R | undefined> {
    const call = this.call(sql, params, options);
    const outcome = await call.run();
    const { rowCount } = outcome.result;
    if (rowCount > 1) throw new ResultLimitError(`queryOne got ${rowCount} rows, expected at most one: add LIMIT 1, or use query`);
    return (await call.rows(outcome))[0] as R | undefined;
  }

  async queryResult<R>(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<QueryResult<R>> {
    const call = this.call(sql, params, options);
    const outcome = await call.run();
    const rows = await call.rows(outcome) as R[];
    return { rows, columns: readColumns(outcome.result), rowsChanged: outcome.rowsChanged };
  }

  /** DuckDB's own result of `sql`, for parts of this package that need its types. `Cursor` does not have it. */
  async result(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<DuckDBMaterializedResult> {
    return (await this.call(sql, params, options).run()).result;
  }

  async execute(sql: string, params?: QueryParameters, options?: QueryOptions): Promise<{ rowsChanged: number }> {
    const { rowsChanged } = await this.call(sql, params, options).run();
    return { rowsChanged };
  }

  stream<R>(sql: string, params?: QueryParameters, options?: QueryOptions): AsyncIterable<R[]> {
    // The parameters are read at the call, because the stream begins with its loop.
    const copy = copyParameters(params);
    return { [Symbol.asyncIterator]: () => this.openStream(sql, copy, options) as AsyncIterator<R[]> };
  }

  async withConnection<T>(fn: (connection: DuckDBConnection) => Promise<T>, given?: CallOptions): Promise<T> {
    callback('withConnection()', fn);
    const options = CALL_OPTIONS.read(given);
    const borrow = (raw: DuckDBConnection) => {
      this.connection.mayBeInTransaction = true;
      return fn(raw);
    };
    const work = this.instance.recordingAll(() => this.queue.withRaw(borrow));
    return withAny(signalsOf(this, options), (signal) => orAborted(work, signal, () => this.connection.doing, () => this.abandon()));
  }

  async bootstrap(...names: string[]): Promise<void> {
    for (const name of names) textArgument('the name of a bootstrap step', name);
    this.connection.assertOpen();
    const { bootstrap } = this.instance;
    await withAny(signalsOf(this), (signal) => orAborted(bootstrap.run(names), signal, () => `waiting for ${bootstrap.underWay}`));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private call(sql: string, params: QueryParameters | undefined, options: QueryOptions | undefined): QueryCall {
    checkSql(sql);
    const read = QUERY_OPTIONS.read(options);
    return new QueryCall(this, new Statement(sql), copyParameters(params), read);
  }

  private openStream(sql: string, params: QueryParameters | undefined, options: QueryOptions | undefined) {
    checkSql(sql);
    const read = QUERY_OPTIONS.read(options);
    return batches((started) => new StreamCall(this, new Statement(sql), params, read).stream(started));
  }
}
