/** More levels than real data has, and fewer than would overflow the stack of what reads the value later. */
const DEEPEST = 100;
/** A double keeps this many digits of every number in its range. */
const KEPT_DIGITS = 15;

/** No type of DuckDB holds more digits, and a regular expression would need memory for each of them. */
const MOST_CHARACTERS = 5000;
const NUMBER_CHARACTERS = '-+.0123456789eE';

/** What Node.js 22 and later have, and TypeScript does not declare. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON?: (text: string) => object;
  isRawJSON?: (value: unknown) => value is { rawJSON: string };
};

/**
 * Parses JSON without rounding its numbers.
 *
 * A number that code knows to be exact, with at most 15 digits, is a number. Any other is what `JSON.rawJSON` makes of its text: `numberText` returns
 * its digits, and `JSON.stringify` writes them. Node.js 20 cannot read the text of a number: there it is a number if JavaScript writes it with the
 * same digits, and otherwise an error.
 *
 * Throws a `SyntaxError` for text that is not JSON, for a key that an object has twice, and for more than 100 levels. A key `__proto__` is an own key
 * like any other.
 */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const long = longNumbers(text);
  if (long.length === 0) return value;
  if (rawJSON !== undefined) return JSON.parse(text, exactly as (this: unknown, key: string, value: unknown) => unknown);
  const rounded = long.find((number) => normal(number) !== normal(String(Number(number))));
  if (rounded === undefined) return value;
  throw new SyntaxError(`the number ${shortened(rounded)} has more digits than a JavaScript number keeps: write it as text, in double quotes`);
}

/** The text of a JSON number with all of its digits, also of one from `parseExactJson`; undefined for any other value. */
export function numberText(value: unknown): string | undefined {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'bigint') return String(value);
  return isRawJSON?.(value) ? value.rawJSON : undefined;
}

/** Throws a `SyntaxError` for a parsed value with more than 100 levels. */
export function checkDepth(value: unknown): void {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw tooDeep();
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
}

function exactly(_: string, value: unknown, { source }: { source?: string }): unknown {
  return typeof value === 'number' && isLong(source!) ? rawJSON!(source!) : value;
}

/** The numbers that JavaScript may have rounded. Throws for what `JSON.parse` lets pass in valid JSON. */
function longNumbers(text: string): string[] {
  const open: Array<Set<string> | undefined> = [];
  const long: string[] = [];
  for (let at = 0; at < text.length;) {
    const character = text[at]!;
    let end = at + 1;
    if (character === '"') {
      end = endOfString(text, at);
      if (isKey(text, end)) addKey(open.at(-1)!, JSON.parse(text.slice(at, end)) as string);
    } else if (character === '{' || character === '[') {
      if (open.push(character === '{' ? new Set() : undefined) > DEEPEST) throw tooDeep();
    } else if (character === '}' || character === ']') {
      open.pop();
    } else if (character === '-' || isDigit(character)) {
      const number = numberAt(text, at);
      end = at + number.length;
      if (isLong(number)) long.push(number);
    }
    at = end;
  }
  return long;
}

function addKey(keys: Set<string>, key: string): void {
  if (keys.has(key)) throw new SyntaxError(`the key ${JSON.stringify(shortened(key))} appears twice in one object, and only one of its values would count: remove one`);
  keys.add(key);
}

/** The position after the string at `from`. */
function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from + 1); ; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

/** In valid JSON, only a key is followed by a colon. */
function isKey(text: string, end: number): boolean {
  let next = end;
  while (/\s/.test(text[next] ?? '')) next += 1;
  return text[next] === ':';
}

function numberAt(text: string, from: number): string {
  let end = from;
  while (end < text.length && NUMBER_CHARACTERS.includes(text[end]!)) end += 1;
  if (end - from > MOST_CHARACTERS) throw new SyntaxError(`a number has more than ${MOST_CHARACTERS} characters: write it as text, in double quotes`);
  return text.slice(from, end);
}

/** Whether JavaScript's number may not be exactly the number that `source` writes. */
function isLong(source: string): boolean {
  const value = Number(source);
  if (/^-?\d+$/.test(source) && Number.isSafeInteger(value)) return false;
  const digits = source.replace(/[eE].*/, '').replace(/[-.]/g, '').replace(/^0+/, '');
  if (digits === '') return false;
  return digits.length > KEPT_DIGITS || value === 0 || !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
}

/** The digits of a number and the power of ten that they are multiplied with: the same for all ways to write it. */
function normal(source: string): string {
  const [mantissa = '', exponent = '0'] = source.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = (whole + fraction).replace(/^(-?)0+/, '$1');
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return `${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

function shortened(text: string): string {
  return text.length > 50 ? `${text.slice(0, 50)}...` : text;
}

function tooDeep(): SyntaxError {
  return new SyntaxError(`the JSON has more than ${DEEPEST} levels: make it flatter`);
}
