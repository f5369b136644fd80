import { DeadlineNear } from './base/abort';
import { Invocation, within } from './base/invocation';
import { callback, MAX_TIMER_MS, MARGIN, Options, SHARE } from './base/options';
import { recycleInstances } from './instance/recycling';
import { flushMetrics } from './observe/metrics';

/** The options of `withDuckDB`. */
export interface WithDuckDBOptions {
  /** Milliseconds before the invocation's deadline at which running calls are rejected, so that the handler can still answer. @default 500 */
  readonly marginMs?: number;
  /** The share of the function's memory, 0 to 1, above which idle shared instances are closed after an invocation. @default 0.8 */
  readonly recycleAboveMemory?: number;
}

const HANDLER_OPTIONS = new Options<WithDuckDBOptions>('withDuckDB()', { marginMs: MARGIN, recycleAboveMemory: SHARE });
const DEFAULT_MARGIN_MS = 500;
const DEFAULT_MEMORY_SHARE = 0.8;
/** The longest time that an answer waits for closing what its handler left open. */
const MAX_CLEAN_UP_MS = 1_000;

/**
 * Guards each invocation of a handler: its deadline, what it leaves open, and its memory.
 *
 * - `marginMs` before the deadline, running calls on any cursor are rejected with a `TIMEOUT` error, without waiting for DuckDB. DuckDB cannot
 *   interrupt HTTP requests and PostgreSQL statements, but these end with their own time limits.
 * - Whatever the handler left open is closed, with a warning that says where it was opened.
 * - If the process uses more than `recycleAboveMemory` of the function's memory, idle shared instances are closed. The next call creates
 *   them again. Tables in an in-memory instance are lost with it.
 *
 * The deadline comes from Lambda's context, the argument with `getRemainingTimeInMillis`. It works with plain, async and streaming handlers,
 * inside or outside of `awslambda.streamifyResponse` and middy. Throws `CONFIG` for an option that is out of range.
 *
 * @example
 * export const handler = withDuckDB(async (event: { id: number }) => (
 *   cursor((c) => c.queryOne('FROM orders WHERE id = $id', { id: event.id }))
 * ));
 */
export function withDuckDB<Args extends any[], Answer>(
  handler: (...args: Args) => Answer, options?: WithDuckDBOptions,
): (...args: Args) => Promise<Awaited<Answer>> {
  callback('withDuckDB()', handler);
  const { marginMs = DEFAULT_MARGIN_MS, recycleAboveMemory = DEFAULT_MEMORY_SHARE } = HANDLER_OPTIONS.read(options);
  const guarded = async (...args: Args): Promise<Awaited<Answer>> => {
    const left = timeLeft(args);
    const invocation = new Invocation(left);
    const { ending } = invocation;
    const timer = left === undefined ? undefined : setTimeout(() => ending.abort(new DeadlineNear(marginMs)), Math.max(0, left - marginMs));
    try {
      return await within(invocation, () => handler(...args));
    } finally {
      await invocation.end(Math.min(MAX_CLEAN_UP_MS, (timeLeft(args) ?? Infinity) / 2));
      clearTimeout(timer);
      await recycleInstances(recycleAboveMemory);
      flushMetrics(invocation);
    }
  };
  // Lambda marks a streaming handler with symbols, which are copied. Methods, such as middy's, are not: they would bypass the guard.
  for (const symbol of Object.getOwnPropertySymbols(handler)) Object.assign(guarded, { [symbol]: (handler as any)[symbol] });
  return guarded;
}

/** Milliseconds; undefined if there is no deadline, or one that a timer cannot wait for, as in the context of many tests. */
function timeLeft(args: readonly any[]): number | undefined {
  const context = args.find((argument) => typeof argument?.getRemainingTimeInMillis === 'function');
  const left: unknown = context?.getRemainingTimeInMillis();
  return typeof left === 'number' && left <= MAX_TIMER_MS ? left : undefined;
}
