import { pathOf } from './value-path';
import { messageOf } from '../base/errors';

/** An error in a part of a value; `partOfValue` is where in it, such as `[1].name`. */
class ValueError extends Error {
  constructor(message: string, readonly partOfValue: string, options: { cause: unknown }) {
    super(message, options);
  }
}

/** `error`, which comes from the part `path` of a value. */
export function inPart(path: string, error: unknown): Error {
  return new ValueError(messageOf(error), path + pathOf(error), { cause: error instanceof ValueError ? error.cause : error });
}

/** More than data has, and less than the stack does; also the end of a value that is a part of itself. */
const DEEPEST = 100;

let depth = 0;

/** Calls `fn` for each of `parts`; its errors say in which, by the name that `nameOf` gives to it. */
export function mapParts<P, R>(parts: readonly P[], nameOf: (part: P, index: number) => string, fn: (part: P, index: number) => R): R[] {
  if (depth === DEEPEST) throw new RangeError(`the value has more than ${DEEPEST} levels: is it a part of itself?`);
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
