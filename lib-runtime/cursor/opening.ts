import type { OpenCursor } from './open-cursor';
import { type AbortSignalLike, orAborted, withAny } from '../base/abort';
import { BusyError } from '../base/errors';
import { currentInvocation } from '../base/invocation';

/** The cursor that `open` opens. Rejects as soon as `signal` aborts or the invocation is about to end; a cursor that opens too late is closed. */
export function untilAborted<C extends OpenCursor>(open: () => Promise<C>, signal: AbortSignalLike | undefined, what: string): Promise<C> {
  return withAny([signal, currentInvocation()?.ending], (either) => {
    const opening = open();
    return orAborted(opening, either, () => `opening ${what}`, () => void opening.then((late) => late.abandon(), () => undefined));
  });
}

/** Runs `fn` with an open cursor, and closes it. When `signal` aborts, it does not wait for the cursor's end. */
export async function closeAfter<C extends OpenCursor, T>(opened: C, fn: (cursor: C) => Promise<T>, signal?: AbortSignalLike): Promise<T> {
  let reason: string | undefined;
  try {
    return await withAny([signal, currentInvocation()?.ending], (either) => (
      orAborted(called(opened, fn), either, () => opened.doing, (error) => opened.abandonFor(error))
    ));
  } finally {
    if (opened.isBusy) reason = 'was closed, because its callback had returned before this call was done (await the call, or return it)';
    await opened.close(reason);
  }
}

/** Whether `fn` is async or not, its result or error comes as a promise. */
async function called<C extends OpenCursor, T>(opened: C, fn: (cursor: C) => Promise<T>): Promise<T> {
  const returned = fn(opened);
  if (opened.isBusy && typeof returned?.then !== 'function') {
    throw new BusyError(`the callback returned while ${opened.doing}: await the call in an async callback, or return it`);
  }
  return returned;
}
