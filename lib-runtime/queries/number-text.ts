import { numberText } from './exact-json';

/** A number in positional notation: `-12.5` is negative, with the digits 12 before the point and 5 after it, without zeros at either end. */
interface Digits {
  readonly isNegative: boolean;
  readonly whole: string;
  readonly fraction: string;
}

/** The digits that a double keeps, so that a number of a JSON event still has all that its sender wrote. */
const KEPT_DIGITS = 15;
/** A number with more zeros than this fits no type that is exact. */
const LARGEST_EXPONENT = 400;

const WHOLE = /^-?\d+$/;
const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const NUMBER = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
const NO_NUMBERS = ['NaN', 'Infinity', '-Infinity'];

/** A number that its sender may have written with other digits. */
export class RoundedNumberError extends Error {}

/** The text of a whole number; undefined if `value` is not one. Throws `RoundedNumberError`. */
export function wholeText(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) throw rounded('a number beyond 2^53');
  const digits = exactDigits(value, WHOLE);
  return digits?.fraction === '' ? positional(digits) : undefined;
}

/** The text of a number that `DECIMAL(width, scale)` holds exactly; undefined if it does not. Throws `RoundedNumberError`. */
export function decimalText(value: unknown, width: number, scale: number): string | undefined {
  const digits = exactDigits(value, DECIMAL);
  if (digits === undefined) return undefined;
  const { whole, fraction } = digits;
  if (typeof value === 'number' && (whole + fraction).length > KEPT_DIGITS && !Number.isSafeInteger(value)) {
    throw rounded(`a number with more than ${KEPT_DIGITS} digits`);
  }
  return whole.length <= width - scale && fraction.length <= scale ? positional(digits) : undefined;
}

/**
 * The text of a number that `round` rounds to the nearest FLOAT or DOUBLE; undefined if `value` is not one, or would become infinite, or 0 without
 * being 0.
 */
export function floatText(value: unknown, round: (value: number) => number): string | undefined {
  if (typeof value === 'string' && NO_NUMBERS.includes(value)) return value;
  const text = typeof value === 'string' ? value : numberText(value);
  if (text === undefined || !NUMBER.test(text)) return undefined;
  const nearest = round(Number(text));
  if (!Number.isFinite(nearest) || (nearest === 0 && !isZero(text))) return undefined;
  // The text of a double, rounded to a FLOAT, may be another FLOAT than that of the double itself.
  return typeof value === 'number' ? numberText(nearest) : text;
}

function isZero(number: string): boolean {
  return !/[1-9]/.test(number.replace(/e.*/i, ''));
}

/** The digits of a number, or of a text of the form `form`. */
function exactDigits(value: unknown, form: RegExp): Digits | undefined {
  if (typeof value === 'string') return form.test(value) ? digitsOf(value) : undefined;
  const text = numberText(value);
  return text === undefined ? undefined : digitsOf(text);
}

function digitsOf(text: string): Digits | undefined {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(text);
  if (!parts) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const all = whole + fraction;
  if (!/[1-9]/.test(all)) return { isNegative: false, whole: '', fraction: '' };
  const shift = Number(exponent);
  if (Math.abs(shift) > LARGEST_EXPONENT) return undefined;
  const point = whole.length + shift;
  const [before, after] = [all.slice(0, Math.max(0, point)).padEnd(point, '0'), '0'.repeat(Math.max(0, -point)) + all.slice(Math.max(0, point))];
  return { isNegative: sign === '-', whole: before.replace(/^0+/, ''), fraction: withoutZerosAtEnd(after) };
}

/** A regular expression would start again at each zero. */
export function withoutZerosAtEnd(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}

function positional({ isNegative, whole, fraction }: Digits): string {
  return `${isNegative ? '-' : ''}${whole || '0'}${fraction && `.${fraction}`}`;
}

function rounded(what: string): RoundedNumberError {
  return new RoundedNumberError(`${what}, which JavaScript may have rounded: pass it as text`);
}
