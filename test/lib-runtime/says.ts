import * as wording from '../../lib-runtime/base/wording';

type Tables = Omit<typeof wording, 'saysOneOf'>;

/** A line of the wording that the runtime relies on, such as `CURL.timeout`. */
export type Line = { [Table in keyof Tables]: `${Table}.${keyof Tables[Table] & string}` }[keyof Tables];

const { saysOneOf: _, ...TABLES } = wording;

export const LINES: ReadonlyMap<Line, RegExp> = new Map(Object.entries(TABLES).flatMap(([table, lines]) => (
  Object.entries(lines).map(([name, pattern]) => [`${table}.${name}` as Line, pattern])
)));

/** Asserts that a real component has produced `line` in `message`. `base/wording.test.ts` searches the tests for lines without a test. */
export function says(line: Line, message: string): void {
  expect([line, message]).toEqual([line, expect.stringMatching(LINES.get(line)!)]);
}
