import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { queryFolder } from './query-bed';
import type { RowsAnswer } from '../../../lib-runtime';
import { temporaryDirectory } from '../../temporary-directory';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';

type Handler = ReturnType<Runtime['queryHandler']>;
type Event = Parameters<Handler>[0];

let runtime: Runtime;
beforeEach(() => void (runtime = freshRuntime()));

const handlerOf = (queries: Readonly<Record<string, string>>, options: object = {}): Handler => (
  runtime.queryHandler({ queries: queryFolder(queries), ...options })
);
/** What an event is answered with, as Lambda passes it on. */
const answer = async (handler: Handler, event: object) => JSON.parse(JSON.stringify(await handler(event as Event)));
const failure = (handler: Handler, event: unknown) => rejection(handler(event as Event));

describe('an answer with rows', () => {
  test('has the columns in order with their types, the rows and their number', async () => {
    const handler = handlerOf({
      'monthly-sales': "-- @param month VARCHAR = '2025-01'\nSELECT $month AS month, 1.50::DECIMAL(18,2) AS \"1\", range AS i FROM range(2)",
    });
    expect(await answer(handler, { query: 'monthly-sales', params: { month: '2025-02' } })).toEqual({
      columns: [{ name: 'month', type: 'VARCHAR' }, { name: '1', type: 'DECIMAL(18,2)' }, { name: 'i', type: 'BIGINT' }],
      rows: [{ month: '2025-02', 1: '1.50', i: 0 }, { month: '2025-02', 1: '1.50', i: 1 }],
      rowCount: 2,
    });
    expect(await answer(handler, { query: 'monthly-sales' })).toMatchObject({ rows: [{ month: '2025-01' }, {}] });
  });

  test('has columns without rows', async () => {
    expect(await answer(handlerOf({ none: 'SELECT 1 AS a, DATE \'2025-01-01\' AS b WHERE false' }), { query: 'none' })).toEqual({
      columns: [{ name: 'a', type: 'INTEGER' }, { name: 'b', type: 'DATE' }], rows: [], rowCount: 0,
    });
  });

  test('is plain JSON: NaN and the infinities are text at every depth, times ISO 8601, bytes base64', async () => {
    const sql = `SELECT 'NaN'::DOUBLE AS d, ['inf'::FLOAT, NULL] AS l, {a: '-inf'::DOUBLE} AS s, MAP {'k': 'nan'::DOUBLE} AS m, 'NaN' AS t,
      TIMESTAMP '2025-01-02 03:04:05' AS ts, '\\xAA'::BLOB AS b, {'__proto__': 1} AS p, NULL AS n`;
    const given = await handlerOf({ all: sql })({ query: 'all' });
    expect(given).toEqual(JSON.parse(JSON.stringify(given)));
    expect((given as RowsAnswer).rows).toEqual([JSON.parse(`{
      "d": "NaN", "l": ["Infinity", null], "s": {"a": "-Infinity"}, "m": [{"key": "k", "value": "NaN"}], "t": "NaN",
      "ts": "2025-01-02T03:04:05.000Z", "b": "qg==", "p": {"__proto__": 1}, "n": null}`)]);
  });

  test.each([
    ['DESCRIBE SELECT 1 AS one', [{ column_name: 'one', column_type: 'INTEGER' }]],
    ['SUMMARIZE SELECT 1 AS one', [{ column_name: 'one', count: 1 }]],
    ["PIVOT (VALUES ('a', 2)) t(k, v) ON k USING sum(v)", [{ a: 2 }]],
    ['VALUES (1); -- the end', [{ col0: 1 }]],
    ['CREATE TEMP TABLE t (a INTEGER)', []],
    ['CREATE TEMP TABLE t AS SELECT 1 AS a', [{ Count: 1 }]],
    ['CREATE TEMP TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2) RETURNING a', [{ a: 1 }, { a: 2 }]],
    ['EXPLAIN SELECT 1', [{ explain_key: 'physical_plan' }]],
    ['CALL pragma_version()', [{ library_version: expect.any(String) }]],
  ])('of %s', async (sql, rows) => {
    expect(await answer(handlerOf({ q: sql }), { query: 'q' })).toMatchObject({ rows, rowCount: rows.length });
  });

  test('statements before the last prepare it, each with the parameters that it uses', async () => {
    const handler = handlerOf({
      script: `-- @param a INTEGER
-- @param b VARCHAR
CREATE TEMP TABLE t AS SELECT $a AS a; -- not $b
CREATE TEMP TABLE u AS FROM t SELECT a + $A AS a;
SELECT a, $b AS b, ';' AS c FROM u -- $a`,
    });
    for (const a of [1, 2]) expect(await answer(handler, { query: 'script', params: { a, b: 'x' } })).toMatchObject({ rows: [{ a: 2 * a, b: 'x', c: ';' }] });
  });

  test('takes values as text or bytes whose types cannot be parameters', async () => {
    const handler = handlerOf({
      q: '-- @param x VARCHAR\n-- @param y BLOB\n-- @param z VARCHAR\nSELECT $x::GEOMETRY = ST_GeomFromWKB($y) AS same, typeof($z::JSON::VARIANT) AS type',
      geometry: '-- @param x GEOMETRY\nSELECT $x',
    });
    const point = Buffer.from('0101000000000000000000f03f0000000000000040', 'hex').toString('base64');
    expect(await answer(handler, { query: 'q', params: { x: 'POINT(1 2)', y: point, z: '{"a":1}' } })).toMatchObject({ rows: [{ same: true, type: 'VARIANT' }] });
    expect(await failure(handler, { query: 'geometry', params: { x: 'POINT(1 2)' } })).toMatchObject({
      name: 'ConfigError', message: expect.stringContaining('declare it as VARCHAR and write $x::GEOMETRY in the SQL, or as BLOB and write ST_GeomFromWKB($x)'),
    });
  });

  test('takes a type of the user\'s as it is at the time', async () => {
    const handler = handlerOf({
      make: 'CREATE TYPE mood AS ENUM (\'calm\')',
      remake: 'DROP TYPE mood; CREATE TYPE mood AS ENUM (\'wild\')',
      q: '-- @param mood mood\nSELECT $mood AS mood',
    });
    await handler({ query: 'make' });
    expect(await answer(handler, { query: 'q', params: { mood: 'calm' } })).toMatchObject({ rows: [{ mood: 'calm' }] });
    await handler({ query: 'remake' });
    expect(await answer(handler, { query: 'q', params: { mood: 'wild' } })).toMatchObject({ rows: [{ mood: 'wild' }] });
  });

  test('comes from the database that the file names', async () => {
    const file = join(temporaryDirectory(), 'cache.duckdb');
    runtime = freshRuntime(config({ databases: { cache: { file } } }));
    const handler = handlerOf({ where: '-- @database cache\nSELECT current_database() AS name', default: 'SELECT current_database() AS name' });
    expect(await answer(handler, { query: 'where' })).toMatchObject({ rows: [{ name: 'cache' }] });
    expect(await answer(handler, { query: 'default' })).toMatchObject({ rows: [{ name: 'memory' }] });
  });
});

describe('the size of an answer', () => {
  const bytesOf = async (handler: Handler, query: string) => {
    const given = await handler({ query, maxInlineBytes: 6 * 1024 * 1024 });
    return Buffer.byteLength(JSON.stringify(given));
  };

  test.each([
    ['one row', "SELECT 'é€😀\"\\' AS t"],
    ['ten rows', 'SELECT range AS i, NULL AS n FROM range(10)'],
    ['no row', 'SELECT 1 AS i WHERE false'],
    ['the smallest rows', 'SELECT 1 AS a FROM range(20000)'],
    ['many batches', "SELECT range AS i, 'NaN'::DOUBLE AS d, [range, 1] AS l FROM range(5000)"],
    ['values that are small in JSON', 'SELECT list_transform(range(1000), lambda x: 1) AS a FROM range(100)'],
    ['an answer that is materialised', '-- @cache 60\nSELECT range AS i FROM range(3000)'],
  ])('is counted exactly, in bytes of UTF-8: %s', async (_, sql) => {
    const handler = handlerOf({ q: sql });
    const bytes = await bytesOf(handler, 'q');
    expect(Buffer.byteLength(JSON.stringify(await handler({ query: 'q', maxInlineBytes: bytes })))).toBe(bytes);
    expect(await failure(handler, { query: 'q', maxInlineBytes: bytes - 1 })).toMatchObject({
      name: 'ResultLimitError', message: expect.stringMatching(new RegExp(`the answer of "q" is larger than maxInlineBytes ${bytes - 1}: declare "results"`)),
    });
  });

  test('is at most 200 KiB, or what the handler says, or what the event says', async () => {
    const sql = "SELECT repeat('x', 1000) AS t FROM range(300)";
    expect(await failure(handlerOf({ q: sql }), { query: 'q' })).toMatchObject({ message: expect.stringContaining('maxInlineBytes 204800') });
    const generous = handlerOf({ q: sql }, { maxInlineBytes: 1_000_000 });
    expect(await answer(generous, { query: 'q' })).toMatchObject({ rowCount: 300 });
    expect(await failure(generous, { query: 'q', maxInlineBytes: 1000 })).toMatchObject({ message: expect.stringContaining('maxInlineBytes 1000') });
  });

  test('of a statement that writes: it has run, once, and the error says so', async () => {
    const handler = handlerOf({
      write: 'CREATE TABLE IF NOT EXISTS log (i INTEGER); INSERT INTO log SELECT range FROM range(1000) RETURNING i', count: 'SELECT count(*) AS n FROM log',
    });
    expect(await failure(handler, { query: 'write', maxInlineBytes: 1000 })).toMatchObject({
      name: 'ResultLimitError', message: expect.stringContaining('the statement may have written, so it has run and does not run again'),
    });
    expect(await answer(handler, { query: 'count' })).toMatchObject({ rows: [{ n: 1000 }] });
  });
});

describe('declared columns', () => {
  test('may have another name of their type, and the answer may have more columns', async () => {
    const handler = handlerOf({ q: '-- @column a INT\n-- @column b STRUCT(x TEXT, y NUMERIC(4,1)[])\nSELECT 1 AS a, {x: \'1\', y: [1.5::DECIMAL(4,1)]} AS b, 3 AS c' });
    expect(await answer(handler, { query: 'q' })).toMatchObject({ rowCount: 1 });
  });

  test.each([
    ['-- @column revenue DECIMAL(18,2)\nSELECT 1.5::DECIMAL(38,2) AS revenue',
      /^the column "revenue" of the answer of "q" is DECIMAL\(38,2\), but .*q\.sql:1 declares DECIMAL\(18,2\): cast it in the SQL/],
    ['-- @column revenue DECIMAL(18,2)\nSELECT 1 AS revenues', /^the answer of "q" has no column "revenue", which .*q\.sql:1 declares; did you mean "revenues"\?; its columns are: "revenues"$/],
  ])('that the answer does not have: %s', async (sql, message) => {
    expect(await failure(handlerOf({ q: sql }), { query: 'q' })).toMatchObject({ name: 'QueryError', message: expect.stringMatching(message) });
  });
});

describe('an event that cannot be answered', () => {
  test.each<[string, unknown, RegExp]>([
    ['no object', 'monthly-sales', /^the event is "monthly-sales", expected an object with: query, params, manifests, manifestCount, output, maxInlineBytes$/],
    ['nothing', undefined, /^the event is undefined/],
    ['a list', [], /^the event is \[\]/],
    ['an unknown key', { query: 'q', parms: {} }, /^the event has the unknown key "parms"; did you mean "params"\?; its keys are: query, params, manifests, manifestCount, output/],
    ['no query', {}, /^query is undefined, expected the name of a query$/],
    ['an unknown query', { query: 'sale' }, /"sale".*did you mean "sales"\?/s],
    ['a path', { query: '../q' }, /"\.\.\/q"/],
    ['a size of 0', { query: 'q', maxInlineBytes: 0 }, /^maxInlineBytes is 0, expected a whole number from 1 to 6291456$/],
    ['a size above 6 MiB', { query: 'q', maxInlineBytes: 6291457 }, /^maxInlineBytes is 6291457/],
    ['a size as text', { query: 'q', maxInlineBytes: '1000' }, /^maxInlineBytes is "1000"/],
    ['an output that is text', { query: 'q', output: 'csv' }, /^output is "csv", expected an object with: format, key$/],
    ['an unknown format', { query: 'q', output: { format: 'xlsx' } }, /^output.format is "xlsx", expected one of: parquet, csv, json, ndjson$/],
    ['no format', { query: 'q', output: {} }, /^output.format is undefined/],
    ['an unknown key of output', { query: 'q', output: { format: 'csv', keys: 'a' } }, /^output has the unknown key "keys"; did you mean "key"\?/],
    ['output without a location', { query: 'q', output: { format: 'csv' } }, /^the event asks for the output of "q" as a file, but there is no location for results: set "results"/],
  ])('%s', async (_, event, message) => {
    expect(await failure(handlerOf({ q: 'SELECT 1', sales: 'SELECT 2' }), event)).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(message) });
  });
});

test.each<[string, RegExp]>([
  ['-- @param unused VARCHAR\nSELECT 1', /q\.sql:1:11: received the parameter "unused", which no statement uses/],
  ['SELECT $undeclared', /q\.sql:1:8: received \$undeclared, which is not declared/],
  ['FROM range(?)', /q\.sql:1:12: received a parameter without a name/],
])('a fault of the file is told as one, with its place, though nothing was checked before: %s', async (sql, message) => {
  for (const params of [undefined, { unused: 'x', undeclared: 'x' }]) {
    expect(await failure(handlerOf({ q: sql }), { query: 'q', params })).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(message) });
  }
});

describe('a query that fails', () => {
  test('says why, also if it fails at its last row', async () => {
    const handler = handlerOf({
      late: "SELECT CASE WHEN range = 4000 THEN error('boom at the end') ELSE range END AS i FROM range(4001)",
      parameter: "-- @param n INTEGER\nSELECT CASE WHEN range = $n THEN error('boom at $n') ELSE range END AS i FROM range(4001)",
      wrong: 'SELECT missing FROM range(3)',
    });
    expect(await failure(handler, { query: 'late' })).toMatchObject({ name: 'QueryError', message: expect.stringContaining('boom at the end') });
    expect(await failure(handler, { query: 'parameter', params: { n: 3999 } })).toMatchObject({ name: 'QueryError', message: expect.stringContaining('boom at $n') });
    expect(await failure(handler, { query: 'wrong' })).toMatchObject({ name: 'QueryError', duckdbType: 'Binder Error' });
  });

  describe.each([['in the first line', ''], ['after directives', `-- @description ${'é😀'.repeat(600)}\n-- @timeout 20\n\n`], ['in the line of another', "SELECT '😀'; "]])('is shown as its file has it: %s', (_, head) => {
    const line = head.split('\n').length;
    const column = [...head.split('\n').at(-1)!].length;
    /** DuckDB's echo of a line, with the caret below `at`. */
    const echo = (row: number, text: string, at: string) => `\n\nLINE ${row}: ${text}\n${' '.repeat(`LINE ${row}: `.length + text.indexOf(at))}^`;
    const shown = async (sql: string, event: object = {}) => {
      const error = await failure(handlerOf({ q: head + sql }), { query: 'q', ...event });
      expect(error.name).toBe('QueryError');
      return error.message;
    };

    test('a wrong column', async () => {
      const own = `${' '.repeat(column)}SELECT missing FROM range(3)`;
      const message = await shown('SELECT missing FROM range(3)');
      expect(message).toContain(echo(line, own, 'missing'));
      expect(message).toMatch(/\n\nin: SELECT missing FROM range\(3\)$/);
    });

    test('a wrong column of a later line', async () => {
      const message = await shown('SELECT 1,\n  missing FROM range(3) -- end');
      expect(message).toContain(echo(line + 1, '  missing FROM range(3) -- end', 'missing'));
      expect(message).toMatch(/\n\nin: SELECT 1, missing FROM range\(3\) -- end$/);
    });

    test('a syntax error at the end', async () => {
      const message = await shown('SELECT 1 +');
      expect(message).toMatch(/^Parser Error: syntax error at end of input/);
      expect(message).not.toContain('AS result');
    });

    test('an error of a statement before the last', async () => {
      const own = `${' '.repeat(column)}CREATE TEMP TABLE t AS SELECT missing`;
      const message = await shown('CREATE TEMP TABLE t AS SELECT missing; FROM t');
      expect(message).toContain(echo(line, own, 'missing'));
      expect(message).toMatch(/\n\nin: CREATE TEMP TABLE t AS SELECT missing$/);
    });

    test('an error at run time', async () => {
      const message = await shown("SELECT error('boom') FROM range(3)");
      expect(message).toContain('boom');
      expect(message).toMatch(/\n\nin: SELECT error\('boom'\) FROM range\(3\)$/);
    });
  });

  test('because of a number that JSON does not have: the advice is one that callers can follow', async () => {
    const error = await failure(handlerOf({ q: 'SELECT 9007199254740993 AS big' }), { query: 'q' });
    expect(error).toMatchObject({
      name: 'OutOfRangeError',
      message: 'column "big" holds the BIGINT 9007199254740993, which JavaScript cannot hold exactly: cast it to VARCHAR in the SQL, or ask for a file with "output"',
    });
  });

  test('because a statement before the last does', async () => {
    const handler = handlerOf({ q: 'CREATE TEMP TABLE t AS SELECT missing; SELECT 1' });
    expect(await failure(handler, { query: 'q' })).toMatchObject({ name: 'QueryError', message: expect.stringContaining('missing') });
  });

  test('because of its @timeout, in a form that says that another attempt may succeed', async () => {
    const handler = handlerOf({ slow: '-- @timeout 1\nSELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 0' });
    const started = Date.now();
    const error = await failure(handler, { query: 'slow' });
    expect(error).toMatchObject({ name: 'DuckDbRetryableError', code: 'TIMEOUT', retryable: true, message: 'TIMEOUT: the query "slow" had no answer after 1 s, which is its @timeout' });
    expect(error).toBeInstanceOf(runtime.DuckDbRetryableError);
    expect(error).toBeInstanceOf(runtime.DuckDbError);
    expect(error.cause).toBeInstanceOf(runtime.TimeoutError);
    expect(Date.now() - started).toBeLessThan(3000);
  });

  test('because the invocation ends', async () => {
    const handler = handlerOf({ slow: 'SELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 0' }, { marginMs: 200 });
    const deadline = Date.now() + 1000;
    const error = await rejection(handler({ query: 'slow' }, { getRemainingTimeInMillis: () => deadline - Date.now() }));
    expect(error).toMatchObject({ name: 'DuckDbRetryableError', message: expect.stringMatching(/^TIMEOUT: the invocation has 200 ms left/) });
    expect(Date.now()).toBeLessThan(deadline);
  });
});

describe('a handler is made', () => {
  test('with the folder "queries" beside the code, by default', async () => {
    const task = queryFolder({ 'queries/one': 'SELECT 1 AS one' });
    runtime = freshRuntime();
    process.env.LAMBDA_TASK_ROOT = task;
    try {
      expect(await answer(runtime.queryHandler(), { query: 'one' })).toMatchObject({ rows: [{ one: 1 }] });
    } finally {
      delete process.env.LAMBDA_TASK_ROOT;
    }
  });

  test.each<[string, object, RegExp]>([
    ['a folder that does not exist', { queries: 'no-such-folder' }, /^the folder of the queries "no-such-folder" does not exist: there is no \//],
    ['an unknown option', { querys: 'queries' }, /^queryHandler\(\) has no option "querys"; did you mean "queries"\?/],
    ['a location without a prefix', { queries: '.', results: 's3://bucket' }, /^results is "s3:\/\/bucket", expected a bucket and folders, such as "s3:\/\/my-bucket\/results\/"/],
    ['a location with a folder ..', { queries: '.', results: 's3://bucket/a/../b/' }, /^results is "s3:\/\/bucket\/a\/\.\.\/b\/", expected a bucket and folders/],
    ['a location without its last slash', { queries: '.', results: 's3://bucket/a' }, /^results is/],
    ['another scheme', { queries: '.', results: '/tmp/a/' }, /^results is/],
    ['a size that no answer may have', { queries: '.', maxInlineBytes: 7_000_000 }, /^maxInlineBytes is 7000000/],
  ])('not with %s', (_, options, message) => {
    expect(() => runtime.queryHandler(options)).toThrow(message);
  });

  test('not with a file', () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    expect(() => runtime.queryHandler({ queries: file })).toThrow(/does not exist/);
  });

  test('not with a query whose rows the description of the API would hide, if there is HTTP', () => {
    const queries = queryFolder({ openapi: 'SELECT 1' });
    runtime = freshRuntime();
    expect(() => runtime.queryHandler({ queries, http: {} })).toThrow(`${queries}/openapi.sql: received the name "openapi", but GET /openapi.json is the description`);
    expect(() => runtime.queryHandler({ queries })).not.toThrow();
    expect(() => runtime.queryHandler({ queries: queryFolder({ 'v1/openapi': 'SELECT 1', 'OpenAPI': 'SELECT 1' }), http: {} })).not.toThrow();
  });
});
