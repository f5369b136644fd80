import { DeadlineNear } from './base/abort';
import { Invocation, within } from './base/invocation';
import { callback, MAX_TIMER_MS, MARGIN, Options, SHARE } from './base/options';
import { recycleInstances } from './instance/recycling';
import { flushMetrics } from './observe/metrics';

/** How a handler is guarded. */
export interface WithDuckDBOptions {
  /** Milliseconds before the invocation's deadline at which what runs is rejected, so that the handler can still answer. @default 500 */
  readonly marginMs?: number;
  /** The share of the function's memory, 0 to 1, above which idle shared instances are closed after an invocation. @default 0.8 */
  readonly recycleAboveMemory?: number;
}

const HANDLER_OPTIONS = new Options<WithDuckDBOptions>('withDuckDB()', { marginMs: MARGIN, recycleAboveMemory: SHARE });
const DEFAULT_MARGIN_MS = 500;
const DEFAULT_MEMORY_SHARE = 0.8;
/** How long an answer waits, at most, for the closing of what its handler left open. */
const MAX_CLEAN_UP_MS = 1_000;

/**
 * Looks after DuckDB around each invocation of a handler.
 *
 *     export const handler = withDuckDB(async (event: { id: number }) => (
 *       cursor((c) => c.queryOne('FROM orders WHERE id = $id', { id: event.id }))
 *     ));
 *
 * - `marginMs` before the deadline, what runs on any cursor is rejected with a `TIMEOUT` error, without waiting for DuckDB. DuckDB's HTTP
 *   requests and Postgres statements, which it cannot interrupt, wait no longer than an invocation lasts.
 * - What the handler left open is closed, with a warning that says where it was opened.
 * - While the process holds more than `recycleAboveMemory` of the function's memory, idle shared instances are closed; the next call makes
 *   them anew. Tables that were made in one in memory are gone with it.
 *
 * The deadline is that of the argument that has `getRemainingTimeInMillis`, Lambda's context. For plain and async handlers, and for streaming
 * ones, inside or outside of `awslambda.streamifyResponse` and middy. Throws `CONFIG` for an option that is out of range.
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
  // By symbols Lambda marks a handler that streams its response. Methods, as middy's, would lead around the guard.
  for (const symbol of Object.getOwnPropertySymbols(handler)) Object.assign(guarded, { [symbol]: (handler as any)[symbol] });
  return guarded;
}

/** Milliseconds; undefined where there is no deadline, or none that a timer could wait for, as in many a test's context. */
function timeLeft(args: readonly any[]): number | undefined {
  const context = args.find((argument) => typeof argument?.getRemainingTimeInMillis === 'function');
  const left: unknown = context?.getRemainingTimeInMillis();
  return typeof left === 'number' && left <= MAX_TIMER_MS ? left : undefined;
}
