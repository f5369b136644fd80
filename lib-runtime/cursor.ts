import { type OpenedAt, openedAt } from './base/invocation';
import { openerArguments } from './base/options';
import { OpenCursor } from './cursor/open-cursor';
import { closeAfter, untilAborted } from './cursor/opening';
import { CURSOR_OPTIONS } from './cursor/options';
import type { Cursor, CursorOptions } from './cursor/types';
import { sharedInstance } from './instance/shared-instances';

/**
 * Opens a cursor on the shared instance of the process, runs `fn` with it, and closes it.
 *
 * The instance, its tables and its open connections stay for the next invocation. Many cursors may be open at the same time.
 *
 * @example
 * const rows = await cursor((c) => c.query('SELECT category, sum(amount) AS revenue FROM orders GROUP BY category'));
 */
export function cursor<T>(fn: (cursor: Cursor) => Promise<T>): Promise<T>;
/**
 * Opens a cursor with `options`, runs `fn` with it, and closes it.
 *
 * @example
 * const total = await cursor({ maxStalenessMs: 60_000 }, (c) => c.queryOne("SELECT count(*) AS n FROM 's3://lake/orders/*.parquet'"));
 */
export function cursor<T>(options: CursorOptions, fn: (cursor: Cursor) => Promise<T>): Promise<T>;
/**
 * Opens a cursor. Close it with `await using` or `close()`.
 *
 * @example
 * await using c = await cursor();
 * await c.execute('CREATE TEMP TABLE numbers AS FROM range(10)');
 */
export function cursor(options?: CursorOptions): Promise<Cursor>;
export async function cursor<T>(
  first?: CursorOptions | ((cursor: Cursor) => Promise<T>), second?: (cursor: Cursor) => Promise<T>,
): Promise<T | Cursor> {
  const [options, fn] = openerArguments(CURSOR_OPTIONS, 'cursor()', first, second);
  const origin = openedAt(cursor);
  const opening = untilAborted(() => open(options, origin), options.signal, 'a cursor');
  return fn === undefined ? opening : opening.then((opened) => closeAfter(opened, fn, options.signal));
}

async function open(options: CursorOptions, origin: OpenedAt | undefined): Promise<OpenCursor> {
  return OpenCursor.on(await sharedInstance(options.database), 'cursor', options, origin);
}
