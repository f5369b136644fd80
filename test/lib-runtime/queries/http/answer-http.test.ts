import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ask, asking, at, type Seen } from './http-bed';
import type { QueryEvent } from '../../../../lib-runtime';
import { temporaryDirectory } from '../../../temporary-directory';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import { rejection } from '../../rejection';
import { queryFolder } from '../query-bed';

let runtime: Runtime;
beforeEach(() => void (runtime = freshRuntime()));

const problem = ({ headers, text }: Seen) => {
  expect(headers).toMatchObject({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  return JSON.parse(text);
};

const JSON_TYPE = { 'content-type': 'application/json' };

const VALUES = `SELECT 1 AS i, 'a "q", t' AS t, TIMESTAMP '2026-01-02 03:04:05' AS at, NULL AS nothing, '' AS empty, {a: [1, 2]} AS nested, 2.50::DECIMAL(3,2) AS "2"
  UNION ALL SELECT 2, E'two\\nlines', NULL, NULL, 'x', NULL, 'nan'::DOUBLE::VARCHAR::DOUBLE::DECIMAL(3,2) FROM range(0) ORDER BY i`;

describe('the rows', () => {
  test('are those of a direct event, in each form', async () => {
    const folder = queryFolder({ values: VALUES });
    const handler = runtime.queryHandler({ queries: folder });
    const direct = JSON.parse(JSON.stringify(await handler({ query: 'values' } as QueryEvent)));
    const ask = asking(runtime, { values: VALUES });
    expect(JSON.parse((await ask('/values')).text)).toEqual(direct);
    expect((await ask('/values.ndjson')).text.trimEnd().split('\n').map((line) => JSON.parse(line))).toEqual(direct.rows);
    expect((await ask('/values.csv')).text).toBe('i,t,at,nothing,empty,nested,2\r\n1,"a ""q"", t",2026-01-02T03:04:05.000Z,,"","{""a"":[1,2]}",2.50\r\n');
    const file = join(temporaryDirectory(), 'values.parquet');
    writeFileSync(file, (await ask('/values.parquet')).bytes);
    expect(JSON.parse(JSON.stringify(await runtime.cursor((c) => c.query(`FROM '${file}'`))))).toEqual(direct.rows);
  });

  test('the text of JSON is that of a direct event, byte for byte', async () => {
    const queries = { q: 'SELECT range AS i, \'é€😀"\' AS t, 1e300 AS d FROM range(5)' };
    const handler = runtime.queryHandler({ queries: queryFolder(queries) });
    expect((await asking(runtime, queries)('/q')).text).toBe(JSON.stringify(await handler({ query: 'q' } as QueryEvent)));
  });

  test('CSV has integers of any size, also below a POST and in a list', async () => {
    const values = "SELECT 9007199254740993 AS i, -170141183460469231731687303715884105727::HUGEINT AS h, 7::BIGINT AS s, [9007199254740993] AS l, TIMESTAMP '2026-01-02 03:04:05' AS at";
    const ask = asking(runtime, { values, written: `CREATE TEMP TABLE t AS ${values}; DELETE FROM t RETURNING *` });
    const csv = 'i,h,s,l,at\r\n9007199254740993,-170141183460469231731687303715884105727,7,"[""9007199254740993""]",2026-01-02T03:04:05.000Z\r\n';
    expect((await ask('/values.csv')).text).toBe(csv);
    expect((await ask({ method: 'POST', path: '/written.csv' })).text).toBe(csv);
  });

  test('of an answer without rows', async () => {
    const ask = asking(runtime, { none: 'SELECT 1 AS a WHERE false' });
    expect(JSON.parse((await ask('/none')).text)).toEqual({ columns: [{ name: 'a', type: 'INTEGER' }], rows: [], rowCount: 0 });
    expect((await ask('/none.csv')).text).toBe('a\r\n');
    expect((await ask('/none.ndjson')).text).toBe('');
  });

  test('a Parquet file has the exact types, and leaves nothing behind', async () => {
    const directory = temporaryDirectory();
    process.env.TMPDIR = directory;
    const ask = asking(runtime, { q: 'SELECT 170141183460469231::HUGEINT AS h, 1.50::DECIMAL(9,2) AS d' });
    const { bytes, headers } = await ask(at('/q', { headers: { 'accept': 'application/vnd.apache.parquet', 'accept-encoding': 'gzip' } }));
    expect(headers).toMatchObject({ 'content-type': 'application/vnd.apache.parquet' });
    expect(headers).not.toHaveProperty('content-encoding');
    const file = join(directory, 'read.parquet');
    writeFileSync(file, bytes);
    expect(await runtime.cursor((c) => c.query(`SELECT typeof(h) AS h, h::VARCHAR AS v FROM '${file}'`))).toEqual([{ h: 'DECIMAL(38,0)', v: '170141183460469231' }]);
    expect(await runtime.cursor((c) => c.query(`SELECT count(*) AS n FROM glob('${directory}/duckdb-http-*')`))).toEqual([{ n: 0 }]);
    delete process.env.TMPDIR;
  });

  test('what DuckDB does not parse is not taken for a query that writes', async () => {
    const logged = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const ask = asking(runtime, { select: 'SELEC 1', from: 'FORM range(3)' });
    for (const method of ['GET', 'HEAD', 'POST']) for (const path of ['/select', '/from']) expect((await ask({ method, path })).status).toBe(500);
    expect(logged.mock.calls.map(([, message]) => message)).toEqual(Array(6).fill(expect.stringContaining('syntax error at or near')));
    logged.mockRestore();
  });

  test('of a query that writes, by POST alone, and not as Parquet', async () => {
    const ask = asking(runtime, {
      write: 'CREATE TEMP TABLE t (a INTEGER); INSERT INTO t VALUES (1) RETURNING a',
      script: '/* prepares */ CREATE TEMP TABLE t AS SELECT 1 AS a; -- reads\nSET SESSION TimeZone = \'UTC\'; FROM t',
      drop: 'DROP TABLE IF EXISTS t; SELECT 1 AS a',
    });
    expect(JSON.parse((await ask({ method: 'POST', path: '/write' })).text).rows).toEqual([{ a: 1 }]);
    for (const method of ['GET', 'HEAD']) {
      expect(await ask({ method, path: '/write' })).toMatchObject({ status: 405, headers: { allow: 'POST, OPTIONS' } });
      expect((await ask({ method, path: '/drop' })).status).toBe(405);
      expect((await ask({ method, path: '/script' })).status).toBe(200);
    }
    expect(problem(await ask({ method: 'POST', path: '/write.parquet' }))).toMatchObject({ status: 406 });
  });
});

describe('compression', () => {
  test('of text that is worth it, where bytes arrive as they are', async () => {
    const ask = asking(runtime, { many: 'SELECT range AS i FROM range(1000)', few: 'SELECT 1 AS one' });
    const headers = { 'accept-encoding': 'gzip, br' };
    const plain = await ask('/many');
    const compressed = await ask(at('/many', { headers }));
    expect(compressed).toMatchObject({ text: plain.text, headers: { 'content-encoding': 'gzip', 'vary': 'Accept, Accept-Encoding' } });
    // A weak tag, because both are the same answer.
    expect(compressed.headers.etag).toBe(plain.headers.etag);
    expect((await ask(at('/few', { headers }))).headers).not.toHaveProperty('content-encoding');
    expect((await ask(at('/many', { headers }), 'restApi')).headers).not.toHaveProperty('content-encoding');
  });
});

describe('caches', () => {
  test('a tag tells whether the answer is still the same', async () => {
    const ask = asking(runtime, { q: '-- @param n INTEGER = 1\nSELECT $n AS n' });
    const { headers: { etag } } = await ask('/q');
    expect(etag).toMatch(/^W\/"[\w-]+"$/);
    for (const known of [etag!, `"x", ${etag}`, etag!.slice(2), '*']) {
      expect(await ask(at('/q', { headers: { 'if-none-match': known } }))).toMatchObject({ status: 304, text: '', headers: { etag, 'cache-control': 'no-cache' } });
    }
    expect((await ask(at('/q?n=2', { headers: { 'if-none-match': etag! } }))).status).toBe(200);
    expect((await ask(at('/q.csv', { headers: { 'if-none-match': etag! } }))).status).toBe(200);
    expect((await ask(at('/q', { method: 'HEAD' }))).headers.etag).toBe(etag);
  });

  test('@cache is the time that a client may keep an answer, its own one alone if it depends on who it is', async () => {
    const own = '-- @param tenant VARCHAR\n-- @from tenant authorizer.claims.tenant\n';
    const ask = asking(runtime, { q: '-- @cache 300\nSELECT 1', own: `-- @cache 60\n${own}SELECT $tenant AS t` });
    expect((await ask('/q')).headers['cache-control']).toBe('max-age=300');
    expect((await ask({ method: 'POST', path: '/q' })).headers['cache-control']).toBe('no-store');
    expect((await ask(at('/own', { caller: { tenant: 'a' } }), 'httpApi2')).headers).toMatchObject({
      'cache-control': 'private, max-age=60', 'vary': 'Accept, Accept-Encoding, Authorization',
    });
  });
});

describe('methods', () => {
  let ask: Ask;
  beforeEach(() => void (ask = asking(runtime, { q: '-- @param n INTEGER = 1\nSELECT $n AS n' })));

  test('HEAD has the headers of GET, and no body', async () => {
    const { headers } = await ask('/q');
    expect(await ask({ method: 'HEAD', path: '/q' })).toMatchObject({ status: 200, headers, text: '' });
    expect(await ask({ method: 'HEAD', path: '/missing' })).toMatchObject({ status: 404, text: '' });
  });

  test('OPTIONS tells the methods', async () => {
    expect(await ask({ method: 'OPTIONS', path: '/q' })).toMatchObject({ status: 204, headers: { allow: 'GET, HEAD, POST, OPTIONS' }, text: '' });
    expect(await ask({ method: 'OPTIONS', path: '/openapi.json' })).toMatchObject({ status: 204, headers: { allow: 'GET, HEAD, OPTIONS' } });
  });

  test.each(['PUT', 'DELETE', 'PATCH', 'TRACE', 'get x'])('%s is not one', async (method) => {
    const response = await ask({ method, path: '/q' });
    expect(response).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, POST, OPTIONS' } });
    expect(problem(response).detail).toBe(`received the method "${method.toUpperCase()}", expected GET, HEAD, POST, OPTIONS`);
  });
});

describe('CORS', () => {
  const QUERIES = { q: 'SELECT 1 AS one' };
  const origin = 'https://example.com';
  const preflight = (path: string) => ({ method: 'OPTIONS', path, headers: { origin, 'access-control-request-method': 'GET' } });

  test('without it there are no headers', async () => {
    const { headers } = await asking(runtime, QUERIES)(at('/q', { headers: { origin } }));
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('answers and errors are for the named origins', async () => {
    const ask = asking(runtime, QUERIES, { http: { cors: { allowedOrigins: [origin], allowCredentials: true, exposedHeaders: ['etag'], maxAgeSeconds: 60 } } });
    for (const path of ['/q', '/missing', '/q?x=1']) {
      const { headers } = await ask(at(path, { headers: { origin } }));
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true', 'access-control-expose-headers': 'etag',
      });
      expect(headers.vary).toMatch(/Origin$/);
      expect((await ask(at(path, { headers: { origin: 'https://other.example' } }))).headers).not.toHaveProperty('access-control-allow-origin');
    }
    expect(await ask(preflight('/q'))).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
        'access-control-allow-headers': 'content-type, authorization, if-none-match',
        'access-control-max-age': '60',
      },
    });
    expect((await ask(preflight('/missing'))).status).toBe(204);
  });

  test('any origin', async () => {
    const ask = asking(runtime, QUERIES, { http: { cors: { allowedOrigins: ['*'], allowedHeaders: ['x-a'] } } });
    expect((await ask(at('/q', { headers: { origin } }))).headers).toMatchObject({ 'access-control-allow-origin': '*', 'vary': 'Accept, Accept-Encoding' });
    expect((await ask(preflight('/q'))).headers).toMatchObject({ 'access-control-allow-headers': 'x-a' });
  });

  test.each([
    [{ corse: {} }, /has no option "corse"; did you mean "cors"\?/],
    [{ cors: {} }, /has no allowedOrigins/],
    [{ cors: { allowedOrigins: '*' } }, /allowedOrigins is "\*", expected a list of origins as browsers send them/],
    [{ cors: { allowedOrigins: ['*'], maxAgeSeconds: 1.5 } }, /maxAgeSeconds is 1\.5, expected a whole number from 0/],
    [{ streaming: 1 }, /streaming is 1, expected true or false/],
  ])('the options %j are refused', (http, message) => {
    expect(() => runtime.queryHandler({ queries: queryFolder(QUERIES), http: http as object })).toThrow(message);
  });
});

describe('errors', () => {
  const QUERIES = {
    'monthly-sales': '-- @param month VARCHAR\n-- @param n TINYINT = 1\n-- @param s STRUCT(a INTEGER) = {"a":1}\nSELECT $month AS m, $n AS n, $s AS s',
    'broken': "SELECT * FROM '/tmp/secret-bucket/x.parquet' JOIN nowhere USING (password)",
    'cast': '-- @param t VARCHAR\nSELECT $t::INTEGER AS i',
    'big': 'SELECT 9007199254740993 AS i',
    'faulty': '-- @cash 60\nSELECT 1',
    'slow': '-- @timeout 1\nSELECT count(*) AS n FROM range(1000000) a, range(1000000) b',
  };
  let ask: Ask;
  let logged: jest.SpyInstance;
  beforeEach(() => {
    logged = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    ask = asking(runtime, QUERIES);
  });
  afterEach(() => logged.mockRestore());

  test.each<[string, number, string | RegExp]>([
    ['/monthly-sale', 404, 'there is no query "monthly-sale"; did you mean "monthly-sales"?'],
    ['/', 404, 'there is no query ""; openapi.json lists the queries'],
    ['/../../etc/passwd', 404, /^there is no query "\.\.\/\.\.\/etc\/passwd"/],
    ['/constructor', 404, /^there is no query "constructor"/],
    ['/monthly-sales', 400, 'received no value for month (VARCHAR), which the query needs'],
    ['/monthly-sales?mont=1&month=2', 400, 'the query has no parameter "mont"; did you mean "month"?; its parameters are: month, n, s'],
    ['/monthly-sales?month=1&month=2', 400, 'received the parameter "month" 2 times, and only a list may be repeated'],
    ['/monthly-sales?month=1&MONTH=2', 400, /the name "MONTH" twice/],
    ['/monthly-sales?month=%E9', 400, /^the query string has bytes that are not UTF-8/],
    ['/monthly-sales?month=%ED%A0%80', 400, /^the query string has bytes that are not UTF-8/],
    ['/monthly-sales?%C3=1', 400, /^the query string has bytes that are not UTF-8/],
    ['/monthly-sales?month=1&n=300', 400, /^parameter \$n is "300", expected a whole number from -128 to 127/],
    ['/monthly-sales?month=1&s=x', 400, /^the parameter "s" has the type STRUCT\(a INTEGER\), so its value is JSON: /],
    ['/monthly-sales?month=1&s=%7B%7D', 400, /^parameter \$s\.a is missing/],
    ['/cast?t=x', 500, 'the query failed; the server\'s log has the reason'],
    ['/slow', 504, 'the query had no answer in time'],
    ['/broken', 500, 'the query failed; the server\'s log has the reason'],
    ['/faulty', 500, 'the query failed; the server\'s log has the reason'],
    ['/big', 500, /^the answer has a value that JSON does not hold exactly/],
  ])('%s is a %i', async (url, status, detail) => {
    const response = await ask(url);
    expect(response.status).toBe(status);
    const body = problem(response);
    expect(body).toMatchObject({ type: 'about:blank', title: expect.any(String), status, detail: typeof detail === 'string' ? detail : expect.stringMatching(detail) });
    // What only the log may have.
    expect(response.text).not.toMatch(/SELECT|s3:|secret-bucket|password|nowhere|\/tmp|\/var|node_modules|\bat \//);
    expect(logged).toHaveBeenCalledTimes(status >= 500 ? 1 : 0);
  });

  test.each<[string, object, number]>([
    ['not JSON', { body: '{', headers: JSON_TYPE }, 400],
    ['not an object', { body: '[1]', headers: JSON_TYPE }, 400],
    ['a key twice', { body: '{"month":"1","month":"2"}', headers: JSON_TYPE }, 400],
    ['a form, as a page of another site could send it', { body: 'month=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415],
    ['without a type', { body: '{"month":"1"}' }, 415],
    ['with a query string', { query: 'month=1' }, 400],
    ['not UTF-8', { body: Buffer.from('{"month":"\xe9"}', 'latin1').toString('base64'), isBase64Encoded: true, headers: JSON_TYPE }, 400],
    ['not base64', { body: '{"month":"1"}', isBase64Encoded: true, headers: JSON_TYPE }, 400],
    ['base64 that is cut off', { body: 'eyJtb250aCI6IjEifQ=', isBase64Encoded: true, headers: JSON_TYPE }, 400],
    ['not text', { body: { month: '1' }, headers: JSON_TYPE }, 400],
    ['half of a character', { body: '{"month":"\\ud800"}', headers: JSON_TYPE }, 400],
  ])('a POST whose body is %s', async (_, asked, status) => {
    const response = await ask({ method: 'POST', path: '/monthly-sales', ...asked });
    expect(problem(response)).toMatchObject({ status });
  });

  test('a type that is not offered', async () => {
    expect(problem(await ask(at('/cast?t=1', { headers: { accept: 'text/html, image/*' } })))).toMatchObject({
      status: 406, detail: expect.stringContaining('application/json, application/x-ndjson, text/csv, application/vnd.apache.parquet'),
    });
  });

  test('a percent sign that encodes nothing, and what stands for a character that is unknown', async () => {
    expect(JSON.parse((await ask('/monthly-sales?month=100%')).text).rows).toMatchObject([{ m: '100%' }]);
    expect(JSON.parse((await ask('/monthly-sales?month=%EF%BF%BD')).text).rows).toMatchObject([{ m: '\ufffd' }]);
  });

  test('a header of the request is cut off', async () => {
    const long = 'x'.repeat(1_000_000);
    for (const asked of [
      at('/cast?t=1', { headers: { accept: long } }), { method: 'POST', path: '/cast', body: '{}', headers: { 'content-type': long } }, { method: long, path: '/cast' },
      at(`/cast?${long}=1&${long}=1`), at(`/${long}`), { method: 'POST', path: '/cast', query: long },
    ]) {
      const { status, text } = await ask(asked);
      expect([status < 500, text.length < 600]).toEqual([true, true]);
    }
  });

  test('a list of many values takes time in proportion to them', async () => {
    const many = asking(runtime, { q: '-- @param ids INTEGER[]\nSELECT len($ids) AS n' });
    const started = performance.now();
    const { text } = await many(`/q?${'ids=1&'.repeat(100_000)}`);
    expect(JSON.parse(text).rows).toEqual([{ n: 100_000 }]);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('numbers of a body keep their digits', async () => {
    const big = asking(runtime, { q: '-- @param d DECIMAL(38,10)\nSELECT $d::VARCHAR AS d' });
    const body = '{"d":1234567890123456789012345678.0123456789}';
    const { text } = await big({ method: 'POST', path: '/q', headers: { 'content-type': 'application/json' }, body });
    // Node.js 20 cannot read such numbers, and says so.
    expect(text).toContain('rawJSON' in JSON === false ? 'more digits than a JavaScript number keeps' : '"1234567890123456789012345678.0123456789"');
  });

  test('the request\'s id finds its log lines', async () => {
    const handler = runtime.queryHandler({ queries: queryFolder(QUERIES) });
    const event = { version: '2.0', rawPath: '/x', requestContext: { http: { method: 'GET' } } };
    expect(JSON.parse((await handler(event, { awsRequestId: 'request-1' })).body)).toMatchObject({ requestId: 'request-1' });
  });

  test('an answer that Lambda would not return says what helps', async () => {
    const many = asking(runtime, { many: "-- @param n BIGINT\nSELECT range AS i, '\"\"\"' AS t FROM range($n)", write: "CREATE TEMP TABLE t (a VARCHAR); INSERT INTO t SELECT repeat('x', 1000) FROM range(20000) RETURNING a" });
    const url = '/many?n=170000';
    const tooLarge = await many(url, 'restApi');
    expect(problem(tooLarge)).toMatchObject({ status: 413, code: 'RESULT_LIMIT', detail: expect.stringMatching(/^the answer of [\d.]+ MiB is too large, because Lambda returns at most 6 MiB/) });
    // As base64 the quotes need no escapes, and gzip makes it small.
    expect((await many(url)).status).toBe(200);
    expect((await many(at('/many?n=300000'))).status).toBe(413);
    expect((await many(at('/many?n=300000', { headers: { 'accept-encoding': 'gzip' } }))).status).toBe(200);
    expect((await many('/many.parquet?n=300000')).status).toBe(200);
    expect((await many('/many?n=3000000')).status).toBe(413);
    expect((await many({ method: 'POST', path: '/write' })).status).toBe(413);
  });

  test('the advice is for what the client has not asked for yet', async () => {
    const many = asking(runtime, { many: 'SELECT md5(range::VARCHAR) AS t FROM range(350000)' });
    const detail = async (...asked: Parameters<Ask>) => problem(await many(...asked)).detail.replace(/.*base64: /, '');
    expect(await detail('/many')).toMatch(/^ask for less, or for gzip with "Accept-Encoding: gzip", or for Parquet with .*, or let the function stream$/);
    expect(await detail(at('/many', { headers: { 'accept-encoding': 'gzip' } }))).toMatch(/^ask for less, or for Parquet with/);
    expect(await detail('/many', 'restApi')).toBe('ask for less, or let the function stream');
    expect(await detail('/many.parquet')).toBe('ask for less, or let the function stream');
  });

  test('HEAD has the status of GET, also of an answer that Lambda would not return', async () => {
    const many = asking(runtime, { many: '-- @param n INTEGER\nSELECT md5(range::VARCHAR) AS t FROM range($n)' });
    for (const n of [1000, 130_000, 500_000]) {
      const [get, head] = await Promise.all(['GET', 'HEAD'].map((method) => many(at(`/many?n=${n}`, { method }))));
      expect([n, head!.status, head!.headers, head!.text]).toEqual([n, get!.status, get!.headers, '']);
    }
    expect((await many(at('/many?n=200000', { method: 'HEAD' }))).status).toBe(413);
  });

  test('after a write it says so, whatever of the answer fails', async () => {
    const table = 'DROP TABLE IF EXISTS t; CREATE TABLE t (a VARCHAR, i BIGINT);';
    const writing = asking(runtime, {
      large: `${table} INSERT INTO t SELECT repeat('x', 1000), 1 FROM range(20000) RETURNING a`,
      script: `${table} INSERT INTO t SELECT repeat('x', 1000), 1 FROM range(20000); SELECT a FROM t`,
      number: `${table} INSERT INTO t VALUES ('x', 9007199254740993) RETURNING i`,
      column: `-- @column i VARCHAR\n${table} INSERT INTO t VALUES ('x', 1) RETURNING i`,
      later: `${table} INSERT INTO t VALUES ('x', 1); SELECT error('boom')`,
      needs: `-- @param n INTEGER\n${table} INSERT INTO t VALUES ('x', $n)`,
    });
    for (const [name, status] of Object.entries({ large: 413, script: 413, number: 500, column: 500, later: 500 })) {
      const response = await writing({ method: 'POST', path: `/${name}` });
      expect([name, response.status, problem(response).detail]).toEqual([name, status, expect.stringMatching(/; the query may have written, so look before you ask again$/)]);
      expect(await runtime.cursor((c) => c.queryOne('SELECT count(*) > 0 AS has FROM t'))).toEqual({ has: true });
    }
    expect(problem(await writing({ method: 'POST', path: '/needs', headers: JSON_TYPE, body: '{"n":"x"}' })).detail).not.toContain('may have written');
  });

  test('an answer at Lambda\'s limit fits it', async () => {
    const handler = runtime.queryHandler({ queries: queryFolder({ q: "-- @param n INTEGER\nSELECT repeat('\"', $n) AS t" }) });
    for (const n of [1_550_000, 1_560_000, 1_570_000, 1_580_000]) {
      const result = await handler({ requestContext: { stage: 'prod' }, httpMethod: 'GET', path: '/q', queryStringParameters: { n: String(n) } } as { requestContext: object });
      expect([n, Buffer.byteLength(JSON.stringify(result)) <= 6 * 1024 * 1024]).toEqual([n, true]);
    }
  });

  test('the deadline is a 504 that still arrives', async () => {
    const handler = runtime.queryHandler({ queries: queryFolder({ slow: 'SELECT count(*) AS n FROM range(1000000) a, range(1000000) b' }) });
    const end = Date.now() + 1500;
    const result = await handler({ version: '2.0', rawPath: '/slow', requestContext: { http: { method: 'GET' } } } as { requestContext: object }, { getRemainingTimeInMillis: () => end - Date.now() });
    expect([result.statusCode, Date.now() < end]).toEqual([504, true]);
  });

  test('a direct event still has its typed errors', async () => {
    const handler = runtime.queryHandler({ queries: queryFolder(QUERIES) });
    expect(await rejection(handler({ query: 'cast' } as QueryEvent))).toMatchObject({ name: 'ParameterError' });
  });
});
