import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectWithRuntime } from './built-runtime';
import { freshRuntime, type Runtime } from './fresh-runtime';
import { rejection } from './rejection';
import { startRuntimeClient, type RunningClient } from '../bed';
import { describeWith } from '../bed/require';

let runtime: Runtime;
beforeEach(() => runtime = freshRuntime());

const VALUES = `SELECT 1 AS i, 'a "quoted", text' AS t, TIMESTAMP '2026-01-02 03:04:05' AS at, NULL AS nothing, '' AS empty, {a: [1, 2]} AS nested, 2.5::DECIMAL(3,1) AS d
  UNION ALL SELECT 2, E'two\\nlines', NULL, NULL, 'x', NULL, NULL ORDER BY i`;

async function written(sql: string, options?: object): Promise<string> {
  const response = new PassThrough();
  const whole = text(response);
  await runtime.cursor((c) => runtime.writeRows(c.stream(sql), response, options));
  return whole;
}

describe('formats', () => {
  test('JSON lines: the rows as they are, one a line', async () => {
    const lines = (await written(VALUES)).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(JSON.parse(JSON.stringify(await runtime.cursor((c) => c.query(VALUES)))));
    expect(await written('SELECT 1 WHERE false')).toBe('');
  });

  test('CSV by RFC 4180, which DuckDB reads back', async () => {
    const csv = await written(VALUES, { format: 'csv' });
    expect(csv).toBe('i,t,at,nothing,empty,nested,d\r\n'
      + '1,"a ""quoted"", text",2026-01-02T03:04:05.000Z,,"","{""a"":[1,2]}",2.5\r\n'
      + '2,"two\nlines",,,x,,\r\n');
    expect(await written('SELECT 1 AS a, 2 AS b', { format: 'csv', columns: ['b', 'a'] })).toBe('b,a\r\n2,1\r\n');
    const file = join('/tmp', `response-${process.pid}.csv`);
    writeFileSync(file, await written("SELECT range AS i, repeat('\"', range % 3) || ',' AS t FROM range(5000)", { format: 'csv' }));
    expect(await runtime.cursor((c) => c.queryOne(`SELECT count(*) AS n, sum(i) AS total, max(t) AS t FROM read_csv('${file}', header = true)`)))
      .toEqual({ n: 5000, total: 12_497_500, t: ',' });
  });

  const ODD = "SELECT 'abc'::BLOB AS b, {'b': 'a'::BLOB, 'd': 'nan'::DOUBLE, 'n': NULL} AS s, 'nan'::DOUBLE AS nan, 'inf'::FLOAT AS i, '-inf'::DOUBLE AS n, '-0'::DOUBLE AS zero";

  test('bytes are base64, NaN and the infinities text, at any depth', async () => {
    expect(await written(ODD)).toBe('{"b":"YWJj","s":{"b":"YQ==","d":"NaN","n":null},"nan":"NaN","i":"Infinity","n":"-Infinity","zero":0}\n');
    expect(await written(ODD, { format: 'csv' })).toBe('b,s,nan,i,n,zero\r\nYWJj,"{""b"":""YQ=="",""d"":""NaN"",""n"":null}",NaN,Infinity,-Infinity,-0\r\n');
    for (const format of ['csv', 'jsonl']) {
      const file = join('/tmp', `response-${process.pid}.${format}`);
      writeFileSync(file, await written("SELECT unnest(['nan', 'inf', '-inf', '-0', '1.5', NULL])::DOUBLE AS d", { format }));
      const type = "columns = {d: 'DOUBLE'}";
      expect(await runtime.cursor((c) => c.query(`SELECT d::VARCHAR AS d FROM ${format === 'csv' ? 'read_csv' : 'read_json'}('${file}', ${type})`)))
        .toEqual(['nan', 'inf', '-inf', format === 'csv' ? '-0.0' : '0.0', '1.5', null].map((d) => ({ d })));
    }
  });

  test('bigints are text in JSON, also of batches that were made by oneself', async () => {
    const rows = async function* () { yield [{ i: 2n ** 64n, l: [1n], b: new Date(0) }]; };
    for (const [format, expected] of [['jsonl', '{"i":"18446744073709551616","l":["1"],"b":"1970-01-01T00:00:00.000Z"}\n'], ['csv', 'i,l,b\r\n18446744073709551616,"[""1""]",1970-01-01T00:00:00.000Z\r\n']] as const) {
      const response = new PassThrough();
      const whole = text(response);
      await runtime.writeRows(rows(), response, { format });
      expect(await whole).toBe(expected);
    }
  });

  test('CSV has the columns in the order of the query, and a header without rows', async () => {
    const years = 'SELECT \'x\' AS name, 1 AS "2024", 2 AS "2023", 3 AS "2024"';
    for (const rows of ['js', 'json', 'duckdb']) {
      const response = new PassThrough();
      const whole = text(response);
      await runtime.cursor((c) => runtime.writeRows(c.stream(years, undefined, { rows: rows as 'js' }), response, { format: 'csv' }));
      expect(await whole).toBe('name,2024,2023,2024:1\r\nx,1,2,3\r\n');
    }
    expect(await written(`${years} WHERE false`, { format: 'csv' })).toBe('name,2024,2023,2024:1\r\n');
    expect(await written(`${years} WHERE false`, { format: 'csv', columns: ['2023', 'name'] })).toBe('2023,name\r\n');
    expect(await written(`${years} WHERE false`)).toBe('');
    const response = new PassThrough();
    const whole = text(response);
    await runtime.writeRows((async function* () { /* none */ })(), response, { format: 'csv', columns: ['b', 'a'] });
    expect(await whole).toBe('b,a\r\n');
  });

  test('a column that the query does not have is an error', async () => {
    for (const condition of ['true', 'false']) {
      for (const format of ['csv', 'jsonl']) {
        expect(await rejection(written(`SELECT 1 AS a, 2 AS "b c" WHERE ${condition}`, { format, columns: ['a', 'A'] })))
          .toMatchObject({ code: 'CONFIG', message: 'columns has "A", which the query does not have: its columns are "a", "b c"' });
      }
    }
  });

  const writtenBatches = async (batches: unknown, options?: object) => {
    const response = new PassThrough();
    const whole = text(response);
    await runtime.writeRows(batches as AsyncIterable<object[]>, response, options).catch((error) => { response.end(); throw error; });
    return whole;
  };

  test('JSON lines have the columns that were asked for, in their order', async () => {
    const sql = "SELECT 1 AS a, 'x' AS \"b c\", 2 AS \"7\", 'nan'::DOUBLE AS d, NULL AS n, {s: 1} AS s";
    expect(await written(sql, { columns: ['n', 'b c', '7', 'd', 's'] })).toBe('{"n":null,"b c":"x","7":2,"d":"NaN","s":{"s":1}}\n');
    expect(await writtenBatches([[{ a: 1, b: 2 }, { b: 3n }]], { columns: ['b', 'a'] })).toBe('{"b":2,"a":1}\n{"b":"3"}\n');
  });

  test('CSV of batches that the handler has made: a key that the header lacks is an error, also where it was added to the rows of a stream', async () => {
    const lost = { code: 'CONFIG', message: 'a row has the key "b", which is not in the header of the CSV ("a"): name all columns in the option columns' };
    expect(await rejection(writtenBatches([[{ a: 1 }, { a: 2, b: 3 }]], { format: 'csv' }))).toMatchObject(lost);
    expect(await rejection(writtenBatches([[{ a: 1 }], [{ b: 3 }]], { format: 'csv' }))).toMatchObject(lost);
    expect(await writtenBatches([[{ a: 1 }, { a: 2, b: 3 }]], { format: 'csv', columns: ['b', 'a'] })).toBe('b,a\r\n,1\r\n3,2\r\n');
    await runtime.cursor(async (c) => {
      const more = async function* () {
        for await (const rows of c.stream('SELECT 1 AS a')) {
          for (const row of rows) row.b = 2;
          yield rows;
        }
      };
      expect(await rejection(writtenBatches(more(), { format: 'csv' }))).toMatchObject(lost);
    });
  });

  test('CSV of one column keeps its NULLs, for readers that skip empty lines and for DuckDB', async () => {
    const csv = await written("SELECT unnest(['x', NULL, '', 'y', NULL]) AS a", { format: 'csv' });
    expect(csv).toBe('a\r\nx\r\n""\r\n""\r\ny\r\n""\r\n');
    const file = join('/tmp', `response-nulls-${process.pid}.csv`);
    writeFileSync(file, await written('SELECT CASE WHEN range % 2 = 0 THEN range END AS a FROM range(4)', { format: 'csv' }));
    expect(await runtime.cursor((c) => c.query(`FROM read_csv('${file}')`))).toEqual([{ a: 0 }, { a: null }, { a: 2 }, { a: null }]);
  });

  test('rows that are not a stream', async () => {
    const array = [{ a: 1 }] as unknown as AsyncIterable<object[]>;
    expect(await rejection(runtime.writeRows(array, new PassThrough()))).toMatchObject({
      code: 'CONFIG', message: expect.stringContaining('writeRows() got {"a":1} as rows, expected batches of rows'),
    });
  });

  test('another one', async () => {
    expect(await rejection(written('SELECT 1', { format: 'xml' }))).toMatchObject({ code: 'CONFIG', message: 'format is "xml", expected "jsonl" or "csv"' });
  });
});

test('a reader that goes away: an error, and the query ends', async () => {
  const response = new PassThrough();
  response.on('error', () => undefined);
  response.once('data', () => response.destroy());
  await runtime.cursor(async (c) => {
    expect(await rejection(runtime.writeRows(c.stream('FROM range(10000000000)'), response))).toMatchObject({ code: 'ABORTED', name: 'AbortedError' });
    expect(await c.queryOne('SELECT 1 AS one')).toEqual({ one: 1 });
  });
});

test('a reader that goes away while the next rows are computed: an error, neither a hang nor the end of the process', async () => {
  for (const reason of [undefined, new Error('connection reset')]) {
    const response = new PassThrough();
    const rows = (async function* () {
      yield [{ i: 1 }];
      response.destroy(reason);
      await sleep(10);
      yield [{ i: 2 }];
      throw new Error('was read on');
    })();
    const error = await rejection(runtime.writeRows(rows, response));
    expect(error).toMatchObject({ code: 'ABORTED', cause: reason });
    expect(error.message).toBe(`the response ${reason ? 'failed before it was written (connection reset)' : 'was closed before it was written'}: ` +
      'its reader has disconnected, or something else has ended it');
    expect(response.listenerCount('error') + response.listenerCount('close')).toBe(0);
  }
  const gone = new PassThrough().destroy();
  await sleep(10);
  expect(await rejection(runtime.writeRows((async function* () { yield [{ i: 1 }]; })(), gone))).toMatchObject({ code: 'ABORTED', message: expect.stringContaining('the response was closed before it was written') });
});

test('batches that were emptied on the way are left out', async () => {
  const response = new PassThrough();
  const whole = text(response);
  await runtime.writeRows((async function* () { yield* [[], [{ i: 1 }], []]; })(), response, { format: 'csv' });
  expect(await whole).toBe('i\r\n1\r\n');
});

describeWith([], 'streamed through AWS\'s runtime interface client', () => {
  let client: RunningClient;

  beforeAll(async () => {
    const taskRoot = await projectWithRuntime();
    writeFileSync(join(taskRoot, 'streaming.mjs'), `
      import { cursor, withDuckDB, writeRows } from 'cdk-duckdb-lambda/runtime';
      export const handler = awslambda.streamifyResponse(withDuckDB(async ({ sql, format }, response) => {
        response.setContentType(format === 'csv' ? 'text/csv' : 'application/jsonl');
        await cursor((c) => writeRows(c.stream(sql), response, { format }));
      }));
    `);
    client = await startRuntimeClient({ taskRoot, handler: 'streaming.handler', timeoutSeconds: 60 });
  }, 120_000);
  afterAll(() => client?.stop());

  const FAILING = "SELECT CASE WHEN range = 700000 THEN error('boom') ELSE range END AS i FROM range(1000000)";

  test('ten million rows to a reader that takes its time: all of them, in flat memory', async () => {
    await client.invoke({ sql: 'FROM range(100000)' });
    const before = client.peakMemoryMb();
    let lines = 0;
    let bytes = 0;
    let last = '';
    const response = await client.invoke({ sql: 'SELECT range AS i, hash(range) % 1000 AS h FROM range(10000000)' }, async (chunk) => {
      bytes += chunk.length;
      for (const byte of chunk) if (byte === 10) lines += 1;
      last = (last + chunk.toString()).slice(-100);
      // Slower than DuckDB, for a while.
      if (bytes < 3_000_000) await sleep(10);
    });
    expect(response).toMatchObject({ contentType: 'application/jsonl', trailers: {} });
    expect(lines).toBe(10_000_000);
    expect(JSON.parse(last.trimEnd().split('\n').at(-1)!)).toMatchObject({ i: 9_999_999 });
    expect(bytes).toBeGreaterThan(200_000_000);
    const grown = client.peakMemoryMb() - before;
    expect([grown, grown < 150]).toEqual([grown, true]);
  }, 120_000);

  test.each([['jsonl', '{"error":{"code":"STREAM"}}\n'], ['csv', 'error: STREAM\r\n']])('an error in mid-stream can be seen in %s, and Lambda records it', async (format, lastLine) => {
    let body = '';
    const { error, trailers } = await client.invoke({ sql: FAILING, format }, (chunk) => body += chunk.toString());
    expect(error).toBeUndefined();
    expect(body.length).toBeGreaterThan(10_000);
    expect(body.endsWith(lastLine)).toBe(true);
    expect(trailers).toMatchObject({ 'lambda-runtime-function-error-type': 'StreamError' });
    expect(JSON.parse(Buffer.from(trailers['lambda-runtime-function-error-body']!, 'base64').toString()))
      .toMatchObject({ errorType: 'StreamError', errorMessage: expect.stringMatching(/^the query failed after \d+ rows/) });
  });

  test('an error before the first row: nothing was written, and the next invocation answers', async () => {
    let body = '';
    const { trailers } = await client.invoke({ sql: 'FROM missing' }, (chunk) => body += chunk.toString());
    expect(body).toBe('');
    expect(trailers).toMatchObject({ 'lambda-runtime-function-error-type': 'QueryError' });
    await client.invoke({ sql: 'SELECT 1 AS one' }, (chunk) => body += chunk.toString());
    expect(body).toBe('{"one":1}\n');
  });
});
