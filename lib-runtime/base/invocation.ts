import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { LightAbortSignal } from './abort';
import { messageOf } from './errors';

/** An object that must be closed: a cursor, a session, a DuckDB. */
export interface Openable {
  /** Its name in messages. */
  readonly what: string;
  close(): Promise<void>;
}

/** An invocation under `withDuckDB`. All code of its handler runs within it. */
export class Invocation {
  /** Aborts shortly before the deadline. */
  readonly ending = new LightAbortSignal();
  private readonly open = new Map<Openable, Error>();
  /** Whether it has ended. Work that its code starts afterwards belongs to no invocation. */
  isOver = false;

  /** `milliseconds` is the time left at its start, if it has a deadline. */
  constructor(readonly milliseconds: number | undefined) {}

  opened(openable: Openable, place: Error): void {
    this.open.set(openable, place);
    // It was still opening when the handler answered. If its opening was aborted, it has already been abandoned.
    if (this.isOver) setImmediate(() => void this.closeLeftovers());
  }

  closed(openable: Openable): void {
    this.open.delete(openable);
  }

  /** Closes what is still open or opening, with a warning. Waits for at most `limitMs`. */
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
      console.warn(`a ${what} was left open at the end of the invocation and is closed now: close it yourself, or pass a callback to the ` +
        `function that opens it; it was opened ${placeIn(place)}`);
      // The answer is already returned, so errors are only logged.
      await openable.close().catch((error) => console.warn(`a ${what} that was left open could not be closed: ${messageOf(error)}`));
    }));
  }
}

// ESM and CommonJS copies of this module share it: one copy may wrap the handler, and the other may open its cursors.
const INVOCATIONS = Symbol.for('cdk-duckdb-lambda.invocations.v1');
const invocations = ((globalThis as { [INVOCATIONS]?: AsyncLocalStorage<Invocation> })[INVOCATIONS] ??= new AsyncLocalStorage());

/** The invocation that the running code belongs to, until its end. A process may run several at once. */
export function currentInvocation(): Invocation | undefined {
  const invocation = invocations.getStore();
  return invocation?.isOver ? undefined : invocation;
}

/** Runs `work` within `invocation`. */
export function within<T>(invocation: Invocation, work: () => T): T {
  return invocations.run(invocation, work);
}

/** The invocation and the place in the code where something is opened. */
export interface OpenedAt {
  readonly invocation: Invocation;
  readonly place: Error;
}

/** The place where `opener` is called; undefined outside an invocation, where it is not needed. */
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
