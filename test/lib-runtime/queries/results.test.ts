import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { objectPath, objectText, queryFolder, removeResults, resultKeys, resultsEnvironment } from './query-bed';
import { operationCounts, startFarS3, startS3, type FarS3Server, type S3Server } from '../../bed';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { type Front, frontOf } from '../front';
import { rejection } from '../rejection';
import { signedExtensions } from '../signed-extensions';

type Handler = ReturnType<Runtime['queryHandler']>;
type Event = Parameters<Handler>[0];
type FileAnswer = { manifest: string; files: string[]; rowCount: number; bytes: number; format: string };

const FORMATS = ['parquet', 'csv', 'json', 'ndjson'] as const;
/** Goes on for minutes, and writes some megabytes a second. */
const SLOW = 'SELECT range AS i, hash(range) AS h FROM range(100000000000) WHERE hash(range) % 100 = 0';

let s3: S3Server;
let far: FarS3Server;
let front: Front;
let baked: string;
let plain: DuckDBConnection;
/** What a failed attempt could not remove. */
let warn: jest.SpyInstance;

beforeAll(async () => {
  [s3, far, baked] = await Promise.all([startS3(), startFarS3({ tls: false }), signedExtensions('httpfs')]);
  front = await frontOf(far.endpoint);
  plain = await (await DuckDBInstance.create()).connect();
}, 120_000);
afterAll(() => Promise.all([s3?.stop(), front?.stop(), far?.stop()]));
afterAll(() => plain?.closeSync());
beforeEach(() => {
  removeResults(s3, far);
  front.requests.length = 0;
  front.fault = () => undefined;
  warn = jest.spyOn(console, 'warn').mockImplementation();
});
afterEach(() => warn.mockRestore());

/** A handler that writes to `server`. */
function handlerOf(queries: Readonly<Record<string, string>>, server: S3Server | FarS3Server = s3, env: Record<string, string> = {}): Handler {
  const runtime = freshRuntime({ ...resultsEnvironment(server, baked), ...env });
  return runtime.queryHandler({ queries: queryFolder(queries) });
}
const file = async (handler: Handler, event: Event, context?: object) => await handler(event, context) as FileAnswer;
const manifestOf = (answer: FileAnswer, server = s3) => JSON.parse(objectText(server, answer.manifest));

/** What plain DuckDB says of a file. */
const read = async (sql: string): Promise<any[]> => (await plain.run(sql)).getRowObjectsJson();
const reader = (answer: FileAnswer, server = s3) => {
  const path = objectPath(server, answer.files[0]!);
  return { parquet: `read_parquet('${path}')`, csv: `read_csv('${path}')`, json: `read_json('${path}', format = 'array')`, ndjson: `read_json('${path}', format = 'newline_delimited')` }[answer.format]!;
};

describe.each(FORMATS)('a result as %s', (format) => {
  const VALUES = 'SELECT range AS i, \'é "quoted", \' || chr(10) || \' line\' AS t, DATE \'2025-01-02\' AS d, range / 2 AS f, NULL::INTEGER AS n FROM range(3000) ORDER BY i DESC';

  test('holds every row in order, and a manifest says what it holds', async () => {
    const handler = handlerOf({ 'reports/daily': `-- @param n INTEGER = 3000\n${VALUES.replace('range(3000)', 'range($n)')};` });
    const answer = await file(handler, { query: 'reports/daily', output: { format } }, { awsRequestId: 'aaaa-1' });
    expect(answer.manifest).toBe('s3://results/out/reports/daily/aaaa-1/manifest.json');
    expect(answer.files).toEqual([expect.stringMatching(/^s3:\/\/results\/out\/reports\/daily\/aaaa-1\/[\w-]{36}\/data\.\w+$/)]);
    const bytes = readFileSync(objectPath(s3, answer.files[0]!)).length;
    expect(answer).toEqual({ manifest: answer.manifest, files: answer.files, rowCount: 3000, bytes, format });
    expect(manifestOf(answer)).toEqual({
      version: 1,
      query: 'reports/daily',
      parameters: ['n'],
      format,
      rowCount: 3000,
      bytes,
      columns: [
        { name: 'i', type: 'BIGINT' }, { name: 't', type: 'VARCHAR' }, { name: 'd', type: 'DATE' }, { name: 'f', type: 'DOUBLE' }, { name: 'n', type: 'INTEGER' },
      ],
      files: [{ url: answer.files[0], rows: 3000, bytes }],
    });
    // Nothing else was written.
    expect(resultKeys(s3)).toHaveLength(2);
    expect(await read(`SELECT count(*) AS n, bool_and(i + row = 2999) AS ordered, any_value(t) AS t, sum(f) AS f FROM (SELECT *, row_number() OVER () - 1 AS row FROM ${reader(answer)})`))
      .toEqual([{ n: '3000', ordered: true, t: 'é "quoted", \n line', f: 2999 * 3000 / 4 }]);
  });

  test('without a row is a file without rows', async () => {
    const answer = await file(handlerOf({ none: 'SELECT 1 AS a, \'x\' AS b WHERE false' }), { query: 'none', output: { format } });
    expect(answer.rowCount).toBe(0);
    expect(manifestOf(answer)).toMatchObject({ rowCount: 0, columns: [{ name: 'a' }, { name: 'b' }], files: [{ rows: 0 }] });
    const text = objectText(s3, answer.files[0]!);
    if (format === 'json') expect(JSON.parse(text)).toEqual([]);
    if (format === 'ndjson') expect(text).toBe('');
    if (format === 'csv') expect(text).toBe('a,b\n');
    if (format === 'parquet') expect(await read(`SELECT count(*)::INTEGER AS n FROM ${reader(answer)}`)).toEqual([{ n: 0 }]);
  });

  test('of every kind of statement that reads', async () => {
    const rowCounts: Readonly<Record<string, number>> = {
      'DESCRIBE SELECT 1 AS one': 1,
      'SUMMARIZE SELECT 1 AS one, 2 AS two': 2,
      'SHOW DATABASES': 1,
      'VALUES (1), (2)': 2,
      "PIVOT (VALUES ('a', 2), ('b', 3)) t(k, v) ON k USING sum(v)": 1,
      'UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b': 2,
      'WITH a AS (SELECT 1 AS "delete") SELECT * FROM a -- the end': 1,
      'FROM range(3)': 3,
      '(SELECT 1 AS a) UNION ALL (SELECT 2)': 2,
      'SELECT 1 AS a, 2 AS a, 3 AS A': 1,
      'CREATE TEMP TABLE t AS FROM range(4); FROM t;': 4,
    };
    const statements = Object.entries(rowCounts);
    const handler = handlerOf(Object.fromEntries(statements.map(([sql], index) => [`q${index}`, sql])));
    for (const [index, [sql, rows]] of statements.entries()) {
      const answer = await file(handler, { query: `q${index}`, output: { format } });
      expect([sql, answer.rowCount]).toEqual([sql, rows]);
      expect([sql, await read(`SELECT count(*)::INTEGER AS n FROM ${reader(answer)}`)]).toEqual([sql, [{ n: rows }]]);
    }
  });

  test('whose query fails at its last row is absent, nothing of it stays, and another attempt succeeds under the same key', async () => {
    // Several parts of an upload are sent by then.
    const failing = "SELECT CASE WHEN range = 999999 THEN error('boom') ELSE range END AS i, hash(range) AS h FROM range(1000000)";
    const output = { format, key: 'last/manifest.json' };
    const handler = handlerOf({ failing, succeeding: 'FROM range(10)' });
    const error = await rejection(file(handler, { query: 'failing', output }));
    expect(error).toMatchObject({ name: 'QueryError', message: expect.stringContaining('boom') });
    expect(error.message).not.toContain('publish it when the COPY has succeeded');
    expect(resultKeys(s3)).toEqual([]);
    await sleep(1000);
    expect(resultKeys(s3)).toEqual([]);
    expect(await file(handler, { query: 'succeeding', output })).toMatchObject({ manifest: 's3://results/out/last/manifest.json', rowCount: 10 });
  }, 60_000);
});

describe('a result that is interrupted', () => {
  test('by its deadline is absent, and nothing of it stays', async () => {
    const handler = handlerOf({ q: SLOW });
    const deadline = Date.now() + 8_000;
    const context = { getRemainingTimeInMillis: () => deadline - Date.now() };
    const error = await rejection(file(handler, { query: 'q', output: { format: 'parquet' } }, context));
    expect(error).toMatchObject({ name: 'DuckDbRetryableError', message: expect.stringMatching(/^TIMEOUT: /) });
    expect(Date.now()).toBeLessThan(deadline);
    await sleep(2000);
    // On a slow machine, DuckDB may stop too late for the attempt to be removed in time. The warning then says where it is.
    const isLate = warn.mock.calls.some(([line]) => /^what a failed attempt has written below .* \(not done within \d+ ms\)/.test(String(line)));
    expect(resultKeys(s3).filter((key) => !isLate || key.endsWith('manifest.json'))).toEqual([]);
    expect(warn).toHaveBeenCalledTimes(isLate ? 1 : 0);
  }, 30_000);

  test('by its @timeout leaves nothing', async () => {
    const handler = handlerOf({ q: `-- @timeout 2\n${SLOW}` });
    const error = await rejection(file(handler, { query: 'q', output: { format: 'json' } }));
    expect(error).toMatchObject({ name: 'DuckDbRetryableError', message: expect.stringContaining('@timeout') });
    expect(resultKeys(s3)).toEqual([]);
    await sleep(2000);
    expect(resultKeys(s3)).toEqual([]);
  }, 30_000);
});

describe('JSON', () => {
  const NOT_FINITE = `SELECT 'NaN'::DOUBLE AS d, -'inf'::FLOAT AS f, ['inf'::FLOAT, 1.5, NULL] AS l, {a: '-inf'::DOUBLE, b: 'NaN, "NaN'} AS s, MAP {'NaN'::DOUBLE: 'NaN'::DOUBLE} AS m,
    json_object('x', 'NaN'::DOUBLE) AS j, '{"a": inf, "nan": [nan, -Infinity, "nan"]}'::JSON AS p, 'NaN' AS t, 'inf' AS "Infinity", union_value(u := 'nan'::DOUBLE) AS u,
    {v: 'NaN'::DOUBLE}::VARIANT AS v, ['NaN'::FLOAT, 1]::FLOAT[2] AS a`;

  test.each(['json', 'ndjson'] as const)('has no NaN and no infinity, which become text at every depth: %s', async (format) => {
    const answer = await file(handlerOf({ q: NOT_FINITE }), { query: 'q', output: { format } });
    const row = JSON.parse(objectText(s3, answer.files[0]!));
    expect(format === 'json' ? row[0] : row).toEqual({
      d: 'NaN',
      f: '-Infinity',
      l: ['Infinity', 1.5, null],
      s: { a: '-Infinity', b: 'NaN, "NaN' },
      m: { nan: 'NaN' },
      j: { x: 'NaN' },
      p: { a: 'Infinity', nan: ['NaN', '-Infinity', 'nan'] },
      t: 'NaN',
      Infinity: 'inf',
      u: { u: 'NaN' },
      v: { v: 'NaN' },
      a: ['NaN', 1],
    });
  });

  test.each(['json', 'ndjson'] as const)('has bytes as base64 at every depth, as answers have them and parameters take them: %s', async (format) => {
    const sql = `SELECT 'abcd'::BLOB AS b, {'"': ['\\xAA'::BLOB, NULL], i: {n: 1}} AS s, ['\\xAA'::BLOB]::BLOB[1] AS a, MAP {'\\xBB'::BLOB: ['\\xAA'::BLOB]} AS m,
      union_value(u := {b: '\\xAA'::BLOB})::UNION(u STRUCT(b BLOB), n INTEGER) AS u, [MAP {1: {x: '1'::BIGNUM, y: '\\xAA'::BLOB, d: 'NaN'::DOUBLE}}] AS l, {x: '2'::BIGNUM}::VARIANT AS v`;
    const empty = 'SELECT NULL::BLOB AS b, NULL AS s, NULL AS a, MAP {} AS m, 5 AS u, [NULL] AS l, NULL AS v';
    const handler = handlerOf({ q: `${sql} UNION ALL ${empty}` });
    const text = objectText(s3, (await file(handler, { query: 'q', output: { format } })).files[0]!);
    expect(format === 'json' ? JSON.parse(text) : text.trim().split('\n').map((line) => JSON.parse(line))).toEqual([{
      b: 'YWJjZA==', s: { '"': ['qg==', null], 'i': { n: 1 } }, a: ['qg=='], m: { 'uw==': ['qg=='] }, u: { u: { b: 'qg==' } }, l: [{ 1: { x: '1', y: 'qg==', d: 'NaN' } }], v: { x: expect.anything() },
    }, { b: null, s: null, a: null, m: {}, u: { n: 5 }, l: [null], v: null }]);
    const asks = handlerOf({ q: '-- @param b BLOB\nSELECT $b::VARCHAR AS b' });
    expect(await asks({ query: 'q', params: { b: JSON.parse(text.split('\n').find((line) => line.includes('abcd') || line.includes('YWJj'))!.replace(/,$/, '')).b } })).toMatchObject({ rows: [{ b: 'abcd' }] });
  });

  test.each(['parquet', 'csv'] as const)('%s keeps them as DuckDB writes them', async (format) => {
    const answer = await file(handlerOf({ q: "SELECT 'NaN'::DOUBLE AS d, ['inf'::FLOAT] AS l" }), { query: 'q', output: { format } });
    expect(await read(`SELECT isnan(d::DOUBLE) AS d, l::VARCHAR AS l FROM ${reader(answer)}`)).toEqual([{ d: true, l: '[inf]' }]);
  });

  test('has every digit of numbers that JavaScript would round, also beside floating point', async () => {
    const sql = `SELECT {d: 12345678901234567890123456.7890123456::DECIMAL(38,10), x: 1.5::DOUBLE} AS s, 170141183460469231731687303715884105727::HUGEINT AS h,
      ['123456789012345678901234567890123456789012345'::BIGNUM] AS b`;
    const answer = await file(handlerOf({ q: sql }), { query: 'q', output: { format: 'ndjson' } });
    expect(objectText(s3, answer.files[0]!)).toBe(
      '{"s":{"d":12345678901234567890123456.7890123456,"x":1.5},"h":170141183460469231731687303715884105727,"b":["123456789012345678901234567890123456789012345"]}\n');
  });
});

test.each([
  'SELECT row(1, 2) AS a', 'SELECT [{b: row(1, 2)}] AS a', 'SELECT MAP {1: row(1, 2)} AS a',
])('JSON is absent where it would lose fields, with the error of an answer with rows: %s', async (sql) => {
  const handler = handlerOf({ q: sql });
  const inline = await rejection(file(handler, { query: 'q' }));
  expect(inline).toMatchObject({ name: 'OutOfRangeError', message: expect.stringMatching(/^column "a" holds a STRUCT\(.*\) whose fields have no names/) });
  for (const format of ['json', 'ndjson'] as const) {
    expect(await rejection(file(handler, { query: 'q', output: { format } }))).toMatchObject({ name: 'OutOfRangeError', message: inline.message });
  }
  expect(resultKeys(s3)).toEqual([]);
});

test('S3 behind certificates of the setting ca_cert_file', async () => {
  const tls = await startFarS3();
  try {
    const environment = resultsEnvironment(tls, baked, { settings: { ca_cert_file: tls.caFile } });
    expect(await file(handlerOf({ q: 'SELECT 1 AS a' }, tls, environment), { query: 'q', output: { format: 'csv' } })).toMatchObject({ rowCount: 1 });
    expect(resultKeys(tls)).toHaveLength(2);
  } finally {
    await tls.stop();
  }
}, 60_000);

test('an error of the SQL is told without the COPY', async () => {
  const handler = handlerOf({ wrong: 'SELECT missing FROM range(3)', late: "SELECT error('boom') FROM range(3)" });
  for (const format of FORMATS) {
    const message = async (query: string) => (await rejection(file(handler, { query, output: { format } }))).message;
    expect(await message('wrong')).toMatch(/LINE 1: SELECT missing FROM range\(3\)\n {15}\^\n\nin: SELECT missing FROM range\(3\)$/);
    expect(await message('late')).toMatch(/boom[^]*\n\nin: SELECT error\('boom'\) FROM range\(3\)$/);
  }
});

describe('an answer that turns out too large', () => {
  test('becomes a Parquet file, at one byte more than allowed', async () => {
    const handler = handlerOf({ q: 'SELECT range AS i FROM range(1000)' });
    const bytes = Buffer.byteLength(JSON.stringify(await handler({ query: 'q' })));
    expect(await handler({ query: 'q', maxInlineBytes: bytes })).toMatchObject({ rowCount: 1000, rows: expect.anything() });
    expect(resultKeys(s3)).toEqual([]);
    const answer = await file(handler, { query: 'q', maxInlineBytes: bytes - 1 });
    expect(answer).toMatchObject({ rowCount: 1000, format: 'parquet' });
    expect(await read(`SELECT count(*)::INTEGER AS n, sum(i)::INTEGER AS total FROM ${reader(answer)}`)).toEqual([{ n: 1000, total: 499_500 }]);
  });

  test('after statements that prepared it, which do not run again', async () => {
    const handler = handlerOf({ q: '-- @param n INTEGER\nCREATE TEMP TABLE t AS SELECT range AS i FROM range($n); FROM t WHERE i < $n - 1' });
    expect(await file(handler, { query: 'q', params: { n: 50_000 } })).toMatchObject({ rowCount: 49_999, format: 'parquet' });
  });

  test('is checked for the declared columns, and is absent if they differ', async () => {
    const handler = handlerOf({ q: '-- @column i INTEGER\nSELECT range AS i FROM range(50000)' });
    expect(await rejection(file(handler, { query: 'q' }))).toMatchObject({ name: 'QueryError', message: expect.stringContaining('is BIGINT, but') });
    expect(resultKeys(s3)).toEqual([]);
  });

  test('of a statement that writes does not run again', async () => {
    const handler = handlerOf({ w: 'CREATE TABLE log AS SELECT 1 AS i', q: 'INSERT INTO log SELECT range FROM range(50000) RETURNING i', n: 'SELECT count(*) AS n FROM log' });
    await handler({ query: 'w' });
    expect(await rejection(file(handler, { query: 'q' }))).toMatchObject({ name: 'ResultLimitError', message: expect.stringContaining('does not run again') });
    expect(await handler({ query: 'n' })).toMatchObject({ rows: [{ n: 50_001 }] });
    expect(resultKeys(s3)).toEqual([]);
  });
});

test.each([
  ['CALL pragma_version()', 'select from the function instead'],
  ['EXPLAIN SELECT 1', 'ask for it without "output"'],
  ['CREATE TABLE made (i INTEGER)', 'only statements that read can be'],
  ['INSERT INTO made VALUES (1) RETURNING i', 'only statements that read can be'],
  ['WITH a AS (SELECT 1) INSERT INTO made FROM a', 'only statements that read can be'],
])('the result of "%s" cannot be a file, and the statement does not run', async (sql, why) => {
  const handler = handlerOf({ q: sql, table: 'CREATE TABLE IF NOT EXISTS made (i INTEGER)', n: 'SELECT count(*) AS n FROM duckdb_tables()' });
  expect(await rejection(file(handler, { query: 'q', output: { format: 'csv' } }))).toMatchObject({ name: 'QueryError', message: expect.stringContaining(why) });
  expect(await handler({ query: 'n' })).toMatchObject({ rows: [{ n: 0 }] });
  expect(resultKeys(s3)).toEqual([]);
});

describe('one key', () => {
  test('is the manifest\'s, and the data lies beside it, below a prefix of the attempt', async () => {
    const handler = handlerOf({ q: 'SELECT 1 AS a' });
    const at = async (key: string) => (file(handler, { query: 'q', output: { format: 'csv', key } }));
    expect(await at('manifest.json')).toMatchObject({ manifest: 's3://results/out/manifest.json', files: [expect.stringMatching(/^s3:\/\/results\/out\/[\w-]{36}\/data\.csv$/)] });
    expect(await at('day=2025-01-01/sales:1@a.json')).toMatchObject({
      manifest: 's3://results/out/day=2025-01-01/sales:1@a.json', files: [expect.stringMatching(/^s3:\/\/results\/out\/day=2025-01-01\/sales:1@a\/[\w-]{36}\/data\.csv$/)],
    });
  });

  test('that two attempts have at once gets the complete result of one of them, and both are complete', async () => {
    const handler = handlerOf({ q: '-- @param n INTEGER\nSELECT range AS i FROM range($n)' });
    const answers = await Promise.all([100_000, 200_000].map((n) => file(handler, { query: 'q', params: { n }, output: { format: 'csv', key: 'same.json' } })));
    expect(answers.map(({ rowCount }) => rowCount)).toEqual([100_000, 200_000]);
    for (const answer of answers) expect(await read(`SELECT count(*)::INTEGER AS n FROM ${reader(answer)}`)).toEqual([{ n: answer.rowCount }]);
    const manifest = manifestOf(answers[0]!);
    expect(answers.find(({ rowCount }) => rowCount === manifest.rowCount)!.files).toEqual([manifest.files[0].url]);
  });
});

describe('the requests of a result', () => {
  const output = { format: 'parquet', key: 'a/manifest.json' } as const;

  test('are one upload, one list and the manifest', async () => {
    const handler = handlerOf({ q: 'SELECT 1 AS a' }, far);
    await far.reset();
    await file(handler, { query: 'q', output });
    const traffic = await far.traffic();
    expect(operationCounts(traffic)).toEqual({ PutObject: 2, ListObjectsV2: 1 });
    expect(traffic.requests.at(-1)).toMatchObject({ operation: 'PutObject', key: 'results/out/a/manifest.json', status: 200 });
    expect(traffic.requests.every(({ status }) => status === 200)).toBe(true);
  });

  test('are tried again when S3 is busy', async () => {
    let busy = 0;
    front.fault = (what) => ((what.startsWith('{') || what.includes('list-type')) && busy++ % 2 === 0 ? { status: 503, body: '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>' } : undefined);
    const handler = handlerOf({ q: 'SELECT 1 AS a' }, far, { AWS_ENDPOINT_URL_S3: front.endpoint });
    expect(await file(handler, { query: 'q', output })).toMatchObject({ rowCount: 1 });
    expect(busy).toBe(4);
    expect(resultKeys(far)).toHaveLength(2);
  });

  test('that S3 refuses for the manifest: the result is absent', async () => {
    front.fault = (what) => (what.startsWith('{') ? { status: 403, body: '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>' } : undefined);
    const handler = handlerOf({ q: 'SELECT 1 AS a' }, far, { AWS_ENDPOINT_URL_S3: front.endpoint });
    expect(await rejection(file(handler, { query: 'q', output }))).toMatchObject({
      name: 'QueryError', message: expect.stringMatching(/^cannot write s3:\/\/results\/out\/a\/manifest\.json: AccessDenied: Access Denied; the function's role needs s3:PutObject there$/),
    });
    expect(resultKeys(far)).toEqual([]);
  });

  test('that come with expired credentials: the error says to try again, and does not ask for permissions', async () => {
    front.fault = (what) => (what.startsWith('{') ? { status: 400, body: '<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>' } : undefined);
    const handler = handlerOf({ q: 'SELECT 1 AS a' }, far, { AWS_ENDPOINT_URL_S3: front.endpoint });
    expect(await rejection(file(handler, { query: 'q', output }))).toMatchObject({
      name: 'DuckDbRetryableError', message: expect.stringMatching(/manifest\.json: ExpiredToken: The provided token has expired\.$/),
    });
    expect(resultKeys(far)).toEqual([]);
  });

  test('that S3 refuses for the list: the result is absent, and the log says what stays', async () => {
    front.fault = (what) => (what.includes('list-type') ? { status: 403, body: '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>' } : undefined);
    const handler = handlerOf({ q: 'SELECT 1 AS a' }, far, { AWS_ENDPOINT_URL_S3: front.endpoint });
    expect(await rejection(file(handler, { query: 'q', output }))).toMatchObject({
      name: 'QueryError', message: expect.stringMatching(/^cannot list s3:.*: AccessDenied: Access Denied; the function's role needs s3:ListBucket there$/),
    });
    expect(resultKeys(far)).toEqual([expect.stringMatching(/data\.parquet$/)]);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('could not be removed (AccessDenied'));
  });

  test('whose answer is lost: a manifest that was written is a result', async () => {
    front.fault = (what) => (what.startsWith('{') ? { reset: true, bytes: 0 } : undefined);
    const handler = handlerOf({ q: 'SELECT 1 AS a' }, far, { AWS_ENDPOINT_URL_S3: front.endpoint });
    const answer = await file(handler, { query: 'q', output });
    expect(manifestOf(answer, far)).toMatchObject({ rowCount: 1 });
  }, 30_000);

  test('that never arrive for the manifest: an error that says to try again, and no manifest', async () => {
    front.fault = (what) => (what.startsWith('{') ? { reset: true } : undefined);
    const handler = handlerOf({ q: 'SELECT 1 AS a' }, far, { AWS_ENDPOINT_URL_S3: front.endpoint });
    expect(await rejection(file(handler, { query: 'q', output }))).toMatchObject({ name: 'DuckDbRetryableError', message: expect.stringMatching(/^QUERY: cannot write s3:.*manifest\.json/) });
    // A request without an answer may still arrive, so the data stays.
    expect(resultKeys(far)).toEqual([expect.stringMatching(/^out\/a\/[\w-]+\/data\.parquet$/)]);
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(
      /^a failed attempt may have written the manifest s3:\/\/results\/out\/a\/manifest\.json, so its data below s3:\/\/results\/out\/a\/[\w-]+\/ stays/,
    ));
  }, 30_000);

  test('that S3 refuses to begin an upload with end by their deadline, and the result is absent', async () => {
    front.fault = (what) => (/^POST .*uploads/.test(what) ? { status: 500, body: '<Error><Code>InternalError</Code></Error>' } : undefined);
    const handler = handlerOf({ q: SLOW }, far, { AWS_ENDPOINT_URL_S3: front.endpoint });
    const deadline = Date.now() + 8_000;
    const error = await rejection(handler({ query: 'q', output }, { getRemainingTimeInMillis: () => deadline - Date.now() }));
    expect(error).toMatchObject({ name: expect.stringMatching(/^(DuckDbRetryableError|QueryError)$/) });
    expect(Date.now()).toBeLessThan(deadline);
    expect(resultKeys(far)).toEqual([]);
  }, 30_000);

  test('for data that S3 does not have: the result is absent', async () => {
    const handler = handlerOf({ q: 'SELECT 1 AS a' }, far, { AWS_ENDPOINT_URL_S3: front.endpoint });
    front.fault = (what) => {
      if (what.includes('list-type')) for (const key of resultKeys(far)) rmSync(join(far.dir, 'results', key));
      return undefined;
    };
    expect(await rejection(file(handler, { query: 'q', output }))).toMatchObject({
      name: 'DuckDbRetryableError', message: expect.stringMatching(/^QUERY: DuckDB has reported that it has written s3:.* of \d+ bytes, but S3 holds nothing/),
    });
  });

  test('that S3 refuses for the data: the error says so', async () => {
    const handler = handlerOf({ q: 'SELECT 1 AS a' }, far, { AWS_SECRET_ACCESS_KEY: 'not-the-secret-of-anyone' });
    expect(await rejection(file(handler, { query: 'q', output }))).toMatchObject({ name: 'QueryError', message: expect.stringMatching(/403|SignatureDoesNotMatch/) });
    expect(readdirSync(join(far.dir, 'results'))).toEqual([]);
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/^what a failed attempt has written below s3:.* could not be removed \(SignatureDoesNotMatch/));
  }, 30_000);
});
