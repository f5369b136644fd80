import { withoutZerosAtEnd } from './number-text';

// Years have more than four digits as DuckDB writes them, and dates before year 1 its (BC).
const DATE = '(\\d{4,7}-\\d\\d-\\d\\d(?: \\(BC\\))?)';
const TIME = '(\\d\\d:[0-5]\\d)(?::([0-5]\\d)(?:\\.(\\d+))?)?';
const OFFSET = '(Z|[-+]\\d\\d(?::[0-5]\\d(?::[0-5]\\d)?)?)';

const ONLY_DATE = new RegExp(`^${DATE}$`);
const ONLY_TIME = new RegExp(`^${TIME}$`);
const TIME_WITH_OFFSET = new RegExp(`^${TIME}${OFFSET}$`);
const TIMESTAMP = new RegExp(`^${DATE}(?:[T ]${TIME}Z?)?$`);
const TIMESTAMP_WITH_OFFSET = new RegExp(`^${DATE}[T ]${TIME}${OFFSET}$`);

const INFINITIES: readonly unknown[] = ['infinity', '-infinity'];
/** DuckDB's own range for the offset of a TIMETZ. */
const LARGEST_OFFSET = '15:59:59';

const UNIT = '(?:year|month|week|day|hour|minute|second|millisecond|microsecond)s?';
const INTERVAL = new RegExp(`^(?=.)(?:-?\\d{1,18} ${UNIT}(?: (?!$)|$))*(?:-?\\d{1,9}:\\d\\d:\\d\\d(?:\\.\\d{1,6})?)?$`);

// Each returns the text that DuckDB casts without a loss, or undefined for anything else. DuckDB decides whether a day is in the calendar.

/** `2025-01-31`, without a time, which a DATE would drop. */
export function dateText(value: unknown): string | undefined {
  if (INFINITIES.includes(value)) return value as string;
  return typeof value === 'string' && ONLY_DATE.test(value) ? value : undefined;
}

/** `12:34:56.789`, with at most `digits` digits of a second. */
export function timeText(value: unknown, digits: number): string | undefined {
  const parts = matched(value, ONLY_TIME);
  return parts && time(parts.slice(1), digits);
}

/** `12:34:56+02:00`. */
export function timeWithOffsetText(value: unknown, digits: number): string | undefined {
  const parts = matched(value, TIME_WITH_OFFSET);
  return parts && joined('', time(parts.slice(1), digits), offset(parts[4]!));
}

/** `2025-01-31T12:34:56.789`, perhaps with a `Z`, or a date alone. Another offset would move it to another time of day. */
export function timestampText(value: unknown, digits: number): string | undefined {
  if (INFINITIES.includes(value)) return value as string;
  const parts = matched(value, TIMESTAMP);
  if (!parts || parts[2] === undefined) return parts?.[1];
  return joined(' ', parts[1], time(parts.slice(2), digits));
}

/** `2025-01-31T12:34:56.789+02:00`. Without its offset it would depend on the setting TimeZone. */
export function timestampWithOffsetText(value: unknown, digits: number): string | undefined {
  if (INFINITIES.includes(value)) return value as string;
  const parts = matched(value, TIMESTAMP_WITH_OFFSET);
  return parts && joined('', joined(' ', parts[1], time(parts.slice(2), digits)), offset(parts[5]!));
}

/** DuckDB's own form, `1 year 2 months 3 days 04:05:06.789`, and its units one by one. Fractions of a unit become other units. */
export function intervalText(value: unknown): string | undefined {
  return typeof value === 'string' && INTERVAL.test(value) ? value : undefined;
}

function matched(value: unknown, form: RegExp): Array<string | undefined> | undefined {
  return typeof value === 'string' ? form.exec(value) ?? undefined : undefined;
}

function time([minutes, seconds = '00', fraction = '']: ReadonlyArray<string | undefined>, digits: number): string | undefined {
  const kept = withoutZerosAtEnd(fraction);
  return kept.length > digits ? undefined : `${minutes}:${seconds}${kept && `.${kept}`}`;
}

function offset(text: string): string | undefined {
  if (text === 'Z') return '+00';
  return text.slice(1) <= LARGEST_OFFSET ? text : undefined;
}

function joined(separator: string, ...parts: ReadonlyArray<string | undefined>): string | undefined {
  return parts.includes(undefined) ? undefined : parts.join(separator);
}
