import { signalsOf } from './call';
import { CallQueue } from './call-queue';
import { CursorCalls } from './cursor-calls';
import { CALL_OPTIONS } from './options';
import { inTransaction } from './transaction';
import type { CallOptions, Cursor, CursorOptions } from './types';
import { type AbortSignalLike, orAborted, withAny } from '../base/abort';
import type { DuckDbError } from '../base/errors';
import type { Openable, OpenedAt } from '../base/invocation';
import { callback } from '../base/options';
import type { Connection } from '../execution/connection';
import type { Instance } from '../instance/instance';

/** A cursor on an instance, as `cursor` and `session` return it. */
export class OpenCursor extends CursorCalls implements Openable {
  /** Connects to `instance`; `what` names the cursor in messages. */
  static async on(instance: Instance, what: string, options: CursorOptions, origin: OpenedAt | undefined): Promise<OpenCursor> {
    instance.bootstrap.check(options.bootstrap);
    return new OpenCursor(instance, await instance.connect(what), options, origin);
  }

  constructor(instance: Instance, connection: Connection, options: CursorOptions, private readonly origin: OpenedAt | undefined) {
    super(instance, connection, options, new CallQueue(connection));
    origin?.invocation.opened(this, origin.place);
  }

  async transaction<T>(fn: (transaction: Cursor) => Promise<T>, given?: CallOptions): Promise<T> {
    callback('transaction()', fn);
    const options = CALL_OPTIONS.read(given);
    // A call that gives up while it waits for its turn does not change the cursor.
    return withAny(signalsOf(this, options), (signal) => this.queue.hold(
      () => orAborted(inTransaction(this, fn), signal, () => this.doing, (error) => this.abandonFor(error)), () => 'waiting for its turn on the cursor, for a transaction', signal,
    ));
  }

  async close(reason?: string): Promise<void> {
    this.origin?.invocation.closed(this);
    // If a transaction was left open, its server may take time to roll it back.
    await withAny(signalsOf(this), (signal) => this.closed(reason, signal));
  }

  abandon(reason?: string): void {
    this.origin?.invocation.closed(this);
    this.connection.abandon(reason);
  }

  /** Like `abandon`, because of `error`. Returns the error for what ran. */
  abandonFor(error: DuckDbError): DuckDbError {
    this.origin?.invocation.closed(this);
    return this.connection.abandonFor(error);
  }

  /** Its name in messages. */
  get what(): string {
    return this.connection.what;
  }

  /** What it does at the moment, for messages. */
  get doing(): string {
    return this.connection.doing;
  }

  /** Whether a call on it is in progress. */
  get isBusy(): boolean {
    return this.queue.isBusy;
  }

  /** Settles when the connection is closed, or as soon as `signal` aborts. */
  private async closed(reason: string | undefined, signal: AbortSignalLike | undefined): Promise<void> {
    const leave = () => this.connection.abandon();
    signal?.addEventListener('abort', leave);
    const closing = this.connection.close(reason);
    if (signal?.aborted) leave();
    await closing.finally(() => signal?.removeEventListener('abort', leave));
  }
}
