import type { OpenCursor } from './open-cursor';
import { type AbortSignalLike, orAborted, withAny } from '../base/abort';
import { BusyError } from '../base/errors';
import { currentInvocation } from '../base/invocation';

/** The cursor that `open` opens, or a rejection as soon as `signal` aborts or the invocation nears its end; one that opens too late is closed. */
export function untilAborted<C extends OpenCursor>(open: () => Promise<C>, signal: AbortSignalLike | undefined, what: string): Promise<C> {
  return withAny([signal, currentInvocation()?.ending], (either) => {
    const opening = open();
    return orAborted(opening, either, () => `opening ${what}`, () => void opening.then((late) => late.abandon(), () => undefined));
  });
}

/** Runs `fn` with an open cursor, and closes it. When `signal` aborts, nobody waits for the cursor's end. */
export async function closeAfter<C extends OpenCursor, T>(opened: C, fn: (cursor: C) => Promise<T>, signal?: AbortSignalLike): Promise<T> {
  let reason: string | undefined;
  try {
    return await withAny([signal, currentInvocation()?.ending], (either) => (
      orAborted(called(opened, fn), either, () => opened.doing, () => opened.abandon())
    ));
  } finally {
    if (opened.isBusy) reason = 'was closed, as its callback had returned before this call was done (await the call, or return it)';
    await opened.close(reason);
  }
}

/** However `fn` is written, what it throws or returns comes as a promise. */
async function called<C extends OpenCursor, T>(opened: C, fn: (cursor: C) => Promise<T>): Promise<T> {
  const returned = fn(opened);
  if (opened.isBusy && typeof returned?.then !== 'function') {
    throw new BusyError(`the callback has returned while ${opened.doing}: await the call in an async callback, or return it`);
  }
  return returned;
}
