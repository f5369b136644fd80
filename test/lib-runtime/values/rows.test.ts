import assert from 'node:assert';
import { inspect } from 'node:util';
import { cursor, type Cursor, type RowFormat } from '../../../lib-runtime';
import { valuesOf } from '../built-runtime';
import { rejection } from '../rejection';

let c: Cursor;
beforeAll(async () => c = await cursor());
afterAll(() => c.close());

const value = async (expression: string, rows: RowFormat = 'js') => (await c.queryOne<{ v: unknown }>(`SELECT ${expression} AS v`, undefined, { rows }))!.v;

describe('js', () => {
  test.each<[string, unknown]>([
    ['NULL', null],
    ['true', true],
    ['1::TINYINT', 1], ['1::SMALLINT', 1], ['1::INTEGER', 1], ['1::UTINYINT', 1], ['1::USMALLINT', 1], ['1::UINTEGER', 1],
    ['9007199254740991::BIGINT', 9007199254740991], ['-9007199254740991::HUGEINT', -9007199254740991],
    ['5::UBIGINT', 5], ['5::UHUGEINT', 5], ['5::BIGNUM', 5], ['sum(5)', 5], ['count(*)', 1],
    ['1.5::FLOAT', 1.5], ['0.1::DOUBLE', 0.1], ["'nan'::DOUBLE", NaN], ["'inf'::DOUBLE", Infinity], ["'-inf'::FLOAT", -Infinity],
    ['12345678901234567.89::DECIMAL(38,10)', '12345678901234567.8900000000'], ['-0.05::DECIMAL(4,2)', '-0.05'], ['7::DECIMAL(18,0)', '7'],
    ["'text'", 'text'], ["'a'::ENUM('a', 'b')", 'a'],
    ["DATE '2024-02-29'", '2024-02-29'], ["DATE '0001-01-01'", '0001-01-01'], ["DATE 'infinity'", 'infinity'], ["DATE '-infinity'", '-infinity'],
    ["TIME '12:34:56.789012'", '12:34:56.789012'], ["TIMETZ '12:34:56+02'", '12:34:56+02'], ["INTERVAL '1 month 2 days 3 hours'", '1 month 2 days 03:00:00'],
    ["TIMESTAMP '2024-02-29 12:34:56.789999'", new Date('2024-02-29T12:34:56.789Z')],
    ["TIMESTAMP '1969-12-31 23:59:59.999999'", new Date('1969-12-31T23:59:59.999Z')],
    ["TIMESTAMPTZ '2024-02-29 12:34:56+02'", new Date('2024-02-29T10:34:56Z')],
    ["TIMESTAMP_S '2024-02-29 12:34:56'", new Date('2024-02-29T12:34:56Z')],
    ["TIMESTAMP_MS '2024-02-29 12:34:56.789'", new Date('2024-02-29T12:34:56.789Z')],
    ["TIMESTAMP_NS '2024-02-29 12:34:56.789123456'", new Date('2024-02-29T12:34:56.789Z')],
    ["TIMESTAMP 'infinity'", 'infinity'], ["TIMESTAMPTZ '-infinity'", '-infinity'], ["'infinity'::TIMESTAMP_S", 'infinity'],
    ["'a1b2c3d4-0000-4000-8000-000000000000'::UUID", 'a1b2c3d4-0000-4000-8000-000000000000'],
    ["'10110'::BIT", '10110'],
    ["'\\xAA\\x00b'::BLOB", new Uint8Array([0xaa, 0, 98])],
    ['[1, NULL, 3]::BIGINT[]', [1, null, 3]], ['[]::INTEGER[]', []], ['[1.5, 2]::DECIMAL(3,1)[2]', ['1.5', '2.0']],
    ["{'a': 1::HUGEINT, 'b': {'c': DATE '2024-01-01'}}", { a: 1, b: { c: '2024-01-01' } }],
    ["MAP {'k': 1::BIGINT}", [{ key: 'k', value: 1 }]], ['MAP {}', []],
    ["TIMESTAMP '1969-12-31 23:59:59.999'", new Date('1969-12-31T23:59:59.999Z')], ["'-infinity'::TIMESTAMP_NS", '-infinity'], ["'infinity'::TIMESTAMP_MS", 'infinity'],
    ["TIMESTAMP_NS '1969-12-31 23:59:59.999999999'", new Date('1969-12-31T23:59:59.999Z')], ["TIMESTAMP_S '1960-01-01 00:00:01'", new Date('1960-01-01T00:00:01Z')],
    ['[[], NULL, [NULL]]::INTEGER[][]', [[], null, [null]]], ['[[1, NULL], [3, 4]]::INTEGER[2][2]', [[1, null], [3, 4]]], ['NULL::INTEGER[]', null],
    ["[{'a': NULL, 'b': [1.5::DECIMAL(4, 2), NULL]}, NULL]", [{ a: null, b: ['1.50', null] }, null]],
    ["MAP {{'a': 1}: [NULL, 2::BIGINT], {'a': 2}: NULL}", [{ key: { a: 1 }, value: [null, 2] }, { key: { a: 2 }, value: null }]],
    ['NULL::UNION(n INTEGER, s VARCHAR)', null], ['union_value(n := NULL::INTEGER)', null], ["TIME '24:00:00'", '24:00:00'], ["TIMETZ '12:00:00-15:59:59'", '12:00:00-15:59:59'],
    ["INTERVAL '-1 month'", '-1 month'], ["DATE '0044-03-15 (BC)'", '0044-03-15 (BC)'], ["DATE '10000-01-01'", '10000-01-01'],
    ['9007199254740991::UBIGINT', 9007199254740991], ['-9007199254740991::BIGINT', -9007199254740991],
    ["union_value(day := DATE '2024-01-01')", '2024-01-01'], ['1::UNION(n INTEGER, s VARCHAR)', 1],
  ])('%s', async (expression, expected) => {
    const actual = await value(expression);
    expect(actual).toEqual(expected);
    expect(() => JSON.stringify(actual)).not.toThrow();
  });

  test.each([
    ['9007199254740992::BIGINT', 'BIGINT 9007199254740992'],
    ['[1, -9007199254740993]::BIGINT[]', 'BIGINT -9007199254740993'],
    ['170141183460469231731687303715884105727::HUGEINT', 'HUGEINT 170141183460469231731687303715884105727'],
    ["TIMESTAMP '290000-01-01'", 'TIMESTAMP 290000-01-01 00:00:00'],
  ])('%s is OUT_OF_RANGE: the error names the column and the way out', async (expression, what) => {
    const error = await rejection(c.query(`SELECT ${expression} AS "the column"`));
    expect(error).toMatchObject({ code: 'OUT_OF_RANGE', name: 'OutOfRangeError' });
    expect(error.message).toBe(`column "the column" holds the ${what}, which JavaScript cannot hold exactly: ` +
      "read it as text with { rows: 'json' }, or cast it in SQL");
  });

  test('fields without names are an error, as the client keeps one of them only', async () => {
    expect(await rejection(c.query('SELECT row(1, 2) AS v'))).toMatchObject({
      code: 'OUT_OF_RANGE', message: expect.stringContaining('column "v" holds a STRUCT("" INTEGER, "" INTEGER) whose fields have no names'),
    });
  });

  test('a column called __proto__ is a column', async () => {
    const [row] = await c.query('SELECT 1 AS "__proto__"');
    expect(Object.entries(row!)).toEqual([['__proto__', 1]]);
    expect(Object.getPrototypeOf(row)).toBe(Object.getPrototypeOf({}));
  });

  test('bytes are a copy: they outlive the result', async () => {
    const bytes = await value("repeat('x', 100)::BLOB") as Uint8Array;
    expect(bytes.byteLength).toBe(100);
    expect(bytes.buffer.byteLength).toBe(100);
  });
});

describe('what JSON.stringify makes of rows, as a handler returns them', () => {
  const json = async (expression: string, rows: RowFormat = 'js') => JSON.stringify(await value(expression, rows));

  test.each<[string, string]>([
    ["'\\xAA\\x00b'::BLOB", '"qgBi"'], ["''::BLOB", '""'], ["{'a': [MAP {'k': 'abc'::BLOB}]}", '{"a":[[{"key":"k","value":"YWJj"}]]}'],
    ["['a'::BLOB]::BLOB[1]", '["YQ=="]'], ["union_value(b := 'a'::BLOB)", '"YQ=="'], ["{'b': 'a'::BLOB}::VARIANT", '{"b":"YQ=="}'],
    ["'POINT (1 2)'::GEOMETRY", '"AQEAAAAAAAAAAADwPwAAAAAAAABA"'], ["['POINT (1 2)'::GEOMETRY]", '["AQEAAAAAAAAAAADwPwAAAAAAAABA"]'],
    ["'nan'::DOUBLE", 'null'], ["['inf'::FLOAT, '-inf'::DOUBLE]", '[null,null]'], ["'-0'::DOUBLE", '0'],
    ["TIMESTAMP '2024-02-29 12:34:56.789999'", '"2024-02-29T12:34:56.789Z"'], ["'{\"a\": 1}'::JSON", '"{\\"a\\": 1}"'],
  ])('js: %s', async (expression, expected) => expect(await json(expression)).toBe(expected));

  test.each<[string, string]>([
    ["'\\xAA\\x00b'::BLOB", '"\\\\xAA\\\\x00b"'], ["['nan'::DOUBLE, 'inf'::DOUBLE, '-inf'::FLOAT]", '["NaN","Infinity","-Infinity"]'], ["'-0'::DOUBLE", '0'],
    ['9007199254740993::BIGINT', '"9007199254740993"'], ["[DATE 'infinity', DATE '-infinity']", '["infinity","-infinity"]'],
    ["TIMESTAMP 'infinity'", '"infinity"'], ['1.50::DECIMAL(9,2)', '"1.50"'], ['union_value(n := 1)', '{"tag":"n","value":1}'],
  ])('json: %s', async (expression, expected) => expect(await json(expression, 'json')).toBe(expected));

  test('bytes are a plain Uint8Array to all else', async () => {
    const bytes = await value("'abc'::BLOB") as Uint8Array;
    const own = new Uint8Array([97, 98, 99]);
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    expect(bytes).toStrictEqual(own);
    assert.deepStrictEqual(bytes, own);
    expect(Object.keys(bytes)).toEqual(['0', '1', '2']);
    expect({ ...bytes }).toEqual({ 0: 97, 1: 98, 2: 99 });
    expect(structuredClone(bytes)).toStrictEqual(own);
    expect(Buffer.from(bytes).toString()).toBe('abc');
    expect(inspect(bytes)).toBe(inspect(own));
    expect(Buffer.concat([bytes, bytes.subarray(1)]).toString()).toBe('abcbc');
    expect(await value("'abc'::BLOB = 'abc'::BLOB")).toBe(true);
    expect(await c.queryOne('SELECT $1::VARCHAR AS v', [bytes])).toEqual({ v: 'abc' });
  });
});

test.each<[string, unknown]>([
  ['9007199254740991', 9007199254740991], ['9007199254740992', 9007199254740992n], ['-9007199254740993::HUGEINT', -9007199254740993n],
  ['[1, 9007199254740993]', [1, 9007199254740993n]], ["{'a': 18446744073709551615::UBIGINT}", { a: 18446744073709551615n }], ['1.50::DECIMAL(3, 2)', '1.50'],
  ["TIMESTAMP '2024-02-29 12:34:56'", new Date('2024-02-29T12:34:56Z')], ['NULL::BIGINT', null],
])('bigint: %s', async (expression, expected) => expect(await value(expression, 'bigint')).toEqual(expected));

describe('json', () => {
  test.each<[string, unknown]>([
    ['170141183460469231731687303715884105727::HUGEINT', '170141183460469231731687303715884105727'],
    ['1::BIGINT', '1'], ["'nan'::DOUBLE", 'NaN'], ["TIMESTAMP '2024-02-29 12:34:56.789123'", '2024-02-29 12:34:56.789123'],
    ["TIMESTAMP_NS '2024-02-29 12:34:56.789123456'", '2024-02-29 12:34:56.789123456'],
  ])('%s is exact', async (expression, expected) => expect(await value(expression, 'json')).toEqual(expected));
});

describe('duckdb', () => {
  test('hands out the client\'s own values', async () => {
    expect(await value('1::BIGINT', 'duckdb')).toBe(1n);
    expect(String(await value('1.50::DECIMAL(9,2)', 'duckdb'))).toBe('1.50');
    expect((await value("DATE '1970-01-02'", 'duckdb') as { days: number }).days).toBe(1);
  });
});

test('columns: names as the rows\' keys, types as DuckDB says them', async () => {
  expect(await c.queryResult('SELECT 1 AS a, 2 AS a, 1.5::DECIMAL(18,3) AS b')).toEqual({
    rows: [{ 'a': 1, 'a:1': 2, 'b': '1.500' }],
    columns: [{ name: 'a', type: 'INTEGER' }, { name: 'a:1', type: 'INTEGER' }, { name: 'b', type: 'DECIMAL(18,3)' }],
    rowsChanged: 0,
  });
});

test('columns: the types as typeof says them, JSON and what holds it too', async () => {
  await c.execute("CREATE OR REPLACE TEMP TABLE mooded AS SELECT 'glad'::ENUM('glad', 'it''s') AS mood");
  const expressions = [
    "'1'::JSON", "['1'::JSON]", "[['1'::JSON]]", "['1'::JSON]::JSON[1]", "MAP {'a': '1'::JSON}", '[1, 2]::INTEGER[2]', "MAP {'a': [1.5]}",
    'mood', 'now()', "TIMETZ '12:00'", "TIME_NS '12:00'", "'POINT (1 2)'::GEOMETRY", '1::VARIANT', '1.5::DECIMAL(18,3)', '1::BIGNUM', "'a'::BLOB", "'1'::BIT",
  ];
  const { columns } = await c.queryResult(`SELECT ${expressions.join()} FROM mooded`);
  const types = (await c.queryOne<Record<string, string>>(`SELECT ${expressions.map((expression) => `typeof(${expression})`).join()} FROM mooded`))!;
  expect(columns.map(({ type }) => type)).toEqual(Object.values(types));
  // DuckDB quotes names where it must, the client always: both are SQL.
  expect((await c.queryResult("SELECT {'j': '1'::JSON}, union_value(j := '1'::JSON)")).columns.map(({ type }) => type)).toEqual(['STRUCT("j" JSON)', 'UNION("j" JSON)']);
});

test('columns: in the order of the query, which an object does not keep for whole numbers', async () => {
  const { rows, columns } = await c.queryResult('SELECT \'x\' AS name, 1 AS "2024", 2 AS "2023"');
  expect(columns.map(({ name }) => name)).toEqual(['name', '2024', '2023']);
  expect(rows).toEqual([{ name: 'x', 2024: 1, 2023: 2 }]);
});

test('no column is lost to another one that is called as its suffix would be', async () => {
  for (const rows of ['js', 'json', 'duckdb'] as const) {
    const result = await c.queryResult('SELECT 1 AS a, 2 AS a, 3 AS "a:1", 4 AS a', undefined, { rows });
    expect(Object.values(result.rows[0]!)).toEqual([1, 2, 3, 4]);
    expect(result.columns.map(({ name }) => name)).toEqual(Object.keys(result.rows[0]!));
  }
});

test('an unknown form is an error', async () => {
  expect(await rejection(c.query('SELECT 1', [], { rows: 'arrays' as RowFormat }))).toMatchObject({
    code: 'CONFIG', message: 'rows is "arrays", expected one of: js, bigint, json, duckdb',
  });
});

describe('limits', () => {
  test('maxRows', async () => {
    expect(await c.query('FROM range(10)', undefined, { maxRows: 10 })).toHaveLength(10);
    expect(await rejection(c.query('FROM range(11)', undefined, { maxRows: 10 }))).toMatchObject({
      code: 'RESULT_LIMIT', message: expect.stringContaining('the result has 11 rows, more than maxRows 10'),
    });
  });

  test('maxBytes counts a byte a character, eight for what has no length', async () => {
    expect(await c.query("SELECT repeat('x', 1000) AS s", undefined, { maxBytes: 1000 })).toHaveLength(1);
    expect(await rejection(c.query("SELECT repeat('x', 1001) AS s", undefined, { maxBytes: 1000 }))).toMatchObject({ code: 'RESULT_LIMIT' });
    expect(await rejection(c.query("SELECT ['abc', 'defgh'] AS l, 'x'::BLOB AS b FROM range(100)", undefined, { maxBytes: 1600 }))).toMatchObject({ code: 'RESULT_LIMIT' });
  });

  test('maxBytes is looked at within a chunk', async () => {
    const error = await rejection(c.query("SELECT repeat('x', 100000) AS s FROM range(2000)", undefined, { maxBytes: 1_000_000 }));
    expect(error).toMatchObject({ code: 'RESULT_LIMIT', message: expect.stringContaining('the result is larger than maxBytes 1000000 after 11 rows') });
    const stream = (async () => { for await (const rows of c.stream("SELECT repeat('x', 100000) AS s FROM range(2000)", [], { maxBytes: 1_000_000 })) expect(rows).toBe('handed out'); })();
    expect(await rejection(stream)).toMatchObject({ code: 'RESULT_LIMIT', message: expect.stringContaining('after 11 rows') });
  });

  test('a large value is known before it is converted, and a NULL in its place is not', async () => {
    for (const large of ["repeat('x', 20000000)", "repeat('x', 20000000)::BLOB", 'range(1000000)']) {
      const error = await rejection(c.query(`SELECT 1 AS i, NULL AS v UNION ALL SELECT 2, ${large} ORDER BY i`, undefined, { maxBytes: 2_000_000 }));
      expect([large, error]).toEqual([large, expect.objectContaining({ code: 'RESULT_LIMIT', message: expect.stringContaining('after 1 rows') })]);
      const sql = `SELECT CASE WHEN i = 2 THEN v END AS v FROM (SELECT i, ${large} AS v FROM range(3) r(i)) ORDER BY i <> 2`;
      expect((await c.query<{ v: unknown }>(sql)).map(({ v }) => v === null)).toEqual([false, true, true]);
    }
  });

  test('by default a quarter of the function\'s memory', async () => {
    // In a process of its own, as this one may have taken more than that by now. The text of an ENUM is in memory once.
    const [error] = await valuesOf(`
      import { cursor } from 'cdk-duckdb-lambda/runtime';
      const text = "'" + 'x'.repeat(1000) + "'";
      const { code, message } = await cursor((c) => c.query(\`SELECT \${text}::ENUM(\${text}) AS s FROM range(135000)\`)).catch((e) => e);
      console.log(JSON.stringify({ code, message }));
    `, { env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512' } });
    expect(error).toMatchObject({ code: 'RESULT_LIMIT', message: expect.stringContaining(`maxBytes ${128 * 1024 * 1024}`) });
  });

  test('queryOne: one row, none, or an error', async () => {
    expect(await c.queryOne('SELECT 1 AS one')).toEqual({ one: 1 });
    expect(await c.queryOne('SELECT 1 AS one WHERE false')).toBeUndefined();
    expect(await rejection(c.queryOne('FROM range(2)'))).toMatchObject({ code: 'RESULT_LIMIT', message: expect.stringContaining('queryOne got 2 rows') });
  });
});

test('a stream hands out large rows in smaller batches, all of them', async () => {
  const batches: Array<Array<{ i: number; s: string }>> = [];
  for await (const rows of c.stream<{ i: number; s: string }>("SELECT range AS i, repeat('x', 100000) AS s FROM range(3000)")) batches.push(rows);
  expect(batches.flat().map(({ i }) => i)).toEqual(Array.from({ length: 3000 }, (_, i) => i));
  expect(Math.max(...batches.map((rows) => rows.length))).toBe(84);
  expect(batches.flat().every(({ s }) => s.length === 100_000)).toBe(true);
  // Small ones are not cut, wherever a look at the memory falls.
  const sizes: number[] = [];
  for await (const rows of c.stream("SELECT repeat('x', 3000) AS s FROM range(4096)")) sizes.push(rows.length);
  expect(sizes).toEqual([2048, 2048]);
});

test('a value that no JavaScript value can hold is an error that names the column', async () => {
  const sql = "SELECT 1 AS i, repeat('x', 537000000) AS big";
  const expected = {
    code: 'OUT_OF_RANGE',
    message: 'column "big" holds a value that cannot be read (Cannot create a string longer than 0x1fffffe8 characters): ' +
      'select a part of it, as substring() does, or COPY it to a file',
  };
  expect(await rejection(c.query(sql, [], { maxBytes: 1e9 }))).toMatchObject(expected);
  expect(await rejection((async () => { for await (const rows of c.stream(sql)) expect(rows).toBe('none'); })())).toMatchObject(expected);
});

test('the conversion of many rows lets the event loop turn', async () => {
  let turns = 0;
  const timer = setInterval(() => turns += 1, 1);
  const rows = await c.query('SELECT range AS a, range::VARCHAR AS b, range::DOUBLE AS d FROM range(300000)');
  clearInterval(timer);
  expect(rows).toHaveLength(300_000);
  expect(rows[299_999]).toEqual({ a: 299_999, b: '299999', d: 299_999 });
  expect(turns).toBeGreaterThan(5);
});
