import { cursor, type Cursor } from '../../../lib-runtime';

let c: Cursor;
beforeAll(async () => c = await cursor());
afterAll(() => c.close());

/** A generator of whole numbers below `n`, the same for the same seed (https://en.wikipedia.org/wiki/Linear_congruential_generator). */
function random(seed: number): (n: number) => number {
  let state = BigInt(seed);
  return (n) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    return Number(state / 2n ** 33n) % n;
  };
}

const SCALARS = [
  'true', '(-128)::TINYINT', '32767::SMALLINT', '(-2147483648)::INTEGER', '(-9223372036854775808)::BIGINT', '255::UTINYINT', '65535::USMALLINT',
  '4294967295::UINTEGER', '18446744073709551615::UBIGINT', '(-170141183460469231731687303715884105728)::HUGEINT',
  '340282366920938463463374607431768211455::UHUGEINT', "'-1267650600228229401496703205376000000000000000000'::BIGNUM", '0.5::FLOAT', '0.1::DOUBLE',
  "'-0'::DOUBLE", "'nan'::DOUBLE", "'-inf'::DOUBLE", '1.5e300', '12345678901234567.89::DECIMAL(38,10)', '(-0.05)::DECIMAL(4,2)', '7::DECIMAL(9,0)',
  "''", "'it''s \u{1f986}'", "'a' || chr(0) || 'b'", "'\\xAA\\x00b'::BLOB", "''::BLOB", "'10110'::BIT", "'0'::BIT", "'1111111111'::BIT",
  "DATE '2024-02-29'", "DATE '0044-03-15 (BC)'", "DATE 'infinity'", "TIME '12:34:56.789012'", "TIME '24:00:00'", "TIME_NS '12:34:56.789012345'",
  "TIMETZ '12:34:56+02'", "TIMETZ '00:00:01-15:59:59'", "TIMESTAMP '2024-02-29 12:34:56.789999'", "TIMESTAMP '-infinity'",
  "TIMESTAMPTZ '2024-02-29 12:34:56.000001+02'", "TIMESTAMP_S '1960-01-01 00:00:01'", "TIMESTAMP_MS '2024-02-29 12:34:56.789'",
  "TIMESTAMP_NS '1969-12-31 23:59:59.999999999'", "INTERVAL '1 month -2 days 3.5 hours'", "'a1b2c3d4-0000-4000-8000-000000000000'::UUID",
  "'ffffffff-ffff-ffff-ffff-ffffffffffff'::UUID", "'b'::ENUM('a', 'b')",
];

/** An expression of a random type, up to three levels deep. */
function expression(pick: (n: number) => number, depth = 0): string {
  const scalar = () => SCALARS[pick(SCALARS.length)]!;
  const inner = () => expression(pick, depth + 1);
  switch (depth < 3 ? pick(8) : 0) {
    case 1: {
      const item = inner();
      return `[${Array.from({ length: pick(4) }, () => (pick(4) === 0 ? 'NULL' : item)).concat(item).join(', ')}]`;
    }
    case 2: return `array_value(${inner()})`;
    case 3: return `{'a': ${inner()}, '__proto__': ${inner()}, 'b c': NULL, 'z': ${scalar()}}`;
    case 4: return `MAP {${scalar()}: ${inner()}}`;
    case 5: return `union_value(${['n', '"__proto__"', '"a b"'][pick(3)]} := ${inner()})`;
    case 6: return `[{'a': ${inner()}}, NULL]`;
    default: return scalar();
  }
}

/** What DuckDB says of a value: its type and its text. */
interface Known {
  readonly type: string;
  readonly text: string;
}

const known = (sql: string, parameters?: unknown[]) => c.queryOne<Known>(`SELECT typeof(v) AS type, v::VARCHAR AS text FROM (SELECT ${sql} AS v)`, parameters);
const read = async (sql: string, rows: 'js' | 'json' | 'duckdb') => (await c.queryOne<{ v: unknown }>(`SELECT ${sql} AS v`, undefined, { rows }))!.v;

/** Whether a statement needs to say its type: DuckDB makes other numbers of a BIGNUM than it is. */
const needsType = (sql: string) => sql.includes("'-1267650600228229401496703205376000000000000000000'::BIGNUM");

describe('what rows: \'duckdb\' hands out is bound again as the same value', () => {
  test.each(SCALARS)('%s', async (sql) => {
    const literal = (await known(sql))!;
    const again = await read(sql, 'duckdb');
    // Into a column of its type, as an INSERT does.
    expect(await known(`CAST($1 AS ${literal.type})`, [again])).toEqual(literal);
    if (needsType(sql)) return;
    expect((await known('$1', [again]))!.text).toBe(literal.text);
    expect((await known('$1', [{ list: [null, again], map: new Map([['k', again]]) }]))!.text)
      .toBe((await known(`{'list': [NULL, ${sql}], 'map': MAP {'k': ${sql}}}`))!.text);
  });

  test.each([
    '[1, NULL]::BIGINT[]', '[]::INTEGER[]', '[[], NULL, [NULL]]::INTEGER[][]', '[[1, 2], [3, NULL]]::INTEGER[2][]', "{'a': NULL}", "{'a': {'b': [{'c': 1}]}}",
    'MAP {}', 'MAP {1: NULL}', "MAP {{'a': 1}: [NULL, 2::BIGINT]}", "MAP {'a': MAP {'b': 1}}", 'union_value(n := 5)', 'union_value(n := NULL::INTEGER)',
    "[1::UNION(n INTEGER, s VARCHAR), 'x', NULL]", '[1.50::DECIMAL(9,2), NULL]', '[1.5::DECIMAL(38,2)]::DECIMAL(38,2)[1]',
    "[TIME_NS '12:34:56.789012345']", '[5::UHUGEINT, 340282366920938463463374607431768211455::UHUGEINT]', '[(-5)::BIGNUM, 1::BIGNUM]',
  ])('%s', async (sql) => {
    const literal = (await known(sql))!;
    const again = await read(sql, 'duckdb');
    expect((await known('$1', [again]))!.text).toBe(literal.text);
    if (!literal.type.includes('"NULL"')) expect(await known(`CAST($1 AS ${literal.type})`, [again])).toEqual(literal);
  });

  test.each([
    '5::VARIANT', "'x'::VARIANT", 'NULL::VARIANT', '1.5::DECIMAL(9,2)::VARIANT', '5::DOUBLE::VARIANT', "{'a': 1, 'b': [1, 2]}::VARIANT", '[]::INTEGER[]::VARIANT',
    "'{\"a\": [1, \"x\", null, {\"b\": 2.5}], \"__proto__\": {\"c\": true}}'::JSON::VARIANT", "[1::VARIANT, 'x'::VARIANT, NULL, 2.5::DOUBLE::VARIANT]::VARIANT",
    "[1::VARIANT, DATE '2024-01-01'::VARIANT]", '255::UTINYINT::VARIANT', '18446744073709551615::UBIGINT::VARIANT',
  ])('%s', async (sql) => {
    await c.execute(`CREATE OR REPLACE TEMP TABLE variants (v ${sql.endsWith(']') ? 'VARIANT[]' : 'VARIANT'})`);
    await c.execute('INSERT INTO variants VALUES ($1)', [await read(sql, 'duckdb')]);
    const facts = 'v::VARCHAR AS text, variant_typeof(v::VARIANT) AS type, v::JSON AS json';
    expect(await c.queryOne(`SELECT ${facts} FROM variants`)).toEqual(await c.queryOne(`SELECT ${facts} FROM (SELECT ${sql} AS v)`));
  });

  test('VARIANTs of random JSON: as they were, or a PARAMETER error', async () => {
    const json = (pick: (n: number) => number, depth = 0): unknown => {
      switch (pick(depth < 3 ? 8 : 5)) {
        case 0: return null;
        case 1: return pick(2) === 0;
        case 2: return pick(1000) - 500;
        case 3: return pick(1000) / 7;
        case 4: return ['', 'x', 'NULL', '__proto__'][pick(4)];
        case 5: return Object.fromEntries(['a', '__proto__', 'b c'].slice(0, 1 + pick(3)).map((name) => [name, json(pick, depth + 1)]));
        default: return Array.from({ length: pick(4) }, () => json(pick, depth + 1));
      }
    };
    await c.execute('CREATE OR REPLACE TEMP TABLE variants (v VARIANT)');
    let refused = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const text = JSON.stringify(json(random(seed)));
      const { v } = (await c.queryOne<{ v: unknown }>('SELECT $1::JSON::VARIANT AS v', [text], { rows: 'duckdb' }))!;
      await c.execute('DELETE FROM variants');
      try {
        await c.execute('INSERT INTO variants VALUES ($1)', [v]);
      } catch (error) {
        expect([text, error]).toEqual([text, expect.objectContaining({ code: 'PARAMETER', message: expect.stringContaining('cast it with $1::JSON::VARIANT') })]);
        refused += 1;
        continue;
      }
      const facts = 'v::VARCHAR AS text, v::JSON AS json, variant_typeof(v) AS type';
      expect([text, await c.queryOne(`SELECT ${facts} FROM variants`)])
        .toEqual([text, await c.queryOne(`SELECT ${facts} FROM (SELECT $1::JSON::VARIANT AS v)`, [text])]);
    }
    expect(refused).toBeLessThan(100);
  });

  test('of random types, as DuckDB\'s own literal', async () => {
    for (let seed = 1; seed <= 400; seed++) {
      const sql = expression(random(seed));
      const again = await read(sql, 'duckdb');
      if (!needsType(sql)) expect([seed, sql, (await known('$1', [again]))!.text]).toEqual([seed, sql, (await known(sql))!.text]);
      const { type } = (await known(sql))!;
      if (!type.includes('"NULL"')) expect([seed, sql, await known(`CAST($1 AS ${type})`, [again])]).toEqual([seed, sql, await known(sql)]);
    }
  });
});

test('rows: \'json\' is what the client makes of values of random types', async () => {
  for (let seed = 1001; seed <= 1200; seed++) {
    // The client loses a field of that name, and has another date for that one.
    const sql = expression(random(seed)).replaceAll('__proto__', 'p').replaceAll("DATE 'infinity'", "DATE '2024-01-01'");
    const clients = await c.withConnection(async (connection) => (await connection.runAndReadAll(`SELECT ${sql} AS v`)).getRowObjectsJson());
    expect([seed, sql, await c.query(`SELECT ${sql} AS v`, [], { rows: 'json' })]).toEqual([seed, sql, clients]);
  }
});

test('what rows: \'js\' hands out is bound again where its type is wanted', async () => {
  for (const sql of ["MAP {'a': 1, 'b': NULL}", "{'a': [1, NULL], 'b': 'x'}", "'\\xAA'::BLOB", '[1.5::DECIMAL(3,1)]', "TIMESTAMP '2024-01-01 00:00:00.001'", "DATE '2024-01-01'",
    "'{\"a\": 1}'::JSON", "MAP {{'a': 1}: [DATE '2024-01-01']}", "TIME '12:00:00'", "INTERVAL '1 day'", "'0101'::BIT", '[-5::BIGINT]']) {
    const literal = (await known(sql))!;
    expect(await c.queryOne(`SELECT CAST($1 AS ${literal.type}) AS v`, [await read(sql, 'js')])).toEqual({ v: await read(sql, 'js') });
  }
});
