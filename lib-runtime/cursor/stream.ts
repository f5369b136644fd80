import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api';
import { loadApi } from '../client/client';
import { nativeCall } from '../client/native-calls';
import { interruptUntil, type ConnectionLease } from '../execution/connection';
import { carryColumns } from '../values/carried-columns';
import type { Row, RowReader } from '../values/rows';

/** DuckDB's own (https://duckdb.org/docs/stable/configuration/overview). */
const DEFAULT_BUFFER = '976.5 KiB';

/**
 * The batches of the stream that `hold` begins; `hold` settles when the connection is free again.
 *
 * However its loop is left, the query ends with it.
 */
export function batches(hold: (started: (stream: RowStream) => void) => Promise<void>): AsyncGenerator<Row[], void, undefined> {
  const generator = generate((started) => hold((stream) => {
    // Also without a row: CSV has a header.
    carryColumns(generator, stream.columns);
    started(stream);
  }));
  return generator;
}

async function* generate(hold: (started: (stream: RowStream) => void) => Promise<void>): AsyncGenerator<Row[], void, undefined> {
  let held!: Promise<void>;
  const stream = await new Promise<RowStream>((resolve, reject) => {
    held = hold(resolve);
    held.catch(reject);
  });
  held.catch((error) => stream.fail(error));
  try {
    for (let rows = await stream.next(); rows !== undefined; rows = await stream.next()) yield rows;
  } catch (error) {
    stream.end();
    // Where it was aborted, that is the news, not that the connection was closed by it.
    await held;
    throw error;
  } finally {
    stream.end();
    // When it was aborted, this is settled already: nobody waits for DuckDB.
    await held.catch(() => undefined);
  }
}

/**
 * Lets DuckDB compute ahead of the reader by 64 KB, not by a megabyte: a stream that is left early holds what was computed until the
 * next garbage collection, which does not know of that memory. No slower, measured with two million rows. What the user has set stays.
 */
export async function limitBuffer(connection: DuckDBConnection): Promise<void> {
  const result = await connection.run("SELECT current_setting('streaming_buffer_size')");
  if ((await result.getRows())[0]?.[0] === DEFAULT_BUFFER) await connection.run("SET streaming_buffer_size = '64KB'");
}

/**
 * The rows of a streamed result, a chunk at a time: DuckDB computes little more than what was asked for.
 *
 * DuckDB's client ends a stream in the same way whether the rows or the query came to their end. What tells the two apart is that a
 * failed result forgets its type.
 */
export class RowStream {
  /** Settles when DuckDB is done with the query, and the connection free for another; rejects when the query failed. */
  readonly ended: Promise<void>;

  /** The rest of the chunk that was fetched last, where it is large. */
  private rest: [chunk: DuckDBDataChunk, row: number] | undefined;
  private isEnding = false;
  private isOver = false;
  private fetching: Promise<unknown> = Promise.resolve();
  private failure: { readonly error: unknown } | undefined;
  private onFailure: ((error: unknown) => void) | undefined;
  private onEnd!: () => void;
  private readonly onGivenUp: () => void;

  /**
   * `leavable` tells whether the query may be interrupted when nobody wants the rest of its rows: within a transaction that would end
   * the transaction too, so there the rest is read and thrown away. `failureReason` makes the error of a query that has failed.
   */
  constructor(
    private readonly result: DuckDBResult, private readonly reader: RowReader, private readonly lease: ConnectionLease,
    private readonly leavable: () => boolean, private readonly failureReason: () => Promise<unknown>,
  ) {
    this.ended = new Promise<void>((resolve) => this.onEnd = resolve).then(() => this.assertNotFailed());
    this.onGivenUp = () => this.end();
    // It may have been given up while it began.
    if (lease.ended.aborted) this.end();
    else lease.ended.addEventListener('abort', this.onGivenUp);
  }

  /** The names of its columns, in their order. */
  get columns(): readonly string[] {
    return this.reader.names;
  }

  /** The next rows, or undefined when that were all. Throws `STREAM` when the query failed, and what `fail` was told. */
  next(): Promise<Row[] | undefined> {
    return new Promise((resolve, reject) => {
      this.onFailure = reject;
      this.read().then(resolve, (error) => this.fail(error));
    });
  }

  /** Makes whoever waits, or asks, for rows fail with `error`, at once. */
  fail(error: unknown): void {
    this.failure ??= { error };
    this.onFailure?.(error);
  }

  /** Ends the query, wherever it is: then its memory and files are free. */
  end(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.lease.ended.removeEventListener('abort', this.onGivenUp);
    void this.drain().finally(this.onEnd);
  }

  private assertNotFailed(): void {
    if (this.failure) throw this.failure.error;
  }

  private async read(): Promise<Row[] | undefined> {
    this.assertNotFailed();
    this.lease.assertOpen();
    if (this.rest) return this.batch(...this.rest);
    const chunk = await this.fetch();
    this.lease.assertOpen();
    if (chunk === undefined) {
      if (hasFailed(this.result)) throw await this.failureReason();
      return undefined;
    }
    return this.batch(chunk, 0);
  }

  private batch(chunk: DuckDBDataChunk, first: number): Row[] {
    const [rows, next] = this.reader.batch(chunk, first);
    this.rest = next === undefined ? undefined : [chunk, next];
    return rows;
  }

  private async fetch(): Promise<DuckDBDataChunk | undefined> {
    const fetching = nativeCall(() => this.result.fetchChunk(), undefined, this.lease.ended);
    this.fetching = fetching;
    const chunk = await fetching;
    if (chunk !== null && chunk.rowCount > 0) return chunk;
    this.isOver = true;
    return undefined;
  }

  /** To close a connection does not end its stream: file, write-ahead log and memory would stay until the result is collected as garbage. */
  private async drain(): Promise<void> {
    if (this.isOver) return;
    const drained = this.drainQuietly();
    await (this.leavable() ? interruptUntil(drained, this.lease.raw) : drained);
  }

  private async drainQuietly(): Promise<void> {
    try {
      await this.fetching;
      while (!this.isOver) await this.fetch();
    } catch {
      // What failed has ended.
    }
  }
}

function hasFailed(result: DuckDBResult): boolean {
  return result.returnType === loadApi().ResultReturnType.INVALID;
}
