import { didYouMean } from './did-you-mean';
import { ConfigError, DuckDbError, messageOf, QueryError } from './errors';
import { ROW_FORMATS } from './row-format';
import { shown } from './shown';

/** Node.js fires a timer with a longer delay at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** The expected kind of an option, and a check of a value. */
export interface Check {
  readonly expected: string;
  readonly isRight: (value: any) => boolean;
}

export const TEXT: Check = { expected: 'a text', isRight: (value) => typeof value === 'string' && value !== '' };
export const TEXTS: Check = { expected: 'a list of texts', isRight: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string') };
export const STEPS: Check = { expected: 'a list of names of bootstrap steps', isRight: TEXTS.isRight };
export const FLAG: Check = { expected: 'true or false', isRight: (value) => typeof value === 'boolean' };
export const LIMIT: Check = { expected: 'a number from 0', isRight: (value) => typeof value === 'number' && value >= 0 };
export const MARGIN: Check = { expected: `a number from 0 to ${MAX_TIMER_MS}`, isRight: (value) => LIMIT.isRight(value) && value <= MAX_TIMER_MS };
export const MEMORY: Check = { expected: 'a number of MiB above 0', isRight: (value) => Number.isFinite(value) && value > 0 };
export const SHARE: Check = { expected: 'a number from 0 to 1', isRight: (value) => typeof value === 'number' && value >= 0 && value <= 1 };
export const ROWS: Check = { expected: `one of: ${ROW_FORMATS.join(', ')}`, isRight: (value) => ROW_FORMATS.includes(value) };
export const FORMAT: Check = { expected: '"jsonl" or "csv"', isRight: (value) => value === 'jsonl' || value === 'csv' };
export const SETTINGS: Check = { expected: 'settings by their names, as in { threads: 1 }', isRight: isPlain };
export const PLAIN: Check = { expected: 'an object', isRight: isPlain };
/** null means no signal, as in `fetch`. */
export const SIGNAL: Check = {
  expected: 'an AbortSignal, such as the signal of an AbortController',
  isRight: (value) => value === null || (
    typeof value.aborted === 'boolean' && typeof value.addEventListener === 'function' && typeof value.removeEventListener === 'function'
  ),
};

/** The options that a function of this package accepts. */
export class Options<T extends object> {
  private readonly names: readonly string[];

  /** `owner` is the function's name in messages. */
  constructor(private readonly owner: string, private readonly checks: Readonly<Record<keyof T, Check>>) {
    this.names = Object.keys(checks);
  }

  /**
   * The given options, checked and copied, so that later reads can neither see changes nor throw.
   *
   * Throws `CONFIG` for an unknown option, with the nearest name, and for a value of the wrong kind.
   */
  read(given: T | undefined): T {
    if (given === undefined || given === null) return NONE as T;
    try {
      return this.readEach(given);
    } catch (error) {
      if (error instanceof DuckDbError) throw error;
      throw new ConfigError(`the options of ${this.owner} cannot be read: ${messageOf(error)}`);
    }
  }

  private readEach(given: T): T {
    if (!isPlain(given)) throw new ConfigError(`the options of ${this.owner} are ${shown(given)}, expected an object with any of: ${this.names.join(', ')}`);
    for (const name of Object.keys(given)) if (!this.names.includes(name)) throw this.unknown(name);
    const read: Record<string, unknown> = {};
    for (const name of this.names) {
      const value = given[name as keyof T];
      if (value === undefined) continue;
      const { expected, isRight } = this.checks[name as keyof T];
      if (!isRight(value)) throw new ConfigError(`${name} is ${shown(value)}, expected ${expected}`);
      // null means no signal.
      if (value !== null) read[name] = value;
    }
    return read as T;
  }

  private unknown(name: string): ConfigError {
    return new ConfigError(`${this.owner} has no option "${name}"${didYouMean(name, this.names)}; its options are: ${this.names.join(', ')}`);
  }
}

const NONE = Object.freeze({});

/** Whether it is an object of names and values, not a list, a map or a promise without await. */
function isPlain(value: unknown): boolean {
  return typeof value === 'object' && Object.prototype.toString.call(value) === '[object Object]';
}

/** The arguments of an opener: options, a callback, or both in this order. Throws `CONFIG` for anything else. */
export function openerArguments<T extends object, F extends Function>(
  options: Options<T>, owner: string, first: T | F | undefined, second: F | undefined,
): [T, F | undefined] {
  if (typeof first !== 'function') return [options.read(first), second === undefined ? undefined : callback(owner, second)];
  if (second !== undefined) throw new ConfigError(`${owner} got ${shown(second)} after its callback: pass options before the callback`);
  return [NONE as T, first];
}

/** `fn`, the callback of `owner`. Throws `CONFIG` if it is not a function. */
export function callback<F extends Function>(owner: string, fn: F): F {
  if (typeof fn === 'function') return fn;
  throw new ConfigError(`the callback of ${owner} is ${shown(fn)}, expected a function`);
}

/** `value`, an argument that messages call `what`. Throws `CONFIG` if it is not a text. */
export function textArgument(what: string, value: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new ConfigError(`${what} is ${shown(value)}, expected a text`);
}

/** Throws `QUERY` if `sql` is not a text. */
export function checkSql(sql: string): void {
  if (typeof sql !== 'string') throw new QueryError(`the SQL is ${shown(sql)}, expected a text`);
}
