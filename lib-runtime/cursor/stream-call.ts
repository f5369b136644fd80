import { Call, type CallTarget } from './call';
import { limitBuffer, RowStream } from './stream';
import type { QueryOptions } from './types';
import { FatalError, StreamError } from '../base/errors';
import { withPart } from '../diagnosis/remote-write';
import { streamIsRetryable } from '../diagnosis/stream-retryable';
import type { ConnectionLease } from '../execution/connection';
import type { Statement } from '../execution/statement';
import { streamStatement } from '../execution/statements';
import { isInTransaction } from '../execution/transactions';
import type { QueryParameters } from '../values/parameters';
import { RowReader } from '../values/rows';

/** A target on which streams are read. */
export interface StreamTarget extends CallTarget {
  /** Whether DuckDB has the setting not to compute far ahead of the reader. */
  isBufferLimited: boolean;
}

/** A call whose rows are read while the statement runs. */
export class StreamCall extends Call {
  protected override readonly isStreamed = true;

  constructor(
    protected override readonly target: StreamTarget, statement: Statement, parameters: QueryParameters | undefined, options: QueryOptions,
  ) {
    super(target, statement, parameters, options);
  }

  /** Passes the stream to `started` after it has begun. Settles when the connection is free again. */
  async stream(started: (stream: RowStream) => void): Promise<void> {
    return this.begin((signal, trace) => this.target.queue.streaming((lease, began) => this.withThreads(async () => {
      const { rows = 'js', maxRows, maxBytes = Infinity } = this.options;
      await this.settle(lease);
      const result = await this.perform(lease, (attempt) => streamStatement(lease, this.statement, this.parameters, attempt));
      this.waiting.for = 'the rest of its rows to be read';
      // The rows are not all in memory at once.
      const reader = new RowReader(result, rows, { maxRows, maxBytes });
      const stream = new RowStream(result, reader, lease, () => this.isLeavable, () => this.streamFailure(lease, reader.rowCount));
      began(stream);
      started(stream);
      await stream.ended.finally(() => {
        if (trace) trace.rows = reader.rowCount;
        return this.requests?.end(lease.raw);
      });
    }), this.task, signal));
  }

  /** Reads and sets what is needed before a stream begins. */
  private async settle({ raw }: ConnectionLease): Promise<void> {
    const { target, target: { connection, within } } = this;
    // If it cannot be set, for example in a failed transaction, the stream reports the reason, or works without the setting.
    if (!target.isBufferLimited) await limitBuffer(raw).catch(() => undefined);
    target.isBufferLimited = true;
    // Within a transaction, a stream is read to its end even if its loop was left, which may take very long.
    if (connection.mayBeInTransaction && !within) connection.mayBeInTransaction = await isInTransaction(raw);
  }

  /** Whether the query may be interrupted. Within a transaction, that would end the transaction too. */
  private get isLeavable(): boolean {
    const { connection, within } = this.target;
    return within ? within.isRollingBack : !connection.mayBeInTransaction;
  }

  /** The error of the stream after `rows` rows. DuckDB's client does not give a reason, but if the instance broke, the next statement shows it. */
  private async streamFailure({ raw }: ConnectionLease, rows: number): Promise<unknown> {
    const { parameters, statement: { sql }, target: { instance } } = this;
    const next = await raw.run('SELECT 1').then(() => undefined, (error) => this.explain(error));
    if (next instanceof FatalError) return next;
    const retryable = streamIsRetryable(sql, instance.bootstrap.catalogs, parameters);
    const failed = `the query failed after ${rows} rows, and DuckDB's client does not give the reason: run it with query() to see it`;
    return new StreamError(withPart(failed, sql, parameters), { retryable });
  }
}
