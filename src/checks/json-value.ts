import { Token } from 'aws-cdk-lib';
import { shown } from './expect';

/** Refuses a value that JSON cannot hold, or would hold as something else. Tokens are JSON once they are resolved. Undefined is left out. */
export function expectJson(value: unknown, what: string, where: string, containers: unknown[] = []): void {
  if (value === undefined || value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value) || Token.isUnresolved(value)) return;
  const isContainer = Array.isArray(value) || isPlainObject(value);
  if (!isContainer || containers.includes(value)) {
    const given = isContainer ? 'what contains it, a cycle' : ['object', 'number'].includes(typeof value) ? shown(value) : `a ${typeof value}`;
    throw new Error(`${what} has in ${where} ${given}: expected a JSON value, which is text, a number, true, false, null, or a list or a plain object of such`);
  }
  for (const [key, item] of Object.entries(value as object)) {
    expectJson(item, what, Array.isArray(value) ? `${where}[${key}]` : `${where}.${key}`, [...containers, value]);
  }
}

/** Instances of classes are not plain. The prototype is not compared, because an object may come from another context of Node.js's vm. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
