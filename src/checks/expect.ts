import { Duration, Token } from 'aws-cdk-lib';
import { didYouMean } from './did-you-mean';

/** The names of an object's props. The compiler makes sure that none is missing. */
export type PropNames<Props> = { readonly [prop in keyof Required<Props>]: true };

/** Refuses a value that is not an object with props. If names are given, also refuses props that are not among them. */
export function expectProps(props: unknown, what: string, example: string, names?: PropNames<object>): void {
  if (typeof props !== 'object' || props === null || Array.isArray(props)) {
    throw new Error(`${what} has as props ${shown(props)}: expected an object, as in ${example}`);
  }
  if (names) expectKnownProps(props, names, what);
}

/** Refuses unknown props. In plain JavaScript, a misspelt prop would be ignored, together with the limit that it sets. */
export function expectKnownProps(props: object, names: PropNames<object>, what: string): void {
  const known = Object.keys(names);
  const unknown = Object.keys(props).find((prop) => !known.includes(prop));
  if (unknown !== undefined) {
    throw new Error(`${what} has the prop ${JSON.stringify(unknown)}, which it does not know: expected among ${known.join(', ')}${didYouMean(unknown, known)}`);
  }
}

/** The same for options that are optional. */
export function expectOptions(options: unknown, what: string, names: PropNames<object>): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new Error(`${what} has as options ${shown(options)}: expected an object with some of ${Object.keys(names).join(', ')}`);
  }
  expectKnownProps(options, names, what);
}

/** Refuses a value that is not text, or is blank. `what` begins the error. A token counts as text. */
export function expectText(value: unknown, what: string, example: string): void {
  if (typeof value === 'string' && value.trim() !== '') return;
  throw new Error(`${what} ${shown(value)}: expected text such as "${example}"`);
}

/** Refuses props whose text is not known at synthesis. Each prop has an example. Undefined stands for a prop's default. */
export function expectLiterals(props: { [prop: string]: readonly [value: unknown, example: string] }, what: string): void {
  for (const [prop, [value, example]] of Object.entries(props)) {
    if (value === undefined) continue;
    if (Token.isUnresolved(value)) throw new Error(`${prop} is a CDK token: expected a literal, because the image is built before the stack is deployed`);
    expectText(value, `${what} has the ${prop}`, example);
  }
}

/** Refuses a value that is not a list of such text. Also refuses a list that is a token, because JSON cannot hold a list of unknown length. */
export function expectTexts(values: unknown, what: string, example: string): void {
  expectList(values, what, `["${example}"]`);
  values.forEach((value) => expectText(value, what, example));
}

/** Refuses a value that is not a list, or is a list that is a token. */
export function expectList(values: unknown, what: string, example: string): asserts values is unknown[] {
  if (!Array.isArray(values)) throw new Error(`${what} ${shown(values)}: expected a list such as ${example}`);
  if (Token.isUnresolved(values)) throw new Error(`${what} a list that is a CDK token: expected a list whose length is known, such as ${example}; its items may be tokens`);
}

/** Refuses a value that is not a member of an enum; undefined means the default. */
export function expectOneOf(value: unknown, what: string, type: string, members: { [member: string]: string }): void {
  if (value === undefined || Object.values(members).includes(value as string)) return;
  throw new Error(`${what} ${shown(value)}: expected one of ${Object.keys(members).map((member) => `${type}.${member}`).join(', ')}`);
}

/** Refuses a value that is not a Duration of whole seconds; undefined means the default. */
export function expectDuration(value: unknown, what: string): void {
  if (value === undefined) return;
  if (typeof (value as { toSeconds?: unknown } | null)?.toSeconds !== 'function') {
    throw new Error(`${what} ${shown(value)}: expected a Duration such as Duration.seconds(5)`);
  }
  const duration = value as Duration;
  if (duration.isUnresolved()) return;
  const milliseconds = duration.toMilliseconds({ integral: false });
  if (milliseconds % 1000 !== 0) throw new Error(`${what} ${milliseconds} ms: expected whole seconds, such as Duration.seconds(${Math.ceil(milliseconds / 1000)})`);
}

/** Refuses a staleness below one second. `asked` is what each query asks without one. */
export function expectStaleness(maxStaleness: Duration, what: string, asked: string): void {
  if (maxStaleness.isUnresolved() || maxStaleness.toMilliseconds() >= 1000) return;
  throw new Error(`${what} has the maxStaleness ${maxStaleness.toMilliseconds()} ms: expected 1 second or more; without the prop each query asks ${asked}`);
}

/** Refuses a value that is not a Duration, or a Duration of 0, which can mean both no time and no limit. `fix` says what to do instead. */
export function expectTimeSpan(value: unknown, what: string, fix: string): void {
  expectDuration(value, what);
  const span = value as Duration | undefined;
  if (span && !span.isUnresolved() && span.toMilliseconds() === 0) throw new Error(`${what} 0: expected more than 0; ${fix}`);
}

/** Refuses flags that are neither true nor false: text such as "false" would count as true. */
export function expectFlags(flags: { [prop: string]: unknown }, what: string): void {
  for (const [prop, value] of Object.entries(flags)) {
    if (value !== undefined && typeof value !== 'boolean') throw new Error(`${what} has the ${prop} ${shown(value)}: expected true or false`);
  }
}

/**
 * Refuses an object without a method or an attribute that identifies its type. `instanceof` would not do: a project may have two copies of a class.
 */
export function expectObject(value: unknown, attribute: string, what: string, example: string): void {
  if (typeof value === 'object' && value !== null && attribute in value) return;
  throw new Error(`${what} ${shown(value)}: expected ${example}`);
}

/** A value as errors show it. Constructs contain cycles, so an object is shown by its class only. */
export function shown(value: unknown): string {
  if (typeof value === 'function') return `the class ${value.name}`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return `an object of the class ${value.constructor?.name ?? 'Object'}`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
