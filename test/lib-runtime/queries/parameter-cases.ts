import * as fc from 'fast-check';

/** A type as a tree. */
export interface Shape {
  readonly form: 'scalar' | 'list' | 'array' | 'struct' | 'map' | 'union';
  /** The type in SQL. */
  readonly sql: string;
  readonly parts?: ReadonlyArray<{ readonly name: string; readonly shape: Shape }>;
}

/** A JSON value for a type. */
export interface Case {
  readonly shape: Shape;
  readonly value: unknown;
  /** Whether the type must take the value. Others may be refused. */
  readonly isValid: boolean;
}

const digits = (value: bigint | number, length: number) => String(value).padStart(length, '0');

/** Whole numbers, as a number where JSON keeps it, and as text. */
function whole(least: bigint, most: bigint): fc.Arbitrary<unknown> {
  const near = [least, most, 0n, 1n, -1n, 2n ** 53n - 1n].filter((value) => value >= least && value <= most);
  return fc.tuple(fc.oneof(fc.bigInt({ min: least, max: most }), fc.constantFrom(...near)), fc.boolean()).map(([value, isText]) => (
    isText || value > 2n ** 53n - 1n || value < -(2n ** 53n) + 1n ? String(value) : Number(value)
  ));
}

function decimal(width: number, scale: number): fc.Arbitrary<unknown> {
  const most = 10n ** BigInt(width) - 1n;
  return fc.tuple(fc.bigInt({ min: -most, max: most }), fc.boolean(), fc.nat(3)).map(([unscaled, isText, zeros]) => {
    const text = digits(unscaled < 0n ? -unscaled : unscaled, scale + 1);
    const number = `${unscaled < 0n ? '-' : ''}${text.slice(0, text.length - scale)}${scale > 0 ? '.' : ''}${text.slice(text.length - scale)}`;
    return isText || width > 15 ? number + (scale > 0 ? '0'.repeat(zeros) : '') : Number(number);
  });
}

const DAY_IN_MS = 86_400_000;
const day = fc.oneof(
  fc.integer({ min: -719_162, max: 2_932_896 }).map((days) => new Date(days * DAY_IN_MS).toISOString().slice(0, 10)),
  fc.tuple(fc.integer({ min: 1, max: 200_000 }), fc.constantFrom('01-01', '12-31', '06-15')).map(([year, rest]) => `${digits(year, 4)}-${rest}${year < 100_000 ? ' (BC)' : ''}`),
);
/** Within the range of nanoseconds. */
const recentDay = fc.integer({ min: -106_000, max: 106_000 }).map((days) => new Date(days * DAY_IN_MS).toISOString().slice(0, 10));
const time = (most: number) => fc.tuple(fc.nat(86_399), fc.nat(most), fc.nat(10 ** 9 - 1)).map(([second, length, fraction]) => {
  const [h, m, s] = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60].map((part) => digits(part, 2));
  return s === '00' && length === 0 ? `${h}:${m}` : `${h}:${m}:${s}${length > 0 ? `.${digits(fraction, 9).slice(0, length)}` : ''}`;
});
const offset = fc.oneof(fc.constant('Z'), fc.tuple(fc.constantFrom('+', '-'), fc.nat(15), fc.nat(59), fc.nat(2)).map(([sign, hours, minutes, parts]) => (
  sign + [hours, minutes, minutes].slice(0, parts + 1).map((part) => digits(part, 2)).join(':')
)));
const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(''));
const infinite = fc.constantFrom('infinity', '-infinity');
const timestamp = (days: fc.Arbitrary<string>, most: number) => fc.oneof({ weight: 9, arbitrary: fc.oneof(joined(days, fc.constantFrom('T', ' '), time(most), fc.constantFrom('', 'Z')), days) }, infinite);

const UNITS = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond', 'microsecond'];
const interval = fc.oneof(
  fc.array(fc.tuple(fc.integer({ min: -100_000, max: 100_000 }), fc.constantFrom(...UNITS), fc.constantFrom('', 's')), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.map(([count, unit, plural]) => `${count} ${unit}${plural}`).join(' ')),
  fc.tuple(fc.integer({ min: -50, max: 50 }), fc.nat(999), fc.nat(59), fc.nat(999_999)).map(([months, hours, part, micros]) => (
    `${months} months ${digits(hours, 2)}:${digits(part, 2)}:${digits(part, 2)}.${digits(micros, 6)}`
  )),
);

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', "it's", '"', 'NULL', '\0', '[1, 2]', "{'a': 1}", '\u{1f986}', '$p', '; DROP TABLE t; --', 's3://a/*'));
/** Numbers that JavaScript writes as their digits, as Python does. */
const jsonNumber = fc.oneof(fc.integer(), fc.integer({ min: -999_999, max: 999_999 }).map((value) => value / 100), fc.constant(-0));
const jsonValue = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value, (_, item: unknown) => (typeof item === 'number' && !Number.isSafeInteger(item) ? 0.5 : item))) as unknown);
const json = fc.oneof(
  jsonValue.filter((value) => typeof value !== 'string' && value !== null), jsonValue.map((value) => JSON.stringify(value)), jsonNumber,
  fc.constantFrom('{"a":  12345678901234567890}', ' [1e300] ', '"\\u0000"', '{"a": 1, "a": 2}', 'true', '-0'),
);
const WHOLE_NUMBERS: ReadonlyArray<readonly [string, bigint, bigint]> = ([8n, 16n, 32n, 64n, 128n] as const).flatMap((bits, index) => {
  const name = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT'][index]!;
  return [[name, -(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n], [`U${name}`, 0n, 2n ** bits - 1n]] as const;
});
const notNumbers = fc.constantFrom('NaN', 'Infinity', '-Infinity', '-0', '00.5', '5.', '.5', '1E+3');

/** Doubles that become neither infinite nor 0 as a FLOAT. */
const roundedToFloat = fc.double({ min: -3e38, max: 3e38, noNaN: true }).filter((value) => value === 0 || Math.fround(value) !== 0);

/** Values that a type must take. */
const VALID: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  'BOOLEAN': fc.constantFrom(true, false, 'true', 'false'),
  ...Object.fromEntries(WHOLE_NUMBERS.map(([name, least, most]) => [name, whole(least, most)])),
  'BIGNUM': whole(-(10n ** 60n), 10n ** 60n),
  'FLOAT': fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), roundedToFloat, roundedToFloat.map(String), notNumbers),
  'DOUBLE': fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.double({ noNaN: true, noDefaultInfinity: true }).map(String), notNumbers),
  'DECIMAL(4,1)': decimal(4, 1),
  'DECIMAL(9,0)': decimal(9, 0),
  'DECIMAL(18,2)': decimal(18, 2),
  'DECIMAL(38,10)': decimal(38, 10),
  'DECIMAL(38,38)': decimal(38, 38),
  'VARCHAR': text,
  'BLOB': fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
  'BIT': fc.array(fc.constantFrom('0', '1'), { minLength: 1, maxLength: 40 }).map((bits) => bits.join('')),
  'UUID': fc.uuid().chain((uuid) => fc.constantFrom(uuid, uuid.toUpperCase())),
  'DATE': fc.oneof({ weight: 9, arbitrary: day }, infinite),
  'TIME': fc.oneof(time(6), fc.constant('24:00:00')),
  'TIME_NS': time(9),
  'TIMETZ': joined(time(6), offset),
  'TIMESTAMP': timestamp(day, 6),
  'TIMESTAMP_S': timestamp(day, 0),
  'TIMESTAMP_MS': timestamp(day, 3),
  'TIMESTAMP_NS': timestamp(recentDay, 9),
  'TIMESTAMPTZ': fc.oneof({ weight: 9, arbitrary: joined(day, fc.constantFrom('T', ' '), time(6), offset) }, infinite),
  'INTERVAL': interval,
  'mood': fc.constantFrom('sad', 'glad', "it's"),
  'JSON': json,
};

/** Texts that a cast takes for something, and others that it may. */
const TRAPS = [
  '', ' ', ' 1 ', '1.7', '1e3', '0x10', '0b1', '1_000', '1,5', '+1', '-', '--1', '1.005', '.5', '5.', '1.0029999999999999', 'inf', '-inf', 'nan', 'Infinity', 'NaN', '1e400', '1e-400', '\u0661', '\uff11', '1\0', '\0', '\ud800', '\udc00x',
  'TRUE', 't', 'yes', 'on', '2024-01-01 00:00:00', '2024-02-30', '2023-02-29', '2024-1-1', '24-01-01', '2024/01/01', '20240101', '2024-W01-1', 'epoch', 'now', 'today', '2024-13-01', '0000-01-01', '-0001-01-01', '9999999-01-01', '5881580-07-11', '290309-12-22 (BC)',
  '24:00:00', '24:00:01', '23:59:60', '2016-12-31T23:59:60Z', '2024-01-01T24:00:00', '12', '12:', '12:34:56.1234567', '12:34:56.123456789', '12:34:56Z', '12:34:56+02', '12:34:56+0200', '12:34:56+24:00', '2024-01-01T12:00:00+02:00', '2024-01-01T12:00:00Z', '2024-01-01t12:00:00z',
  '2024-01-01T12:00:00 Europe/Berlin', '2024-01-01 12:00:00 UTC', '2024-01-01 12:00:00-17:00', '2024-03-31T02:30:00', '294247-01-10 04:00:54.775807', '2262-04-11 23:47:16.854775807', '1677-09-21 00:12:43.145224193', '0044-03-15 (BC)', '0044-03-15 (BC) 12:00:00Z', 'infinity', '-infinity',
  '1', '1 day', '1.5 days', '1 day ', '1 days 2', 'P1D', '99999999999 days', '1 fortnight', '10:75:00', '1 month -1 day', '9223372036854775807 microseconds', '9223372036854775808 microseconds', '2147483647 months', '2147483648 months', '200000000 years',
  '{a1b2c3d4-0000-4000-8000-000000000000}', 'a1b2c3d4000040008000000000000000', 'Sad', 'constructor', '__proto__', 'NULL', 'null', '[1]', '[]', '{}', '{"a":1}', "{'a': 1}", '"a"', '"\\ud800"', '[1,]', 'nan', '1e999', "'; DROP TABLE t; --", '$1', '?',
  'qg', 'qg==', 'q-_/', 'q g==', '\\xAA', '101', '012', '9'.repeat(40), '9'.repeat(5000), `0.${'1'.repeat(50)}`, 'x'.repeat(100_000), '['.repeat(500),
];

const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...TRAPS),
  fc.constantFrom(null, true, false, 0, -0, -1, 0.5, 1.005, 0.1 + 0.2, 255, 256, 2 ** 31, 2 ** 53, 2 ** 53 - 1, 2 ** 63, 1e21, 1e300, 1e-300, 5e-324),
  fc.constantFrom([], {}, [null], { a: 1 }, [[]], [{ key: 1, value: 2 }], [{ key: 1 }]),
  fc.constantFrom('{"__proto__": 1}', '{"a": 1, "A": 2}', '{"constructor": {}}').map((source) => JSON.parse(source) as unknown),
  fc.string({ unit: 'binary' }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.jsonValue({ maxDepth: 2 }),
);

/** A valid text with a character put in, taken out or changed: it may still be valid. */
const mutated = (valid: fc.Arbitrary<unknown>) => fc.tuple(valid, fc.nat(), fc.nat(2), fc.constantFrom(' ', '0', '9', '-', '+', '.', ':', 'e', 'Z', 'T', '\0', '\u0661', '\ud800', '/', '(', '"')).map(([value, position, removed, put]) => {
  const original = typeof value === 'string' ? value : JSON.stringify(value);
  const at = position % (original.length + 1);
  return original.slice(0, at) + (removed === 2 ? '' : put) + original.slice(at + (removed > 0 ? 1 : 0));
});

/** The types that are not made of others. */
export const SCALARS = Object.keys(VALID);

const scalarShape: fc.Arbitrary<Shape> = fc.constantFrom(...SCALARS).map((sql) => ({ form: 'scalar', sql }));
const names = fc.uniqueArray(fc.constantFrom('a', 'B', '__proto__', 'a b', 'constructor', 'select'), { minLength: 1, maxLength: 3 });
const fields = (types: fc.Arbitrary<Shape>) => fc.tuple(names, fc.tuple(types, types, types))
  .map(([unique, shapes]) => unique.map((name, index) => ({ name, shape: shapes[index]! })));

/** A type, up to three levels deep. */
const shape: fc.Arbitrary<Shape> = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof({ maxDepth: 2, withCrossShrink: true },
    { weight: 6, arbitrary: scalarShape },
    tie('shape').map((item): Shape => ({ form: 'list', sql: `${item.sql}[]`, parts: [{ name: '', shape: item }] })),
    tie('shape').map((item): Shape => ({ form: 'array', sql: `${item.sql}[2]`, parts: [{ name: '', shape: item }] })),
    fc.tuple(fields(tie('shape')), fc.boolean()).map(([parts, isUnion]): Shape => ({
      form: isUnion ? 'union' : 'struct',
      sql: `${isUnion ? 'UNION' : 'STRUCT'}(${parts.map((part) => `"${part.name}" ${part.shape.sql}`).join(', ')})`,
      parts,
    })),
    fc.tuple(scalarShape, tie('shape')).map(([key, item]): Shape => ({ form: 'map', sql: `MAP(${key.sql}, ${item.sql})`, parts: [{ name: 'key', shape: key }, { name: 'value', shape: item }] })),
  ),
})).shape;

function validValue({ form, sql, parts = [] }: Shape): fc.Arbitrary<unknown> {
  const inner = (index: number) => orNull(validValue(parts[index]!.shape));
  switch (form) {
    case 'list': return fc.array(inner(0), { maxLength: 3 });
    case 'array': return fc.tuple(inner(0), inner(0));
    case 'struct': return fc.tuple(...parts.map((_, index) => inner(index))).map((values) => object(parts.map(({ name }, index) => [name.toUpperCase(), values[index]])));
    case 'map': return fc.array(fc.record({ key: validValue(parts[0]!.shape), value: inner(1) }), { maxLength: 1 });
    case 'union': return fc.nat(parts.length - 1).chain((index) => inner(index).map((value) => object([[parts[index]!.name, value]])));
    default: return VALID[sql]!;
  }
}

/** An object with exactly these own keys. */
function object(entries: Array<[string, unknown]>): unknown {
  return Object.fromEntries(entries);
}

function orNull(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 5, arbitrary: value }, fc.constant(null));
}

/** A valid value in which some part is a hostile one. */
function spoilt({ form, sql, parts = [] }: Shape): fc.Arbitrary<unknown> {
  if (form === 'scalar') return fc.oneof(hostile, mutated(VALID[sql]!));
  const [first, ...others] = parts;
  const part = fc.oneof({ weight: 5, arbitrary: spoilt(first!.shape) }, hostile);
  switch (form) {
    case 'list': return fc.array(part, { maxLength: 2 });
    case 'array': return fc.array(part, { minLength: 1, maxLength: 3 });
    case 'struct': return fc.tuple(part, ...others.map(({ shape: other }) => validValue(other))).map((values) => object(parts.map(({ name }, index) => [name, values[index]])));
    case 'map': return fc.oneof(fc.array(fc.record({ key: part, value: validValue(parts[1]!.shape) }), { maxLength: 2 }), fc.dictionary(text, validValue(parts[1]!.shape), { maxKeys: 2 }));
    default: return part.map((value) => object([[first!.name, value]]));
  }
}

/** Values of types, half of them valid. */
export const cases: fc.Arbitrary<Case> = shape.chain((type) => fc.oneof(
  orNull(validValue(type)).map((value) => ({ shape: type, value, isValid: true })),
  fc.oneof({ weight: 4, arbitrary: spoilt(type) }, hostile).map((value) => ({ shape: type, value, isValid: false })),
));
