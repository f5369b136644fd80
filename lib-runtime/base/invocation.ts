import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { LightAbortSignal } from './abort';
import { messageOf } from './errors';

/** What is open until it is closed: a cursor, a session, a DuckDB. */
export interface Openable {
  /** What it is, in messages. */
  readonly what: string;
  close(): Promise<void>;
}

/** An invocation under `withDuckDB`: all that its handler does is done within it. */
export class Invocation {
  /** Aborts some margin before the deadline. */
  readonly ending = new LightAbortSignal();
  private readonly open = new Map<Openable, Error>();
  /** What its code starts from then on belongs to no invocation. */
  isOver = false;

  /** `milliseconds` are left to it at its start, if it has a deadline. */
  constructor(readonly milliseconds: number | undefined) {}

  opened(openable: Openable, place: Error): void {
    this.open.set(openable, place);
    // Its opening was under way when the handler answered; one whose opening was aborted is given up by then.
    if (this.isOver) setImmediate(() => void this.closeLeftovers());
  }

  closed(openable: Openable): void {
    this.open.delete(openable);
  }

  /** Closes what is still open, and what will be, and warns of it. Waits for `limitMs` at most. */
  async end(limitMs: number): Promise<void> {
    this.isOver = true;
    if (this.open.size === 0) return;
    const limit = new AbortController();
    await Promise.race([this.closeLeftovers(), sleep(Math.max(0, limitMs), undefined, { signal: limit.signal }).catch(() => undefined)]);
    limit.abort();
  }

  private async closeLeftovers(): Promise<void> {
    const left = [...this.open];
    this.open.clear();
    await Promise.all(left.map(async ([openable, place]) => {
      const { what } = openable;
      console.warn(`a ${what} was left open at the end of the invocation, and is closed: close it, or give its opener a callback; it was opened ${placeIn(place)}`);
      // The handler has its answer.
      await openable.close().catch((error) => console.warn(`a ${what} that was left open could not be closed: ${messageOf(error)}`));
    }));
  }
}

// ESM and CommonJS copies of this module share one: the handler may be wrapped by one and open its cursors by the other.
const INVOCATIONS = Symbol.for('cdk-duckdb-lambda.invocations.v1');
const invocations = ((globalThis as { [INVOCATIONS]?: AsyncLocalStorage<Invocation> })[INVOCATIONS] ??= new AsyncLocalStorage());

/** The invocation that the running code belongs to, until its end. A process may be in several at once. */
export function currentInvocation(): Invocation | undefined {
  const invocation = invocations.getStore();
  return invocation?.isOver ? undefined : invocation;
}

/** Runs `work` within `invocation`. */
export function within<T>(invocation: Invocation, work: () => T): T {
  return invocations.run(invocation, work);
}

/** In which invocation, and where in the code, something is opened. */
export interface OpenedAt {
  readonly invocation: Invocation;
  readonly place: Error;
}

/** Where `opener` is called; undefined outside of an invocation, where nobody would ask. */
export function openedAt(opener: Function): OpenedAt | undefined {
  const invocation = currentInvocation();
  if (invocation === undefined) return undefined;
  const place = new Error();
  Error.captureStackTrace(place, opener);
  return { invocation, place };
}

function placeIn({ stack = '' }: Error): string {
  return stack.split('\n').slice(1).map((line) => line.trim()).find((line) => line.startsWith('at ')) ?? 'at an unknown place';
}
