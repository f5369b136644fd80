import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api';
import { loadApi } from '../client/client';
import { nativeCall } from '../client/native-calls';
import { interruptUntil, type ConnectionLease } from '../execution/connection';
import { carryColumns } from '../values/carried-columns';
import type { Column } from '../values/column';
import type { Row, RowReader } from '../values/rows';

/** DuckDB's own default (https://duckdb.org/docs/stable/configuration/overview). */
const DEFAULT_BUFFER = '976.5 KiB';

/**
 * The batches of the stream that `hold` begins; `hold` settles when the connection is free again.
 *
 * The query ends with its loop, however the loop is left.
 */
export function batches(hold: (started: (stream: RowStream) => void) => Promise<void>): AsyncGenerator<Row[], void, undefined> {
  const generator = generate((started) => hold((stream) => {
    // Batches have their columns even without a row, because CSV has a header.
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
    // If the stream was aborted, the abort is reported, and not that it closed the connection.
    await held;
    throw error;
  } finally {
    stream.end();
    // If the stream was aborted, this has settled already: it does not wait for DuckDB.
    await held.catch(() => undefined);
  }
}

/**
 * Lets DuckDB compute 64 KB ahead of the reader, instead of a megabyte. A stream that is left early holds the computed rows until the next garbage
 * collection, which does not account for that memory. Measured with two million rows, it is not slower. A setting of the user's stays.
 */
export async function limitBuffer(connection: DuckDBConnection): Promise<void> {
  const result = await connection.run("SELECT current_setting('streaming_buffer_size')");
  if ((await result.getRows())[0]?.[0] === DEFAULT_BUFFER) await connection.run("SET streaming_buffer_size = '64KB'");
}

/**
 * The rows of a streamed result, one chunk at a time. DuckDB computes little more than the requested rows.
 *
 * DuckDB's client ends a stream in the same way whether the rows ended or the query failed. The difference is that a failed result loses its type.
 */
export class RowStream {
  /** Settles when DuckDB has finished the query and the connection is free for another. Rejects if the query failed. */
  readonly ended: Promise<void>;

  /** The rest of the last chunk, if the chunk is large. */
  private rest: [chunk: DuckDBDataChunk, row: number] | undefined;
  private isEnding = false;
  private isOver = false;
  /** What DuckDB does for the stream. */
  private working: Promise<unknown> = Promise.resolve();
  private failure: { readonly error: unknown } | undefined;
  private onFailure: ((error: unknown) => void) | undefined;
  private onEnd!: () => void;
  private readonly onGivenUp: () => void;

  /**
   * `leavable` says whether the query may be interrupted when the rest of its rows is not needed. Within a transaction, that would end the
   * transaction too, so the rest is read and discarded. `failureReason` creates the error of a failed query.
   */
  constructor(
    private readonly result: DuckDBResult, private readonly reader: RowReader, private readonly lease: ConnectionLease,
    private readonly leavable: () => boolean, private readonly failureReason: () => Promise<unknown>,
  ) {
    this.ended = new Promise<void>((resolve) => this.onEnd = resolve).then(() => this.assertNotFailed());
    this.onGivenUp = () => this.end();
    // The stream may have been abandoned while it began.
    if (lease.ended.aborted) this.end();
    else lease.ended.addEventListener('abort', this.onGivenUp);
  }

  /** Its columns, in order. */
  get columns(): readonly Column[] {
    return this.reader.columns;
  }

  /** The next rows, or undefined at the end. Throws `STREAM` if the query failed, or the error that `fail` received. */
  next(): Promise<Row[] | undefined> {
    return new Promise((resolve, reject) => {
      this.onFailure = reject;
      this.read().then(resolve, (error) => this.fail(error));
    });
  }

  /** Makes waiting and later requests for rows fail with `error`, at once. */
  fail(error: unknown): void {
    this.failure ??= { error };
    this.onFailure?.(error);
  }

  /** Ends the query, whatever its state. Its memory and files are then free. */
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
    this.assertNotFailed();
    if (chunk === undefined) {
      if (hasFailed(this.result)) throw await this.reason();
      return undefined;
    }
    return this.batch(chunk, 0);
  }

  /** Asks DuckDB for the reason of the failure. The stream's end waits for that, as the connection may be closed at once when it has ended. */
  private reason(): Promise<unknown> {
    const reason = this.failureReason();
    this.working = reason;
    return reason;
  }

  private batch(chunk: DuckDBDataChunk, first: number): Row[] {
    const [rows, next] = this.reader.batch(chunk, first);
    this.rest = next === undefined ? undefined : [chunk, next];
    return rows;
  }

  private async fetch(): Promise<DuckDBDataChunk | undefined> {
    const fetching = nativeCall(() => this.result.fetchChunk(), undefined, this.lease.ended);
    this.working = fetching;
    const chunk = await fetching;
    if (chunk !== null && chunk.rowCount > 0) return chunk;
    this.isOver = true;
    return undefined;
  }

  /** Closing a connection does not end its stream: file, write-ahead log and memory would stay until the result is garbage collected. */
  private async drain(): Promise<void> {
    if (this.isOver) {
      await this.working.catch(() => undefined);
      return;
    }
    const drained = this.drainQuietly();
    await (this.leavable() ? interruptUntil(drained, this.lease.raw) : drained);
  }

  private async drainQuietly(): Promise<void> {
    try {
      await this.working;
      while (!this.isOver) await this.fetch();
    } catch {
      // A failed query has ended.
    }
  }
}

function hasFailed(result: DuckDBResult): boolean {
  return result.returnType === loadApi().ResultReturnType.INVALID;
}
