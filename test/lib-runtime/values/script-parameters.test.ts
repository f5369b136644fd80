import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cursor, type Cursor } from '../../../lib-runtime';
import { rejection } from '../rejection';

let c: Cursor;
let scratch: string;
beforeAll(async () => {
  c = await cursor();
  scratch = mkdtempSync(join(tmpdir(), 'script-parameters-'));
});
afterAll(async () => {
  await c.close();
  rmSync(scratch, { recursive: true });
});

const count = async () => (await c.queryOne<{ n: number }>('SELECT count(*) AS n FROM kept'))!.n;
beforeEach(() => c.execute('CREATE OR REPLACE TEMP TABLE kept (i INTEGER, t VARCHAR)'));

describe('an object', () => {
  test('goes to every statement that names its values, whatever the case', async () => {
    const sql = 'CREATE OR REPLACE TEMP TABLE a AS SELECT $Low::INTEGER AS i; INSERT INTO a VALUES ($high), ($LOW + 1); SELECT list(i ORDER BY i) AS l, $text AS t FROM a';
    expect(await c.query(sql, { low: 1, HIGH: 9, text: 'x' })).toEqual([{ l: [1, 2, 9], t: 'x' }]);
  });

  test('to a statement before the last alone', async () => {
    expect(await c.query('SET VARIABLE x = $n; SELECT getvariable(\'x\') AS x', { n: 2 })).toEqual([{ x: 2 }]);
    expect(await c.query("SET VARIABLE x = 1; SELECT $n + getvariable('x') AS sum", { n: 2 })).toEqual([{ sum: 3 }]);
  });

  test('counts the changed rows of all statements', async () => {
    expect(await c.execute('INSERT INTO kept SELECT range, $t FROM range($n); DELETE FROM kept WHERE i < $n - 1; SELECT $t', { n: 5, t: 'x' })).toEqual({ rowsChanged: 9 });
  });

  test('is bound with the type that each statement has for it', async () => {
    const sql = 'CREATE OR REPLACE TEMP TABLE j (v JSON); INSERT INTO j VALUES ($v::JSON); SELECT v::VARCHAR AS json, $v AS list FROM j';
    expect(await c.query(sql, { v: [1, 2] })).toEqual([{ json: '[1,2]', list: [1, 2] }]);
  });

  test('streams', async () => {
    const rows: unknown[] = [];
    for await (const batch of c.stream('CREATE OR REPLACE TEMP TABLE s AS FROM range($n); SELECT count(*) AS n, $n AS given FROM s', { n: 5000 })) rows.push(...batch);
    expect(rows).toEqual([{ n: 5000, given: 5000 }]);
  });

  test('names files and values of a COPY', async () => {
    const file = join(scratch, 'a.parquet');
    expect(await c.execute('COPY (SELECT $n AS n) TO $file; INSERT INTO kept SELECT n, $file FROM read_parquet($file)', { n: 7, file })).toEqual({ rowsChanged: 2 });
    expect(await c.query('COPY (SELECT 1 AS n) TO \'' + file + "'; SELECT n FROM read_parquet($file)", { file })).toEqual([{ n: 1 }]);
  });

  test('has a name that is not in the script: nothing has run', async () => {
    const error = await rejection(c.execute("INSERT INTO kept VALUES ($one, '$two $three'); SELECT 1 -- $four\n/* $five */", { one: 1, two: 2 }));
    expect(error).toMatchObject({ code: 'PARAMETER', message: 'there is no parameter $two in the script; its parameters are: $one' });
    expect((await rejection(c.execute('INSERT INTO kept VALUES ($month, NULL); SELECT $month', { mnth: 1 }))).message).toContain('$mnth in the script; did you mean "month"?');
    expect(await count()).toBe(0);
  });

  test('has a name that only looks like one of the script: the others have run, and the error says so', async () => {
    const error = await rejection(c.execute('INSERT INTO kept VALUES (1, NULL); PREPARE q AS SELECT $x::INTEGER; SELECT 1', { x: 1 }));
    expect(error).toMatchObject({ code: 'PARAMETER', message: 'no statement of the script has a parameter $x; those before the last have run' });
    expect(await count()).toBe(1);
  });

  test('lacks a value', async () => {
    const error = await rejection(c.execute('INSERT INTO kept VALUES ($one, $two); SELECT 1', { one: 1 }));
    expect(error).toMatchObject({ code: 'PARAMETER', message: 'the object has no value for $two in statement 1 of 2. Pass null for SQL NULL' });
    expect((await rejection(c.execute('INSERT INTO kept VALUES (1, NULL); SELECT $one', {}))).message)
      .toBe('the object has no value for $one in statement 2 of 2; those before it have run. Pass null for SQL NULL');
  });

  test('has a name twice', async () => {
    expect((await rejection(c.execute('INSERT INTO kept VALUES ($one, NULL); SELECT 1', { one: 1, ONE: 2 }))).message).toContain('the same parameter');
  });

  test('has numbers', async () => {
    expect(await c.query("SET VARIABLE x = ?; SELECT $2 + $1 + getvariable('x') AS sum", { 1: 1, 2: 2 })).toEqual([{ sum: 4 }]);
  });

  test('names what a prototype has', async () => {
    expect(await c.query('SET VARIABLE x = $__proto__; SELECT $constructor AS c', JSON.parse('{"__proto__": 1, "constructor": 2}'))).toEqual([{ c: 2 }]);
  });
});

describe('a list', () => {
  test('belongs to the last statement', async () => {
    expect(await c.query("SET VARIABLE x = 1; SELECT $1 + getvariable('x') AS sum", [2])).toEqual([{ sum: 3 }]);
  });

  test('does not reach an earlier statement', async () => {
    const error = await rejection(c.execute('SELECT 1; INSERT INTO kept VALUES ($1, NULL); SELECT 1', [1]));
    expect(error).toMatchObject({ code: 'PARAMETER', message: expect.stringMatching(/^statement 2 of 3 has a parameter, and .* to the last statement: give .* names/) });
    expect(await count()).toBe(0);
  });
});

test('no values at all', async () => {
  expect(await rejection(c.execute('SELECT 1; INSERT INTO kept VALUES ($one, NULL); SELECT 1'))).toMatchObject({ message: expect.stringContaining('one') });
  expect(await count()).toBe(0);
});

test('one statement with a semicolon in it, and one that DuckDB makes two of', async () => {
  expect(await c.query("SELECT ';' AS s, $x AS x", { x: 1 })).toEqual([{ s: ';', x: 1 }]);
  expect((await rejection(c.query("SELECT ';' AS s", { x: 1 }))).message).toBe('there is no parameter $x in the statement; its parameters are: none');
  expect(await c.query("PIVOT (SELECT 1 AS i, 'a' AS k) ON k USING sum(i); SELECT $x AS x", { x: 1 })).toEqual([{ x: 1 }]);
});
