import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ending } from './abort';

/** What is open until it is closed: a cursor, a session, a DuckDB. */
export interface Openable {
  /** What it is, in messages. */
  readonly what: string;
  close(): Promise<void>;
}

/** An invocation under `withDuckDB`: all that its handler does is done within it. */
export class Invocation {
  /** Aborts some margin before the deadline. */
  readonly ending = new Ending();
  private readonly open = new Map<Openable, Error>();

  /** `milliseconds` are left to it at its start, if it has a deadline. */
  constructor(readonly milliseconds: number | undefined) {}

  opened(openable: Openable, place: Error): void {
    this.open.set(openable, place);
  }

  closed(openable: Openable): void {
    this.open.delete(openable);
  }

  /** Closes what is still open, and warns of it. Waits for `limitMs` at most. */
  async closeLeftovers(limitMs: number): Promise<void> {
    const left = [...this.open];
    if (left.length === 0) return;
    for (const [{ what }, place] of left) {
      console.warn(`a ${what} was left open at the end of the invocation, and is closed: close it, or give its opener a callback; it was opened ${placeIn(place)}`);
    }
    const closing = Promise.all(left.map(([openable]) => openable.close()));
    const limit = new AbortController();
    await Promise.race([closing, sleep(Math.max(0, limitMs), undefined, { signal: limit.signal }).catch(() => undefined)]);
    limit.abort();
  }
}

// ESM and CommonJS copies of this module share one: the handler may be wrapped by one and open its cursors by the other.
const INVOCATIONS = Symbol.for('cdk-duckdb-lambda.invocations.v1');
const invocations = ((globalThis as { [INVOCATIONS]?: AsyncLocalStorage<Invocation> })[INVOCATIONS] ??= new AsyncLocalStorage());

/** The invocation that the running code belongs to. A process may be in several at once. */
export function currentInvocation(): Invocation | undefined {
  return invocations.getStore();
}

/** Runs `work` within `invocation`. */
export function within<T>(invocation: Invocation, work: () => T): T {
  return invocations.run(invocation, work);
}

/** In which invocation, and where in the code, something is opened. */
export interface Origin {
  readonly invocation: Invocation;
  readonly place: Error;
}

/** Where `opener` is called; undefined outside of an invocation, where nobody would ask. */
export function originOf(opener: Function): Origin | undefined {
  const invocation = currentInvocation();
  if (invocation === undefined) return undefined;
  const place = new Error();
  Error.captureStackTrace(place, opener);
  return { invocation, place };
}

function placeIn({ stack = '' }: Error): string {
  return stack.split('\n').slice(1).map((line) => line.trim()).find((line) => line.startsWith('at ')) ?? 'at an unknown place';
}
