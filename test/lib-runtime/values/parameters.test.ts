import { DuckDBDecimalValue, DuckDBGeometryValue, DuckDBIntervalValue, DuckDBTimeValue, unionValue } from '@duckdb/node-api';
import { cursor, type Cursor } from '../../../lib-runtime';
import { rejection } from '../rejection';

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
    ['minus zero, whose sign no integer has', -0, 'DOUBLE', '-0.0'],
    ['minus zero in a list', [-0, 1], 'DOUBLE[]', '[-0.0, 1.0]'],
    ['a list of bigints of which one needs UHUGEINT', [5n, 2n ** 127n, null], 'UHUGEINT[]', '[5, 170141183460469231731687303715884105728, NULL]'],
    ['numbers beside a bigint that needs UHUGEINT', [5, 2n ** 127n], 'UHUGEINT[]', '[5, 170141183460469231731687303715884105728]'],
    ['bigints and fractions, where a DOUBLE holds both', [5n, 2.5, 2n ** 60n], 'DOUBLE[]', '[5.0, 2.5, 1.152921504606847e+18]'],
    ['a character beyond 16 bits', '\u{1f986}', 'VARCHAR', '\u{1f986}'],
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
    ['s', new Date('1960-02-29T23:34:56Z'), '1960-02-29 23:34:56'],
    ['ms', moment, '2024-02-29 23:34:56.789'],
    ['ns', moment, '2024-02-29 23:34:56.789'],
    ['d', new Date('2024-02-29'), '2024-02-29'],
    ['d', new Date('1960-02-29'), '1960-02-29'],
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

  test('empty maps, and lists of the widest integers, into columns that have such', async () => {
    await c.execute('CREATE OR REPLACE TEMP TABLE wide (m MAP(DATE, VARIANT), ms MAP(VARCHAR, INTEGER)[], u UHUGEINT[][], v VARIANT[], s STRUCT(J JSON))');
    await c.execute('INSERT INTO wide VALUES ($1, $2, $3, $4, $5)', [{}, [new Map(), {}], [[2n ** 127n, 1], [5n, 6]], [], { j: [1, 'a'] }]);
    expect(await c.queryOne('SELECT m, ms, u::VARCHAR AS u, v, s FROM wide')).toEqual({
      m: [], ms: [[], []], u: '[[170141183460469231731687303715884105728, 1], [5, 6]]', v: [], s: { J: '[1,"a"]' },
    });
  });

  test('a GEOMETRY is made of the bytes that a row had', async () => {
    const { g } = (await c.queryOne<{ g: Uint8Array }>("SELECT 'POINT (1 2)'::GEOMETRY AS g"))!;
    expect(await c.queryOne('SELECT ST_AsText(ST_GeomFromWKB($1)) AS t', [g])).toEqual({ t: 'POINT (1 2)' });
  });

  test('minus zero is 0 where an integer is wanted, and not where a DOUBLE is', async () => {
    expect(await c.query('FROM range(3) LIMIT $1', [-0])).toEqual([]);
    expect(await insert('big', -0)).toBe('0');
    expect(await insert('dbl', -0)).toBe('-0.0');
  });

  test('a bigint beyond all fixed widths is a BIGNUM if the statement expects one, or text, or its digits in JSON', async () => {
    await c.execute('CREATE OR REPLACE TEMP TABLE widest (n BIGNUM, l BIGNUM[], s STRUCT(N BIGNUM), m MAP(VARCHAR, BIGNUM), u UNION(n BIGNUM, t VARCHAR), t VARCHAR, j JSON, v VARIANT)');
    const widest = 2n ** 128n;
    const digits = '340282366920938463463374607431768211456';
    await c.execute('INSERT INTO widest VALUES ($1, $2, $3, $4, $5, $6, $7, $8)',
      [widest, [-5n, widest], { n: widest }, { k: widest }, unionValue('n', widest), widest, widest, widest]);
    expect(await c.query('SELECT * FROM widest', [], { rows: 'json' })).toEqual([{
      n: digits, l: ['-5', digits], s: { N: digits }, m: [{ key: 'k', value: digits }], u: { tag: 'n', value: digits }, t: digits, j: digits, v: digits,
    }]);
    for (const cast of ['$1::BIGNUM', '$1::BIGNUM, $2', 'CAST($1 AS BIGNUM)::VARCHAR', '$1::BIGNUM::VARCHAR', '$1::JSON::VARCHAR']) {
      expect([cast, await c.queryOne(`SELECT (${cast.split(',')[0]})::VARCHAR AS v${cast.includes('$2') ? ', $2' : ''}`, cast.includes('$2') ? [widest, 1] : [widest])])
        .toEqual([cast, expect.objectContaining({ v: digits })]);
    }
    expect(await c.queryOne('SELECT $1::BIGNUM[]::VARCHAR AS v', [[-5n, 2n ** 127n]])).toEqual({ v: '[-5, 170141183460469231731687303715884105728]' });
  });

  test('a FLOAT is rounded to its precision, and its infinities are', async () => {
    const floats = await c.queryOne("SELECT $1::FLOAT = 'inf'::FLOAT AS i, $2::FLOAT = 0.1::FLOAT AS f, $3::FLOAT = 16777217::FLOAT AS b", [Infinity, 0.1, 16777217n]);
    expect(floats).toEqual({ i: true, f: true, b: true });
  });

  test('a bigint can be counted with: it is not bound as HUGEINT', async () => {
    expect(await c.query('SELECT count(*) AS n FROM range($1)', [3n])).toEqual([{ n: 3 }]);
  });
});

describe('where the statement wants JSON, the JSON of it', () => {
  const json = async (parameter: unknown) => (await c.queryOne<{ j: string }>('SELECT $1::JSON AS j', [parameter]))!.j;

  test.each<[unknown]>([
    [[{ a: 1 }, { b: 'x' }]], [[1, 'a', null, true, [], {}]], [{}], [[]], [{ a: { b: [1.5, -2, 'q"'] } }], [{ at: new Date(0) }], [new Date(0)],
    [Object.create(null, { a: { value: 1, enumerable: true } })], [[1, , 3]], [{ gone: undefined, kept: 1 }], [new URL('http://a/b')], [5], [-0], [2.5], [true], [[NaN]],
  ])('%j', async (value) => expect(await json(value)).toBe(JSON.stringify(value)));

  test.each<[string, unknown, string]>([
    ['text is JSON already', '{"a": 1}', '{"a": 1}'],
    ['bigints have all of their digits', { a: [2n ** 100n, -1n], b: 5n }, '{"a":[1267650600228229401496703205376,-1],"b":5}'],
    ['a Map is an object', [new Map<string, unknown>([['a', 1], ['b', new Map()]])], '[{"a":1,"b":{}}]'],
    ['bytes are base64', { a: new Uint8Array([97]), b: Buffer.from('bc') }, '{"a":"YQ==","b":"YmM="}'],
    ['the client\'s own values keep their type', new DuckDBDecimalValue(150n, 9, 2), '1.5'],
  ])('%s', async (_, value, expected) => expect(await json(value)).toBe(expected));

  test('null is NULL', async () => expect(await json(null)).toBeNull());

  describe('also where DuckDB tells of no type', () => {
    const document = [{ a: 1 }, { b: 'x' }];
    const text = JSON.stringify(document);
    // Of each of these DuckDB says that it knows the type of no placeholder, or not of this one.
    test.each<[string, any]>([
      ['SELECT $2::JSON AS j, $1 AS v', [1, document]], ['SELECT ?::VARCHAR, ? AS v, ?::JSON AS j', [2, 1, document]], ['SELECT $Doc::json AS j, $v AS v', { doc: document, v: 1 }],
      ['SELECT $1::JSON::VARCHAR AS j', [document]], ['SELECT CAST( $1 AS JSON )::VARCHAR AS j', [document]], ['SELECT try_cast($1 AS json) AS j, $2', [document, 1]],
      ["SELECT '$1::VARCHAR ''?' AS x, $$ ? $1 $$, /* $1 ? ' */ ?  ::  JSON AS j, ? -- '", [document, 1]], ["SELECT 1; SELECT '?', ? AS v, ?::JSON AS j", [1, document]],
      ['SELECT $1::JSON[]::VARCHAR[] AS l, to_json(l)::VARCHAR AS t, l[1] AS j, $2', [[document, null], 1]],
    ])('%s', async (sql, parameters) => expect(await c.queryOne(sql, parameters)).toMatchObject({ j: text }));

    test('and nowhere else', async () => {
      const list = 'STRUCT(a INTEGER, b VARCHAR)[]';
      for (const sql of ['SELECT typeof($1) AS t', 'SELECT typeof(x) AS t FROM (SELECT $1 AS json) json(x)', "SELECT typeof($1) AS t, '$1::JSON'", 'SELECT typeof($1) AS t -- $1::JSON',
        'SELECT typeof($1) AS t, \'[]\'::JSON']) {
        expect([sql, await c.queryOne(sql, [document])]).toEqual([sql, expect.objectContaining({ t: list })]);
      }
    });
  });

  test('in VALUES and UPDATE, of a MERGE too; of INSERT ... SELECT DuckDB says nothing, so that it needs the cast', async () => {
    await c.execute('CREATE OR REPLACE TEMP TABLE merged (i INTEGER, j JSON)');
    const mixed = [1, 'b'];
    await c.execute('INSERT INTO merged VALUES (1, $1), (2, $2)', [mixed, { d: new Date(0) }]);
    await c.execute('INSERT INTO merged SELECT 3, $1::JSON', [mixed]);
    await c.execute('MERGE INTO merged USING (SELECT 4 AS i) s ON merged.i = s.i WHEN NOT MATCHED THEN INSERT VALUES (4, $1)', [mixed]);
    expect((await c.query('SELECT j FROM merged ORDER BY i')).map(({ j }) => j)).toEqual(['[1,"b"]', '{"d":"1970-01-01T00:00:00.000Z"}', '[1,"b"]', '[1,"b"]']);
    expect(await rejection(c.execute('INSERT INTO merged SELECT 5, $1', [mixed]))).toMatchObject({ code: 'PARAMETER', message: 'parameter $1: a list mixes INTEGER and VARCHAR: DuckDB\'s lists have one type' });
  });

  test('in a column, in a condition, and in lists and maps of JSON', async () => {
    await c.execute('CREATE OR REPLACE TEMP TABLE documents (j JSON, l JSON[], m MAP(VARCHAR, JSON), s STRUCT(j JSON))');
    const document = [{ a: 1 }, { b: 'x' }];
    await c.execute('INSERT INTO documents VALUES ($1, $2, $3, $4)', [document, [document, { c: 1 }, 5, '[6]', null], { k: document }, { j: document }]);
    const text = JSON.stringify(document);
    expect(await c.query('SELECT j, l, m, s FROM documents WHERE j = $1', [document])).toEqual([
      { j: text, l: [text, '{"c":1}', '5', '[6]', null], m: [{ key: 'k', value: text }], s: { j: text } },
    ]);
    await c.execute('UPDATE documents SET j = $j', { j: { d: [] } });
    expect(await c.queryOne("SELECT j->'d' AS d FROM documents")).toEqual({ d: '[]' });
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
  test('utility statements take them too', async () => {
    await c.execute('SET threads = $1', [2]);
    expect(await c.queryOne("SELECT current_setting('threads') AS threads")).toEqual({ threads: 2 });
  });
});

function widestIn(type: string): unknown {
  const widest = 2n ** 128n;
  if (type.startsWith('UNION')) return unionValue('a', widest);
  if (type.endsWith('[]')) return [widest];
  return /STRUCT|MAP/.test(type) ? { a: widest } : widest;
}

describe('parameters are what they are at the call', () => {
  test('a list or an object that is used again: each call has its own values', async () => {
    await c.execute('CREATE OR REPLACE TEMP TABLE reused (i INTEGER, n VARCHAR)');
    const list: unknown[] = [0, 'list'];
    const named = { i: 0 };
    const calls: Array<Promise<unknown>> = [];
    for (let i = 0; i < 5; i++) {
      list[0] = named.i = i;
      calls.push(c.execute('INSERT INTO reused VALUES ($1, $2)', list), c.query("INSERT INTO reused VALUES ($i, 'object')", named));
    }
    list.length = 0;
    await Promise.all(calls);
    expect(await c.query('SELECT n, list(i ORDER BY i) AS l FROM reused GROUP BY n ORDER BY n')).toEqual([{ n: 'list', l: [0, 1, 2, 3, 4] }, { n: 'object', l: [0, 1, 2, 3, 4] }]);
  });

  test('also of a stream, which begins later', async () => {
    const list = [1];
    const stream = c.stream('SELECT $1 AS i', list);
    list[0] = 2;
    for await (const rows of stream) expect(rows).toEqual([{ i: 1 }]);
  });

  const boo = () => { throw new Error('boo'); };
  test.each<[string, any]>([
    ['a getter in a list', Object.defineProperty([1], 0, { get: boo, enumerable: true })], ['a getter in an object', { get a() { return boo(); } }],
    ['a Proxy of a list', new Proxy([1], { get: boo })], ['a Proxy of an object', new Proxy({}, { ownKeys: boo })],
  ])('%s that throws: PARAMETER', async (_, parameters) => {
    const expected = { code: 'PARAMETER', message: 'the parameters cannot be read, because one of their getters or a Proxy throws: boo' };
    expect(await rejection(c.query('SELECT $1', parameters))).toMatchObject(expected);
    expect(() => c.stream('SELECT $1', parameters)).toThrow(expect.objectContaining(expected));
  });

  test('a getter within a value that throws: PARAMETER, with the name', async () => {
    expect(await rejection(c.query('SELECT $1', [{ get a() { return boo(); } }]))).toMatchObject({ code: 'PARAMETER', message: expect.stringMatching(/^parameter \$1.*boo$/) });
  });
});

function circle(): unknown[] {
  const list: unknown[] = [];
  list.push(list);
  return list;
}

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
    ['null for all of them', 'SELECT $1', null, 'the parameters are null, expected a list for ? and $1, or an object for $name'],
    ['a scalar for all of them', 'SELECT $1', 'x', 'the parameters are a string, expected a list for ? and $1, or an object for $name'],
    ['an unknown name', 'SELECT $a', { a: 1, z: 2 }, 'there is no parameter $z in the statement; its parameters are: $a'],
    ['a missing name', 'SELECT $a, $b', { a: 1 }, 'the object has no value for $b; its keys are: a. Pass null for SQL NULL'],
    ['a missing position', 'SELECT ?, ?', [1], 'the list has 1 value, and the statement 2 parameters ($1, $2): none is left for $2; pass null for SQL NULL'],
    ['a position too many', 'SELECT ?', [1, 2], 'the list has 2 values, and the statement 1 parameter ($1): there is no $2 in it; leave out what it does not use'],
    ['a position of many', `SELECT ${Array.from({ length: 12 }, () => '?').join()}`, [1], '($1, $2, $3, $4, $5, $6, $7, $8, $9, $10 and 2 more): none is left for $2'],
    ['a number that is left out', 'SELECT $2', ['a', 'b'],
      'the statement has 1 parameter, but no $1: DuckDB binds numbered parameters only if no number is left out; number them from $1 without a gap, or give them names and'],
    ['the same with as many values', 'SELECT $3, $1', ['a', 'b'], 'the statement has 2 parameters, but no $2'],
    ['the same with an object', 'SELECT $2', { 2: 'b' }, 'the statement has 1 parameter, but no $1'],
    ['a Map for all of them', 'SELECT $a', new Map([['a', 1]]), 'the parameters are a Map, expected a list for ? and $1, or an object for $name'],
    ['bytes for all of them', 'SELECT $1', new Uint8Array(1), 'the parameters are a Uint8Array, expected a list'],
    ['two keys for one parameter', 'SELECT $a', { a: 1, A: 2 }, 'the object has the keys "a" and "A", which are the same parameter: DuckDB ignores case in names'],
    ['a hole in the list of all', 'SELECT ?, ?, ?', [1, , 3], 'parameter $2: the value is undefined: pass null for SQL NULL'],
    ['a hole in a list', 'SELECT $1', [[1, , 3]], 'parameter $1[1]: the list has a hole, as in [1, , 3]: pass null for SQL NULL'],
    ['undefined in a list', 'SELECT $l', { l: [1, undefined] }, 'parameter $l[1]: the value is undefined: pass null for SQL NULL'],
    ['undefined deep within', 'SELECT $1', [{ a: [new Map([['k', { 'b c': undefined }]])] }], 'parameter $1.a[0]["k"]["b c"]: the value is undefined'],
    ['a Map with a key null', 'SELECT $1', [new Map([[null, 1]])], /^parameter \$1\[null\]: a key of the MAP is null, and a key of DuckDB's MAP cannot be NULL: leave/],
    ['a Map with a key twice', 'SELECT $1', [new Map<unknown, number>([[1, 1], [1n, 2]])], /^parameter \$1\[1\]: two keys of the MAP are the BIGINT 1, and a key of DuckDB's MAP must be unique/],
    ['a Map with keys of two types', 'SELECT $1', [new Map<unknown, number>([[1, 1], ['a', 2]])], 'parameter $1: the keys of a MAP mixes INTEGER and VARCHAR'],
    ['half a character', 'SELECT $1', ['ab\ud83d'], /^parameter \$1: the text has half of a surrogate pair at 2 \(\\ud83d\), which is not a character: .* pass text\.toWellFormed\(\)/],
    ['half a character in a list', 'SELECT $1', [['a', '\udc00b']], /^parameter \$1\[1\]: the text has half of a surrogate pair at 0/],
    ['half a character in a key', 'SELECT $1', [{ '\ud83d': 1 }], /^parameter \$1\["\\ud83d"\]: the text has half of a surrogate pair/],
    ['half a character in JSON', 'SELECT $1::JSON', [{ a: ['\ud83d'] }], /^parameter \$1: the text has half of a surrogate pair/],
    ['half a character in a key of JSON', 'SELECT $1::JSON', [{ '\ud83d': 1 }], /^parameter \$1: the text has half of a surrogate pair/],
    ['an empty key', 'SELECT $1', [{ 'a': 1, '': 2 }], /^parameter \$1\[""\]: a key is empty, and DuckDB would treat it as a field without a name/],
    ['keys that differ in case only', 'SELECT $1', [[{ a: 1 }, { A: 2 }]], 'parameter $1: the keys "a" and "A" are one field to DuckDB, which ignores case in names: rename one'],
    ['a value that is a part of itself', 'SELECT $1', [circle()], /^parameter \$1(\[0\]){26}\[0\.\.\.: the value has more than 100 levels: does it contain itself\?/],
    ['a value too for a statement without parameters', 'SELECT 1', [1], 'the list has 1 value, and the statement no parameters: there is no $1 in it'],
    ['bytes for a GEOMETRY', 'SELECT $1::GEOMETRY', [new Uint8Array(21)],
      "parameter $1: DuckDB's client cannot bind a GEOMETRY: pass its bytes, and make it of them in SQL, as in ST_GeomFromWKB($1)"],
    ['a NUL in a key', 'SELECT $1', [{ 'a\0b': 1 }], /^parameter \$1\["a\\u0000b"\]: the key "a\\u0000b" contains a NUL, which a name in SQL cannot contain/],
    ['a bigint that a DOUBLE would round', 'SELECT $1', [[2n ** 53n + 1n, 2 ** 53]], /^parameter \$1\[0\]: the bigint 9007199254740993 is mixed with numbers that only a DOUBLE/],
    ['the same, deeper', 'SELECT $1', [{ a: [[1.5], [2n ** 53n + 1n]] }], /^parameter \$1\.a\[1\]\[0\]: the bigint 9007199254740993/],
    ['a Date beyond TIMESTAMP_NS', 'SELECT $1::TIMESTAMP_NS', [new Date('2300-01-01')], /^parameter \$1: the Date 2300-01-01T00:00:00.000Z is beyond TIMESTAMP_NS/],
    ...['BIGINT', 'HUGEINT', 'UHUGEINT', 'DOUBLE', 'DECIMAL(38,0)', 'INTEGER[]', 'STRUCT(a HUGEINT)', 'UNION(a HUGEINT)', 'MAP(VARCHAR, HUGEINT)'].map((type): [string, string, any, RegExp] => (
      [`a bigint beyond all fixed widths for ${type}`, `SELECT $1::${type}`, [widestIn(type)],
        /^parameter \$1(\[0\]|\.a|\["a"\])?: the bigint 340282366920938463463374607431768211456 is beyond HUGEINT and UHUGEINT, .*: write \$1::BIGNUM for a BIGNUM/]
    )),
    ['the same where no type is wanted', 'SELECT $1', [-(2n ** 200n)], /^parameter \$1: the bigint -1606938044258990275541962092341162602522202993782\.\.\. is beyond HUGEINT/],
    ['the same into a column', 'INSERT INTO typed (big) VALUES ($1)', [2n ** 128n], /^parameter \$1: the bigint 340282366920938463463374607431768211456 is beyond/],
    ['numbers that only a BIGNUM holds together', 'SELECT $1', [[-5n, 2n ** 127n]], /^parameter \$1: only a BIGNUM can hold all numbers of a list, .*as in \$1::BIGNUM\[\]/],
    ['the same, deeper', 'SELECT $1::STRUCT(a BIGNUM, b HUGEINT)[]', [[{ a: 1n, b: -1n }, { a: 2n, b: 2n ** 127n }]], /^parameter \$1: only a BIGNUM can hold all numbers of a list/],
    ['a number beyond FLOAT', 'SELECT $1::FLOAT', [1e40], 'parameter $1: the number 1e+40 is beyond the range of FLOAT, which ends at 3.4e38: use a DOUBLE, as in $1::DOUBLE'],
    ['a number beyond FLOAT, deeper', 'SELECT $1::STRUCT(f FLOAT[])', [{ f: [1, -1e39] }], /^parameter \$1\.f\[1\]: the number -1e\+39 is beyond the range of FLOAT/],
    ['a bigint beyond FLOAT', 'SELECT $1::FLOAT', [2n ** 128n - 1n], /^parameter \$1: the number 340282366920938463463374607431768211455 is beyond the range of FLOAT/],
    ['a Date with a time for a DATE', 'FROM typed WHERE d < $1', [new Date('2024-07-01T02:00:00.500Z')],
      'parameter $1: the Date 2024-07-01T02:00:00.500Z has a time of day, which a DATE does not hold: cast it, as in $1::TIMESTAMP, or pass a Date at midnight UTC, or text'],
    ['a Date with a time for a DATE, deeper', 'SELECT $1::MAP(VARCHAR, DATE)', [{ k: new Date(1) }], /^parameter \$1\["k"\]: the Date 1970-01-01T00:00:00.001Z has a time of day/],
    ['a Date with milliseconds for a TIMESTAMP_S', 'FROM typed WHERE s = $1', [new Date('2024-07-01T02:00:00.500Z')],
      'parameter $1: the Date 2024-07-01T02:00:00.500Z has milliseconds, which a TIMESTAMP_S does not hold: cast it, as in $1::TIMESTAMP, or pass a Date at a whole second, or text'],
    ['an ArrayBuffer', 'SELECT $1', [new ArrayBuffer(1)], /^parameter \$1: an ArrayBuffer has no SQL type/],
    ['an object of a class with a vowel', 'SELECT $1', [new (class A { x = 1; })()], /^parameter \$1: an A has no SQL type/],
    ['an ArrayBuffer... for all of them', 'SELECT $a', new (class Int8Array2 extends Int8Array {})(1), 'the parameters are an Int8Array2, expected a list'],
    ['a circle in JSON', 'SELECT $1::JSON', [circle()], /^parameter \$1: Converting circular structure to JSON/],
    ['a Map in JSON whose keys are not text', 'SELECT $1::JSON', [[new Map([[null, 1]])]], 'parameter $1: a Map has a key that is not text (null), but JSON needs text keys: convert them to text'],
    ['a GEOMETRY', 'SELECT $1', [new DuckDBGeometryValue(new Uint8Array(21))],
      "parameter $1: DuckDB's client cannot bind a GEOMETRY: pass its bytes, and make it of them in SQL, as in ST_GeomFromWKB($1)"],
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
