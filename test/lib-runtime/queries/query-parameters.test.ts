import { ConfigError, cursor, type Cursor, ParameterError } from '../../../lib-runtime';
import { rememberSecret } from '../../../lib-runtime/base/redaction';
import { parseExactJson } from '../../../lib-runtime/queries/exact-json';
import type { QueryParameterDeclaration } from '../../../lib-runtime/queries/query-file';
import { queryParameters } from '../../../lib-runtime/queries/query-parameters';
import { rejection } from '../rejection';

let c: Cursor;
beforeAll(async () => {
  c = await cursor();
  await c.execute("CREATE TYPE mood AS ENUM ('sad', 'glad', '__proto__')");
});
afterAll(() => c.close());

const declared = (type: string, rest: Partial<QueryParameterDeclaration> = {}): QueryParameterDeclaration => ({ name: 'p', type, line: 1, ...rest });
/** What DuckDB gets for `value` as a parameter of `type`: its type and its text. */
const received = async (type: string, value: unknown) => {
  const parameters = await queryParameters(c, [declared(type)], { p: value });
  const row = await c.queryOne<{ type: string; text: string | null }>('SELECT typeof(v) AS type, v::VARCHAR AS text FROM (SELECT $p AS v)', parameters);
  return [row!.type, row!.text];
};
const refusal = async (type: string, value: unknown) => {
  const error = await rejection(queryParameters(c, [declared(type)], { p: value }));
  expect(error).toBeInstanceOf(ParameterError);
  return error.message;
};

describe('a value of its type', () => {
  test.each<[string, unknown, string | null, string?]>([
    ['BOOLEAN', true, 'true'], ['BOOLEAN', 'false', 'false'], ['BOOLEAN', null, null],
    ['TINYINT', -128, '-128'], ['INTEGER', '007', '7'], ['INTEGER', -0, '0'], ['INTEGER', '-0', '0'], ['BIGINT', '9223372036854775807', '9223372036854775807'],
    ['HUGEINT', '-170141183460469231731687303715884105728', '-170141183460469231731687303715884105728'], ['UTINYINT', 255, '255'],
    ['UHUGEINT', 2n ** 128n - 1n, '340282366920938463463374607431768211455'], ['BIGNUM', 0, '0'], ['BIGNUM', '-1267650600228229401496703205376', '-1267650600228229401496703205376'],
    ['DECIMAL(18,2)', '1.50', '1.50'], ['DECIMAL(18,2)', 1e3, '1000.00'], ['DECIMAL(4,3)', 1e-3, '0.001'], ['DECIMAL(18,2)', '-0.00', '0.00'], ['DECIMAL(18,2)', '1.500000', '1.50'],
    ['DECIMAL(38,10)', '1234567890123456789012345678.0123456789', '1234567890123456789012345678.0123456789'], ['DECIMAL(38,0)', 9007199254740991, '9007199254740991'],
    ['DOUBLE', 0.1, '0.1'], ['DOUBLE', -0, '-0.0'], ['DOUBLE', '1e3', '1000.0'], ['DOUBLE', 'NaN', 'nan'], ['DOUBLE', '-Infinity', '-inf'], ['DOUBLE', 5e-324, '5e-324'], ['DOUBLE', '-0.0e-999', '-0.0'],
    ['FLOAT', 1e-45, '1e-45'], ['FLOAT', 16777217, '16777216.0'], ['DOUBLE', '9007199254740993', '9007199254740992.0'],
    ['FLOAT', 0.1, '0.1'], ['FLOAT', '-0', '-0.0'],
    ['VARCHAR', '', ''], ['VARCHAR', "it's \u{1f986} \0", "it's \u{1f986} \0"], ['VARCHAR', '1e3', '1e3'],
    ['BLOB', 'qgD/', '\\xAA\\x00\\xFF'], ['BLOB', '', ''], ['BIT', '0010', '0010'],
    ['UUID', 'A1B2C3D4-0000-4000-8000-00000000000f', 'a1b2c3d4-0000-4000-8000-00000000000f'],
    ['DATE', '2024-02-29', '2024-02-29'], ['DATE', '-infinity', '-infinity'], ['DATE', '0044-03-15 (BC)', '0044-03-15 (BC)'], ['DATE', '12024-01-01', '12024-01-01'],
    ['TIME', '12:34', '12:34:00'], ['TIME', '24:00:00', '24:00:00'], ['TIME', '12:34:56.7890000000', '12:34:56.789'], ['TIME_NS', '12:34:56.123456789', '12:34:56.123456789'],
    ['TIMETZ', '12:34:56+02:00', '12:34:56+02', 'TIME WITH TIME ZONE'], ['TIMETZ', '12:34Z', '12:34:00+00', 'TIME WITH TIME ZONE'],
    ['TIMESTAMP', '2024-02-29T12:34:56.789Z', '2024-02-29 12:34:56.789'], ['TIMESTAMP', '2024-02-29', '2024-02-29 00:00:00'], ['TIMESTAMP', 'infinity', 'infinity'],
    ['TIMESTAMP', '0044-03-15 (BC) 12:34:56', '0044-03-15 (BC) 12:34:56'], ['TIMESTAMP_S', '2024-02-29 12:34:56.000', '2024-02-29 12:34:56'],
    ['TIMESTAMP_MS', '2024-02-29 12:34:56.789', '2024-02-29 12:34:56.789'], ['TIMESTAMP_NS', '2024-02-29 12:34:56.123456789', '2024-02-29 12:34:56.123456789'],
    ['TIMESTAMPTZ', '2024-02-29T12:34:56.000001+02:30', '2024-02-29 10:04:56.000001+00', 'TIMESTAMP WITH TIME ZONE'], ['TIMESTAMPTZ', '2024-02-29 12:34Z', '2024-02-29 12:34:00+00', 'TIMESTAMP WITH TIME ZONE'],
    ['INTERVAL', '1 year -2 months 3 days 04:05:06.789', '10 months 3 days 04:05:06.789'], ['INTERVAL', '90 minutes', '01:30:00'], ['INTERVAL', '-00:00:01', '-00:00:01'],
    ['mood', 'glad', 'glad', "ENUM('sad', 'glad', '__proto__')"], ['mood', '__proto__', '__proto__', "ENUM('sad', 'glad', '__proto__')"],
    ['JSON', { a: [1, 'x', null, 0.1] }, '{"a":[1,"x",null,0.1]}'], ['JSON', '{"n":  12345678901234567890}', '{"n":  12345678901234567890}'], ['JSON', '"a"', '"a"'], ['JSON', false, 'false'], ['JSON', null, null],
    ['JSON', JSON.parse('{"__proto__": 1}'), '{"__proto__":1}'],
    ['INTEGER[]', [1, null, '3'], '[1, NULL, 3]'], ['INTEGER[]', [], '[]'], ['VARCHAR[]', ['a', '\u{1f986}, ['], "[a, '\u{1f986}, [']"], ['VARCHAR[]', [null], '[NULL]'], ['VARCHAR[][]', [['a'], []], '[[a], []]'],
    ['DECIMAL(4,1)[2]', ['1.5', 2], '[1.5, 2.0]'], ['JSON[]', ['1', [2]], '[1, [2]]'], ['BLOB[]', ['qg=='], '[\\xAA]'], ['BIGNUM[]', [0, null], '[0, NULL]'],
    ['STRUCT(a INTEGER, B VARCHAR[])', { b: ['x'], A: '1' }, "{'a': 1, 'B': [x]}"], ['STRUCT(a INTEGER, "__proto__" INTEGER)', JSON.parse('{"a": 1, "__proto__": 2}'), "{'a': 1, '__proto__': 2}", 'STRUCT(a INTEGER, __proto__ INTEGER)'],
    ['MAP(VARCHAR, INTEGER)', { k: 1, l: null }, '{k=1, l=NULL}'], ['MAP(INTEGER, DATE)', { 1: '2024-01-01' }, '{1=2024-01-01}'], ['MAP(STRUCT(a INTEGER), INTEGER)', [{ key: { a: 1 }, value: 2 }], "{{'a': 1}=2}"], ['MAP(VARCHAR, INTEGER)', {}, '{}'],
    ['UNION(n INTEGER, s VARCHAR)', { n: 5 }, '5'], ['UNION(n INTEGER, s VARCHAR)', { S: '5' }, '5'], ['UNION(n INTEGER, s VARCHAR)', { n: null }, 'NULL'],
    ['STRUCT(d DATE, l STRUCT(t TIME)[])[]', [{ d: null, l: [{ t: '12:00:00' }, null] }], "[{'d': NULL, 'l': [{'t': '12:00:00'}, NULL]}]"],
  ])('%s: %j', async (type, value, text, name = type) => expect(await received(type, value)).toEqual([name, text]));

  test('NULL has its type, and JSON is JSON', async () => {
    const parameters = await queryParameters(c, [declared('DATE'), declared('JSON', { name: 'j' })], { p: null, j: { a: 1 } });
    expect(await c.queryOne('SELECT typeof($p) AS type, to_json($j)::VARCHAR AS json', parameters)).toEqual({ type: 'DATE', json: '{"a":1}' });
  });

  test('a member of a UNION that is NULL keeps its name', async () => {
    const parameters = await queryParameters(c, [declared('UNION(n INTEGER, s VARCHAR)')], { p: { s: null } });
    expect(await c.queryOne('SELECT union_tag($p)::VARCHAR AS tag', parameters)).toEqual({ tag: 's' });
  });

  test('numbers of exact JSON', async () => {
    if (parse('1.00000000000000000001') === undefined) return;
    expect(await received('HUGEINT', parse('12345678901234567890'))).toEqual(['HUGEINT', '12345678901234567890']);
    expect(await received('DECIMAL(38,20)', parse('1.00000000000000000001'))).toEqual(['DECIMAL(38,20)', '1.00000000000000000001']);
    expect(await received('JSON', parse('{"a": 12345678901234567890}'))).toEqual(['JSON', '{"a":12345678901234567890}']);
    expect(await received('DOUBLE', parse('0.1000000000000000055511151231257827'))).toEqual(['DOUBLE', '0.1']);
  });
});

function parse(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return undefined;
  }
}

describe('what a cast of text would guess is refused', () => {
  test.each<[string, unknown]>([
    ['BOOLEAN', 'yes'], ['BOOLEAN', 1], ['BOOLEAN', 'TRUE'],
    ['BIGINT', '1.7'], ['BIGINT', '1e3'], ['BIGINT', '0x10'], ['BIGINT', ' 1 '], ['BIGINT', '1_000'], ['BIGINT', '\u0661'], ['BIGINT', '\uff11'], ['BIGINT', '+1'], ['BIGINT', ''], ['BIGINT', true],
    ['BIGINT', 1.5], ['BIGINT', '9223372036854775808'], ['BIGINT', '1\0'], ['BIGINT', [1]], ['TINYINT', 128], ['UTINYINT', -1], ['UBIGINT', '-1'], ['BIGINT', '9'.repeat(1_000_000)],
    ['BIGNUM', '9'.repeat(5000)], ['BIGNUM', '1e9'],
    ['DECIMAL(18,2)', '1.005'], ['DECIMAL(18,2)', 1.005], ['DECIMAL(4,2)', '100'], ['DECIMAL(4,2)', '1e1'], ['DECIMAL(4,2)', '.5'], ['DECIMAL(4,2)', '1,5'], ['DECIMAL(4,2)', 'NaN'], ['DECIMAL(4,2)', '1.0029999999999999'], ['DECIMAL(38,10)', '1e-999999999'],
    ['DOUBLE', '1e400'], ['DOUBLE', 'inf'], ['DOUBLE', 'nan'], ['DOUBLE', '1e'], ['DOUBLE', '0x1p3'], ['DOUBLE', '1_0'], ['DOUBLE', '.'], ['FLOAT', '3.5e38'], ['FLOAT', 1e39],
    ['DOUBLE', '1e-400'], ['FLOAT', 1e-50], ['FLOAT', '-1e-50'], ['FLOAT[]', [1e-46]],
    ['VARCHAR', 5], ['VARCHAR', '\ud800'], ['VARCHAR', {}],
    ['BLOB', 'qg'], ['BLOB', 'qg==\n'], ['BLOB', '\\xAA'], ['BLOB', 'q-_/'], ['BIT', ''], ['BIT', '012'], ['BIT', 1],
    ['UUID', '{a1b2c3d4-0000-4000-8000-000000000000}'], ['UUID', 'a1b2c3d4000040008000000000000000'],
    ['DATE', '2024-02-29 12:00:00'], ['DATE', '2023-02-29'], ['DATE', '2024-2-9'], ['DATE', '2024/02/29'], ['DATE', ' 2024-02-29'], ['DATE', 'epoch'], ['DATE', 'today'], ['DATE', 20240229], ['DATE', '\u0662\u0660\u0662\u0664-02-29'], ['DATE', '9999999-01-01'],
    ['TIME', '23:59:60'], ['TIME', '24:00:01'], ['TIME', '12:34:56.1234567'], ['TIME', '12:34:56+02'], ['TIMETZ', '12:34:56'], ['TIMETZ', '12:34:56+16:00'], ['TIMETZ', '12:34:56+02:75'],
    ['TIMESTAMP', '2024-02-29T12:34:56+02:00'], ['TIMESTAMP', '2024-02-29T12:34:56.1234567'], ['TIMESTAMP', '2016-12-31T23:59:60Z'], ['TIMESTAMP', 'now'], ['TIMESTAMP', 1709210096], ['TIMESTAMP', '2024-02-29T12:34:56 Europe/Berlin'],
    ['TIMESTAMP_S', '2024-02-29 00:00:00.9'], ['TIMESTAMP_MS', '2024-02-29 00:00:00.9999'], ['TIMESTAMP_NS', '2300-01-01'],
    ['TIMESTAMPTZ', '2024-02-29T12:34:56'], ['TIMESTAMPTZ', '2024-02-29'], ['TIMESTAMPTZ', '2024-02-29T12:34:56-17:00'], ['TIMESTAMPTZ', '2024-02-29T12:34:56 Asia/Shanghai'],
    ['INTERVAL', '1.7 months'], ['INTERVAL', '1'], ['INTERVAL', ''], ['INTERVAL', '1 day '], ['INTERVAL', '99999999999 days'], ['INTERVAL', 5], ['INTERVAL', '10:75:00'],
    ['mood', 'Sad'], ['mood', 0], ['mood', 'constructor'], ['mood', ''],
    ['JSON', 'abc'], ['JSON', ''], ['JSON', '{"a":1}{'], ['JSON', '"\\ud800"'], ['JSON', 12345678901234567890], ['JSON', { a: 12345678901234567890 }], ['JSON', '1e999'], ['JSON', deep(200)], ['JSON', JSON.stringify(deep(200))], ['JSON', { '\ud800': 1 }],
    ['INTEGER[]', { 0: 1 }], ['INTEGER[]', '[1]'], ['INTEGER[]', [1, 'x']], ['INTEGER[2]', [1]], ['INTEGER[]', 1],
    ['STRUCT(a INTEGER)', {}], ['STRUCT(a INTEGER)', { a: 1, b: 2 }], ['STRUCT(a INTEGER)', { a: 1, A: 2 }], ['STRUCT(a INTEGER)', [1]], ['STRUCT(a INTEGER)', 'x'],
    ['MAP(INTEGER, INTEGER)', { x: 1 }], ['MAP(INTEGER, INTEGER)', [{ key: 1, value: 1 }, { key: '01', value: 2 }]], ['MAP(INTEGER, INTEGER)', [{ key: null, value: 1 }]], ['MAP(INTEGER, INTEGER)', [{ key: 1 }]], ['MAP(INTEGER, INTEGER)', [[1, 2]]],
    ['UNION(n INTEGER, s VARCHAR)', {}], ['UNION(n INTEGER, s VARCHAR)', { n: 1, s: 'x' }], ['UNION(n INTEGER, s VARCHAR)', { x: 1 }], ['UNION(n INTEGER, s VARCHAR)', 5],
  ])('%s: %j', async (type, value) => {
    const message = await refusal(type, value);
    expect(message).toContain('parameter $p');
    expect(message).toContain(`the type of $p is ${type}`);
    expect(message.length).toBeLessThan(700);
  });
});

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

describe('an error says where, what was received, and what is expected', () => {
  test.each<[string, unknown, string]>([
    ['DATE', '2024-02-30', 'parameter $p is "2024-02-30", expected a date as text, such as 2025-01-31; the type of $p is DATE'],
    ['TINYINT', 300, 'parameter $p is 300, expected a whole number from -128 to 127, as a number or as text; the type of $p is TINYINT'],
    ['BIGINT', 2 ** 60, 'parameter $p is 1152921504606847000, a number beyond 2^53, which JavaScript may have rounded: pass it as text; the type of $p is BIGINT'],
    ['DECIMAL(38,20)', 0.1 + 0.2, 'parameter $p is 0.30000000000000004, a number with more than 15 digits, which JavaScript may have rounded: pass it as text; the type of $p is DECIMAL(38,20)'],
    ['STRUCT(d DATE)[]', [{ d: null }, { d: 'x' }], 'parameter $p[1].d is "x", expected a date as text, such as 2025-01-31; the type of $p is STRUCT(d DATE)[]'],
    ['STRUCT(alpha DATE)', { alph: 1 }, 'parameter $p has no field "alph"; did you mean "alpha"?; expected an object with the keys alpha; the type of $p is STRUCT(alpha DATE)'],
    ['STRUCT(a DATE)', {}, 'parameter $p.a is missing: pass null for NULL; the type of $p is STRUCT(a DATE)'],
    ['MAP(VARCHAR, INTEGER)', { 'a b': 'x' }, 'parameter $p["a b"] is "x", expected a whole number from -2147483648 to 2147483647, as a number or as text; the type of $p is MAP(VARCHAR, INTEGER)'],
    ['mood', 'mad', 'parameter $p is "mad", expected one of: "sad", "glad", "__proto__"; the type of $p is mood'],
    ['UNION(n INTEGER, s VARCHAR)', { n: 'x' }, 'parameter $p.n is "x", expected a whole number from -2147483648 to 2147483647, as a number or as text; the type of $p is UNION(n INTEGER, s VARCHAR)'],
    ['JSON', { a: [{ 'b c': 2 ** 60 }] }, 'parameter $p.a[0]["b c"] is 1152921504606847000, a number beyond 2^53, which JavaScript may have rounded: pass all of the JSON as text; the type of $p is JSON'],
    ['JSON', 1e21, 'parameter $p is 1e+21, a number beyond 2^53, which JavaScript may have rounded: pass all of the JSON as text; the type of $p is JSON'],
    ['STRUCT(j JSON)[]', [{ j: [1, -(2 ** 60)] }], 'parameter $p[0].j[1] is -1152921504606847000, a number beyond 2^53, which JavaScript may have rounded: pass all of the JSON as text; the type of $p is STRUCT(j JSON)[]'],
    ['JSON', '{"a": [1e999]}', 'parameter $p.a[0] is a number beyond 1.8e308, which DuckDB does not read: pass it as text; the type of $p is JSON'],
    ['JSON', { a: '\ud800' }, 'parameter $p.a is "\\ud800", expected text of whole characters; the type of $p is JSON'],
    ['FLOAT', 1e-50, 'parameter $p is 1e-50, expected one of the texts NaN, Infinity and -Infinity, or a number, as such or as text, from 1.4e-45 to 3.4e38 or 0; the type of $p is FLOAT'],
    ['MAP(INTEGER, INTEGER)', [{ key: 1, value: 2 }, { key: 2 }], 'parameter $p[1].value is missing: pass null for NULL; the type of $p is MAP(INTEGER, INTEGER)'],
    ['MAP(INTEGER, INTEGER)', [{ value: 2 }], 'parameter $p[0].key is missing; the type of $p is MAP(INTEGER, INTEGER)'],
    ['MAP(INTEGER, INTEGER)', [{ key: 1, values: 2 }], 'parameter $p[0] has the unknown key "values"; did you mean "value"?; expected an object with the keys key and value; the type of $p is MAP(INTEGER, INTEGER)'],
    ['MAP(INTEGER, INTEGER)', [null], 'parameter $p[0] is null, expected an object with the keys key and value; the type of $p is MAP(INTEGER, INTEGER)'],
    ['INTEGER[2]', [1], 'parameter $p is a list of 1, expected a list of 2; the type of $p is INTEGER[2]'],
  ])('%s: %j', async (type, value, message) => expect(await refusal(type, value)).toBe(message));

  test('JSON of too many levels', async () => {
    const message = 'parameter $p is a list: the JSON has more than 100 levels: make it flatter; the type of $p is JSON';
    for (const value of [deep(5000), '['.repeat(5000) + ']'.repeat(5000)]) expect(await refusal('JSON', value)).toBe(message);
  });

  test('no secret, not even half of one', async () => {
    rememberSecret('a-very-secret-password');
    expect(await refusal('INTEGER', `${'x'.repeat(85)}a-very-secret-password`)).not.toContain('a-very');
  });

  test('unknown and missing names', async () => {
    const two = [declared('INTEGER', { name: 'month' }), declared('DATE', { name: 'Day' })];
    expect((await rejection(queryParameters(c, two, { mnth: 1 }))).message).toBe('the query has no parameter "mnth"; did you mean "month"?; its parameters are: month, Day');
    expect((await rejection(queryParameters(c, [], { a: 1 }))).message).toBe('the query has no parameter "a"; it has none');
    expect((await rejection(queryParameters(c, two, { MONTH: 1 }))).message).toMatch(/^there is no value for \$Day \(DATE\)/);
    expect((await rejection(queryParameters(c, two, { month: 1, Month: 2, day: null }))).message).toMatch(/^params has the name "Month" twice/);
    for (const given of [[], 'x', 5, true]) expect((await rejection(queryParameters(c, two, given))).message).toMatch(/^params is /);
    expect((await rejection(queryParameters(c, two, JSON.parse('{"__proto__": 1}')))).message).toContain('no parameter "__proto__"');
  });

  test.each([
    ['VARIANT', 'declare it as VARCHAR or JSON'], ['GEOMETRY', 'declare it as VARCHAR and write $x::GEOMETRY'], ['VARIANT[]', 'declare it as VARCHAR or JSON'],
  ])('the type %s, with what to declare in its place', async (type, instead) => {
    expect(await rejection(queryParameters(c, [declared(type)], { p: null }))).toMatchObject({ code: 'CONFIG', message: expect.stringContaining(instead) });
  });

  test('a type that DuckDB does not know, by its parameter', async () => {
    const declarations = [declared('INTEGER'), declared('INTEGRE', { name: 'q' })];
    expect(await rejection(queryParameters(c, declarations, { p: 1, q: 2 }))).toMatchObject({ code: 'CONFIG', message: expect.stringMatching(/^parameter \$q has the type INTEGRE, which DuckDB refuses: .*INTEGRE/s) });
  });
});

test('defaults, and no parameters at all', async () => {
  expect(await queryParameters(c, [], undefined)).toEqual({});
  const parameters = await queryParameters(c, [declared('DECIMAL(4,2)', { defaultValue: '1.50' }), declared('VARCHAR', { name: 'q', defaultValue: null })], null);
  expect(await c.queryOne('SELECT $p::VARCHAR AS p, $q AS q', parameters)).toEqual({ p: '1.50', q: null });
  const error = await rejection(queryParameters(c, [declared('DATE', { defaultValue: 'x', line: 3 })], {}));
  expect(error).toBeInstanceOf(ConfigError);
  expect(error.message).toBe("the default of $p, in line 3 of the query's file, is \"x\", expected a date as text, such as 2025-01-31; the type of $p is DATE");
});

test('values are never SQL, and a name may be __proto__', async () => {
  const parameters = await queryParameters(c, [declared('VARCHAR', { name: '__proto__' })], JSON.parse('{"__proto__": "\'; DROP TABLE t; --"}'));
  expect(await c.queryOne('SELECT $__proto__ AS v', parameters)).toEqual({ v: "'; DROP TABLE t; --" });
});

describe('an option of DuckDB\'s in a URL, which could send a signed request to another server, is refused', () => {
  const url = 's3://lake/x.parquet?s3_endpoint=example.com';
  test.each<[string, unknown]>([
    ['VARCHAR', url], ['VARCHAR', 's3://lake/x?s3_requester_pays=1&s3_endpoint=example.com'], ['VARCHAR', 'gcs://lake/x?s3_region=x'],
    ['VARCHAR', 'x.parquet?s3_endpoint=example.com'], ['VARCHAR', 's3://lake/x?s3%5fendpoint=example.com'], ['VARCHAR', 's3://lake/x? %73%33_endpoint=example.com'],
    ['VARCHAR', 's3://lake/x?\ts%u0033_endpoint=example.com'],
    ['VARCHAR[]', ['s3://lake/y', url]], ['STRUCT(u VARCHAR[])', { u: [url] }], ['MAP(VARCHAR, INTEGER)', { [url]: 1 }], ['UNION(n INTEGER, s VARCHAR)', { s: url }],
    ['JSON', { u: [url] }], ['JSON', { [url]: 1 }], ['JSON', JSON.stringify({ u: url })], ['JSON', JSON.stringify({ u: url }).replace('?', '\\u003f')],
    ['JSON', '{"u":"s3://lake/x?\\ts\\u002533_endpoint=example.com","u":""}'],
  ])('%s: %j', async (type, value) => {
    expect(await refusal(type, value)).toContain('has an option of DuckDB\'s for S3, such as "?s3_endpoint=...", which can send signed requests to another server: leave it out');
  });

  test('without showing it, because options may be secrets', async () => {
    expect(await refusal('VARCHAR[]', ['s3://lake/x?s3_secret_access_key=abc'])).not.toContain('abc');
  });

  test('but not other text with a question mark', async () => {
    for (const text of ['s3_endpoint=x', 'https://example.com/?a=1&b=s3_', 'what? 100 %']) expect(await received('VARCHAR', text)).toEqual(['VARCHAR', text]);
  });
});

test('text is bound as it is, so that the URLs of files are found in it', async () => {
  expect(await queryParameters(c, [declared('VARCHAR'), declared('VARCHAR[]', { name: 'q' })], { p: 's3://a/b', q: ['s3://c/d'] })).toEqual({ p: 's3://a/b', q: ['s3://c/d'] });
});

test('values of other types are told apart by their JSON, as the cache of file metadata does', async () => {
  const [one, other] = await Promise.all(['2024-01-01', '2024-01-02'].map((day) => queryParameters(c, [declared('DATE')], { p: day })));
  expect(JSON.stringify(one)).not.toBe(JSON.stringify(other));
});

test('a typed value may be bound again, and where another type is expected, it is cast like a literal', async () => {
  const parameters = await queryParameters(c, [declared('DECIMAL(4,2)')], { p: '1.50' });
  for (let i = 0; i < 2; i++) expect(await c.queryOne("SELECT 1.5 = $p AS same, $p + 1 AS sum, typeof($p + 1) AS type, 'x' || $p AS text", parameters)).toEqual({ same: true, sum: '2.50', type: 'DECIMAL(13,2)', text: 'x1.50' });
});
