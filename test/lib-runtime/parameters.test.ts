import { DuckDBDecimalValue, DuckDBIntervalValue, DuckDBTimeValue } from '@duckdb/node-api';
import { rejection } from './fresh-runtime';
import { cursor, type Cursor } from '../../lib-runtime';

let c: Cursor;
beforeAll(async () => {
  c = await cursor();
  await c.execute(`
    CREATE TEMP TABLE typed (
      ts TIMESTAMP, tz TIMESTAMPTZ, s TIMESTAMP_S, ms TIMESTAMP_MS, ns TIMESTAMP_NS, d DATE,
      big BIGINT, dbl DOUBLE, dec DECIMAL(10,2), b BLOB, l INTEGER[], a DOUBLE[2], st STRUCT(x BIGINT, y VARCHAR), m MAP(VARCHAR, INTEGER),
      mood ENUM('glad', 'sad'), u UUID, i INTERVAL);
  `);
});
afterAll(() => c.close());

/** What DuckDB received: its type and its text. */
const received = async (parameter: unknown) => {
  const row = await c.queryOne<{ type: string; text: string }>('SELECT typeof(v) AS type, v::VARCHAR AS text FROM (SELECT $1 AS v)', [parameter]);
  return [row!.type, row!.text];
};

describe('where the statement has no type for it, the value\'s own', () => {
  test.each<[string, unknown, string, string | null]>([
    ['null', null, '"NULL"', null],
    ['a boolean', true, 'BOOLEAN', 'true'],
    ['an integer', 5, 'INTEGER', '5'],
    ['an integer beyond 32 bits', 2 ** 40, 'BIGINT', '1099511627776'],
    ['a fraction', 2.5, 'DOUBLE', '2.5'],
    ['an integer that a double holds only roughly', 1e300, 'DOUBLE', '1e+300'],
    ['a bigint, as BIGINT where it fits', 5n, 'BIGINT', '5'],
    ['a bigint beyond 64 bits', 2n ** 100n, 'HUGEINT', '1267650600228229401496703205376'],
    ['a bigint beyond HUGEINT', 2n ** 128n - 1n, 'UHUGEINT', '340282366920938463463374607431768211455'],
    ['text', "it's", 'VARCHAR', "it's"],
    ['text with a NUL in it', 'a\0b', 'VARCHAR', 'a\0b'],
    ['a Date, as TIMESTAMP in UTC', new Date('2024-02-29T12:34:56.789Z'), 'TIMESTAMP', '2024-02-29 12:34:56.789'],
    ['a Date before 1970', new Date('1960-01-01T00:00:00.001Z'), 'TIMESTAMP', '1960-01-01 00:00:00.001'],
    ['a Buffer', Buffer.from([0xaa, 0x41]), 'BLOB', '\\xAAA'],
    ['a Uint8Array', new Uint8Array([0x41]), 'BLOB', 'A'],
    ['a list', [1, 2], 'INTEGER[]', '[1, 2]'],
    ['a list that begins with null', [null, 1], 'INTEGER[]', '[NULL, 1]'],
    ['a list of whole and broken numbers', [1, 2.5], 'DOUBLE[]', '[1.0, 2.5]'],
    ['a list with one beyond 32 bits', [1, 2 ** 40], 'BIGINT[]', '[1, 1099511627776]'],
    ['a list of numbers and bigints', [1, 2n ** 100n], 'HUGEINT[]', '[1, 1267650600228229401496703205376]'],
    ['an empty list', [], '"NULL"[]', '[]'],
    ['a list of nulls', [null], '"NULL"[]', '[NULL]'],
    ['a list of lists', [[1], [], [2.5, null]], 'DOUBLE[][]', '[[1.0], [], [2.5, NULL]]'],
    ['an object', { a: 1, b: 'x' }, 'STRUCT(a INTEGER, b VARCHAR)', "{'a': 1, 'b': x}"],
    ['a list of objects with different keys', [{ a: 1 }, { a: 2.5, b: 'x' }], 'STRUCT(a DOUBLE, b VARCHAR)[]', "[{'a': 1.0, 'b': NULL}, {'a': 2.5, 'b': x}]"],
    ['a Map', new Map<string, number | null>([['k', null], ['l', 2]]), 'MAP(VARCHAR, INTEGER)', '{k=NULL, l=2}'],
    ['a Date in a list in an object', { at: [new Date(0)] }, 'STRUCT("at" TIMESTAMP[])', "{'at': ['1970-01-01 00:00:00']}"],
    ['the client\'s own values', new DuckDBDecimalValue(150n, 9, 2), 'DECIMAL(9,2)', '1.50'],
    ['the client\'s own times', new DuckDBTimeValue(1_000_000n), 'TIME', '00:00:01'],
    ['the client\'s own intervals', new DuckDBIntervalValue(1, 2, 0n), 'INTERVAL', '1 month 2 days'],
  ])('%s', async (_, parameter, type, text) => expect(await received(parameter)).toEqual([type, text]));
});

describe('where the statement has a type, that', () => {
  const insert = async (column: string, parameter: unknown) => {
    const [row] = await c.query<{ text: string }>(`INSERT INTO typed (${column}) VALUES ($1) RETURNING ${column}::VARCHAR AS text`, [parameter]);
    return row!.text;
  };
  const moment = new Date('2024-02-29T23:34:56.789Z');

  test.each<[string, unknown, string | null]>([
    ['ts', moment, '2024-02-29 23:34:56.789'],
    ['tz', moment, '2024-02-29 23:34:56.789+00'],
    ['s', moment, '2024-02-29 23:34:56'],
    ['ms', moment, '2024-02-29 23:34:56.789'],
    ['ns', moment, '2024-02-29 23:34:56.789'],
    ['d', moment, '2024-02-29'],
    ['d', new Date('1960-02-29T23:00:00Z'), '1960-02-29'],
    ['d', '2024-02-29', '2024-02-29'],
    ['d', null, null],
    ['big', 5, '5'],
    ['big', 5n, '5'],
    ['big', '9223372036854775807', '9223372036854775807'],
    ['dbl', 5, '5.0'],
    ['dbl', 5n, '5.0'],
    ['dec', '12.50', '12.50'],
    ['dec', 12.5, '12.50'],
    ['b', Buffer.from('x'), 'x'],
    ['l', [], '[]'],
    ['l', [1, null], '[1, NULL]'],
    ['a', [1, 2.5], '[1.0, 2.5]'],
    ['st', { x: 1, y: 'z' }, "{'x': 1, 'y': z}"],
    ['m', { k: 1 }, '{k=1}'],
    ['m', new Map([['k', 1]]), '{k=1}'],
    ['m', {}, '{}'],
    ['mood', 'sad', 'sad'],
    ['u', 'a1b2c3d4-0000-4000-8000-000000000000', 'a1b2c3d4-0000-4000-8000-000000000000'],
    ['i', '2 days', '2 days'],
  ])('%s: %p', async (column, parameter, text) => expect(await insert(column, parameter)).toBe(text));

  test('a bigint can be counted with: it is not bound as HUGEINT', async () => {
    expect(await c.query('SELECT count(*) AS n FROM range($1)', [3n])).toEqual([{ n: 3 }]);
  });
});

describe('by name and by position', () => {
  test('positions', async () => {
    expect(await c.query('SELECT ? AS a, ? AS b', [1, 'x'])).toEqual([{ a: 1, b: 'x' }]);
    expect(await c.query('SELECT $2 AS a, $1 AS b, $2 AS again', ['x', 1])).toEqual([{ a: 1, b: 'x', again: 1 }]);
  });
  test('names, also twice in the text', async () => {
    expect(await c.query('SELECT $b AS b, $a AS a, $b AS again', { a: 1, b: 'x' })).toEqual([{ b: 'x', a: 1, again: 'x' }]);
  });
  test('names are compared without case, as DuckDB does', async () => {
    expect(await c.query('SELECT $Name AS a, $name AS b', { NAME: 'x' })).toEqual([{ a: 'x', b: 'x' }]);
  });
  test('none given to a statement that DuckDB makes two of', async () => {
    for (const none of [[], {}]) {
      expect(await c.query("PIVOT (SELECT 1 AS i, 'a' AS k UNION ALL SELECT 2, 'b') ON k USING sum(i)", none)).toEqual([{ a: 1, b: 2 }]);
    }
  });
  test('no parameters in the statement and none given', async () => {
    expect(await c.query('SELECT 1 AS one', [])).toEqual([{ one: 1 }]);
    expect(await c.query('SELECT 1 AS one', {})).toEqual([{ one: 1 }]);
  });
  test('in a script they belong to the last statement', async () => {
    expect(await c.query('SET VARIABLE x = 1; SELECT $n + getvariable(\'x\') AS sum', { n: 2 })).toEqual([{ sum: 3 }]);
  });
  test('utility statements take them too', async () => {
    await c.execute('SET threads = $1', [2]);
    expect(await c.queryOne("SELECT current_setting('threads') AS threads")).toEqual({ threads: 2 });
  });
});

describe('errors name the parameter', () => {
  test.each<[string, string, any, string | RegExp]>([
    ['undefined', 'SELECT $1', [undefined], 'parameter $1: the value is undefined: pass null for SQL NULL'],
    ['undefined by name', 'SELECT $a, $b', { a: 1, b: undefined }, 'parameter $b: the value is undefined: pass null for SQL NULL'],
    ['a function', 'SELECT $f', { f: () => 1 }, 'parameter $f: a function has no SQL type'],
    ['a symbol', 'SELECT $1', [Symbol('s')], 'parameter $1: a symbol has no SQL type'],
    ['an object of a class', 'SELECT $1', [new URL('http://a/')], /^parameter \$1: a URL has no SQL type: pass a plain object/],
    ['an empty object', 'SELECT $1', [{}], /^parameter \$1: an empty object has no SQL type/],
    ['an invalid Date', 'SELECT $1', [new Date('x')], 'parameter $1: the Date is invalid'],
    ['a mixed list', 'SELECT $l', { l: [1, 'a'] }, "parameter $l: a list mixes INTEGER and VARCHAR: DuckDB's lists have one type"],
    ['a bigint beyond HUGEINT', 'SELECT $1', [2n ** 200n], /^parameter \$1: \d+ is beyond HUGEINT and UHUGEINT/],
    ['null for all of them', 'SELECT $1', null, 'the parameters are null, expected a list for ? and $1, or an object for $name'],
    ['a scalar for all of them', 'SELECT $1', 'x', 'the parameters are a string, expected a list for ? and $1, or an object for $name'],
    ['an unknown name', 'SELECT $a', { a: 1, z: 2 }, 'there is no parameter $z in the statement; its parameters are: $a'],
    ['a missing name', 'SELECT $a, $b', { a: 1 }, 'no value for parameter $b'],
    ['a missing position', 'SELECT ?, ?', [1], '1 values for 2 parameters: none for $2'],
    ['a position too many', 'SELECT ?', [1, 2], '2 values for 1 parameters: there is no $2 in the statement'],
    ['one in an earlier statement', 'SELECT $1; SELECT 2', [1], /^statement 1 of 2 has a parameter/],
  ])('%s', async (_, sql, parameters, message) => {
    const error = await rejection(c.query(sql, parameters));
    expect(error).toMatchObject({ code: 'PARAMETER', name: 'ParameterError' });
    expect(error.message).toMatch(message);
  });

  test('a statement with parameters and no values is DuckDB\'s own error', async () => {
    expect(await rejection(c.query('SELECT $1'))).toMatchObject({ code: 'QUERY', duckdbType: 'Invalid Input Error' });
  });
});
