import { messageOf } from './errors';

/** An error in a part of a value; `path` is where in it, such as `[1].name`. */
class ValueError extends Error {
  constructor(message: string, readonly path: string, options: { cause: unknown }) {
    super(message, options);
  }
}

/** `error`, which comes from the part `path` of a value. */
export function inPart(path: string, error: unknown): Error {
  return new ValueError(messageOf(error), path + pathOf(error), { cause: error instanceof ValueError ? error.cause : error });
}

/** Where in a value `error` is from. */
export function pathOf(error: unknown): string {
  return error instanceof ValueError ? error.path : '';
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
