import { pathOf } from './value-path';
import { messageOf } from '../base/errors';

/** An error in a part of a value. `partOfValue` is the path of the part, such as `[1].name`. */
class ValueError extends Error {
  constructor(message: string, readonly partOfValue: string, options: { cause: unknown }) {
    super(message, options);
  }
}

/** `error`, which comes from the part `path` of a value. */
export function inPart(path: string, error: unknown): Error {
  return new ValueError(messageOf(error), path + pathOf(error), { cause: error instanceof ValueError ? error.cause : error });
}

/** More levels than real data has, and fewer than would overflow the stack. It also stops at a value that contains itself. */
const DEEPEST = 100;

let depth = 0;

/** Calls `fn` for each of `parts`. Its errors name the part with `nameOf`. */
export function mapParts<P, R>(parts: readonly P[], nameOf: (part: P, index: number) => string, fn: (part: P, index: number) => R): R[] {
  if (depth === DEEPEST) throw new RangeError(`the value has more than ${DEEPEST} levels: does it contain itself?`);
  const results: R[] = [];
  let index = 0;
  depth += 1;
  try {
    for (; index < parts.length; index++) results.push(fn(parts[index]!, index));
  } catch (error) {
    throw inPart(nameOf(parts[index]!, index), error);
  } finally {
    depth -= 1;
  }
  return results;
}

/** `.name`, or `["an odd one"]`. */
export function fieldPath(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
