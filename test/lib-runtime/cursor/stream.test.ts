import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { RowStream } from '../../../lib-runtime/cursor/stream';
import { RowReader } from '../../../lib-runtime/values/rows';
import { valuesOf } from '../built-runtime';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { rejection } from '../rejection';

let runtime: Runtime;
let cursor: Runtime['cursor'];
beforeEach(() => {
  runtime = freshRuntime();
  ({ cursor } = runtime);
});

const MILLION = 'SELECT range AS i FROM range(1000000)';
/** Fails in mid-stream, long after the first rows. */
const FAILING = "SELECT CASE WHEN range = 700000 THEN error('boom') ELSE range END AS i FROM range(1000000)";

async function count(rows: AsyncIterable<unknown[]>): Promise<number> {
  let n = 0;
  for await (const batch of rows) n += batch.length;
  return n;
}

describe('rows', () => {
  test('all of them, in batches, in order, in each form', async () => {
    const seen: number[] = [];
    const sizes: number[] = [];
    await cursor(async (c) => {
      for await (const batch of c.stream<{ i: number }>('SELECT range AS i FROM range(10000)')) {
        sizes.push(batch.length);
        seen.push(...batch.map(({ i }) => i));
      }
    });
    expect(seen).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2048);
    for (const rows of ['js', 'json', 'duckdb'] as const) {
      const sql = "SELECT 9007199254740991::BIGINT AS big, 1.50::DECIMAL(4,2) AS d, DATE '2026-01-02' AS day, [1, 2] AS list";
      const streamed = await cursor(async (c) => {
        const all: unknown[] = [];
        for await (const batch of c.stream(sql, undefined, { rows })) all.push(...batch);
        return all;
      });
      expect(streamed).toEqual(await cursor((c) => c.query(sql, undefined, { rows })));
    }
  });

  test('with parameters, and the last statement of a script', async () => {
    await cursor(async (c) => {
      expect(await count(c.stream('FROM range($n)', { n: 5000 }))).toBe(5000);
      expect(await count(c.stream('CREATE TEMP TABLE t AS FROM range(3000); FROM t WHERE range < ?', [2500]))).toBe(2500);
    });
  });

  test.each<[string, object | undefined]>([
    ['PIVOT sales ON month USING sum(amount) ORDER BY shop', undefined],
    ['WITH p AS (PIVOT sales ON month USING sum(amount)) FROM p WHERE shop <> $shop ORDER BY shop', { shop: 'c' }],
    ['FROM (PIVOT sales ON month USING sum(amount)) WHERE shop <> ? ORDER BY shop', ['c']],
    ['PIVOT_WIDER sales ON month USING sum(amount) ORDER BY shop;', undefined],
  ])('what DuckDB makes several statements of: %s', async (sql, parameters) => {
    await cursor(async (c) => {
      await c.execute("CREATE TEMP TABLE sales AS FROM (VALUES ('a', 'may', 1), ('b', 'june', 2), ('a', 'june', 4)) v(shop, month, amount)");
      const expected = [{ shop: 'a', june: 4, may: 1 }, { shop: 'b', june: 2, may: null }];
      const streamed: unknown[] = [];
      for await (const rows of c.stream(sql, parameters as never)) streamed.push(...rows);
      expect(streamed).toEqual(expected);
      expect(await c.query(sql, parameters as never)).toEqual(expected);
    });
  });

  test('IMPORT DATABASE, which is several statements too', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'stream-import-'));
    try {
      await cursor((c) => c.execute(`CREATE SCHEMA kept; CREATE TABLE kept.answers AS SELECT 42 AS i; EXPORT DATABASE '${directory}'; DROP SCHEMA kept CASCADE`));
      await cursor(async (c) => {
        expect(await count(c.stream(`IMPORT DATABASE '${directory}'`))).toBeGreaterThanOrEqual(0);
        expect(await c.query('FROM kept.answers')).toEqual([{ i: 42 }]);
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('none, of a statement that has none, and what INSERT … RETURNING gives', async () => {
    await cursor(async (c) => {
      expect(await count(c.stream('SELECT 1 WHERE false'))).toBe(0);
      expect(await count(c.stream('CREATE TEMP TABLE t (i INT)'))).toBe(0);
      expect(await count(c.stream('INSERT INTO t FROM range(5000) RETURNING i'))).toBe(5000);
      expect(await c.queryOne('SELECT count(*) AS n FROM t')).toEqual({ n: 5000 });
    });
  });

  test('again for each loop', async () => {
    await cursor(async (c) => {
      const rows = c.stream(MILLION);
      expect([await count(rows), await count(rows)]).toEqual([1_000_000, 1_000_000]);
    });
  });
});

describe('complete, or it throws', () => {
  test('a query that fails in mid-stream: STREAM, and never silently fewer rows', async () => {
    await cursor(async (c) => {
      let rows = 0;
      const error = await rejection((async () => {
        for await (const batch of c.stream(FAILING)) rows += batch.length;
      })());
      expect(error).toMatchObject({ code: 'STREAM', name: 'StreamError' });
      expect(error.message).toBe(`the query failed after ${rows} rows, and DuckDB's client does not give the reason: run it with query() to see it`);
      expect(rows).toBeGreaterThan(0);
      expect(await c.queryOne('SELECT 1 AS one')).toEqual({ one: 1 });
    });
  });

  test('a query that fails before its first row: DuckDB\'s own reason', async () => {
    await cursor(async (c) => {
      expect(await rejection(count(c.stream("SELECT error('boom')")))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('boom') });
      expect(await rejection(count(c.stream('FROM missing')))).toMatchObject({ code: 'QUERY', duckdbType: 'Catalog Error' });
      expect(await rejection(count(c.stream(' ')))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('empty') });
      expect(await rejection(count(c.stream('SELECT $a', { b: 1 })))).toMatchObject({ code: 'PARAMETER' });
      expect(await rejection(count(c.stream('SELECT 1', undefined, { rows: 'other' as 'js' })))).toMatchObject({ code: 'CONFIG' });
      expect(await c.queryOne('SELECT 1 AS one')).toEqual({ one: 1 });
    });
  });

  test('limits count all batches; without one, none', async () => {
    await cursor(async (c) => {
      expect(await rejection(count(c.stream(MILLION, undefined, { maxRows: 5000 })))).toMatchObject({ code: 'RESULT_LIMIT' });
      expect(await rejection(count(c.stream(MILLION, undefined, { maxBytes: 100_000 })))).toMatchObject({ code: 'RESULT_LIMIT' });
      expect(await count(c.stream(MILLION, undefined, { maxRows: 1_000_000 }))).toBe(1_000_000);
    });
  });

  test('a value that JavaScript cannot hold', async () => {
    await cursor(async (c) => {
      expect(await rejection(count(c.stream('SELECT range * 10000000000000 AS big FROM range(10000)')))).toMatchObject({ code: 'OUT_OF_RANGE' });
      expect(await c.queryOne('SELECT 1 AS one')).toEqual({ one: 1 });
    });
  });
});

describe('one at a time', () => {
  test('everything else on the cursor is BUSY at once, in the loop and beside it', async () => {
    await cursor(async (c) => {
      for await (const _ of c.stream(MILLION)) {
        const busy = { code: 'BUSY', message: expect.stringMatching(/^this cursor has a stream that is not read to its end/) };
        expect(await rejection(c.query('SELECT 1'))).toMatchObject(busy);
        expect(await rejection(c.execute('SELECT 1'))).toMatchObject(busy);
        expect(await rejection(count(c.stream('SELECT 1')))).toMatchObject(busy);
        expect(await rejection(c.transaction(async () => undefined))).toMatchObject(busy);
        expect(await rejection(c.withConnection(async () => undefined))).toMatchObject(busy);
        break;
      }
      expect(await c.queryOne('SELECT 1 AS one')).toEqual({ one: 1 });
    });
  });

  test('one that waits for its turn takes it in order, and what is asked for after it does not wait for it', async () => {
    await cursor(async (c) => {
      const first = c.query('SELECT 1 AS one');
      const iterator = c.stream(MILLION)[Symbol.asyncIterator]();
      const batch = iterator.next();
      expect(await rejection(c.query('SELECT 2'))).toMatchObject({ code: 'BUSY' });
      expect(await first).toEqual([{ one: 1 }]);
      expect((await batch).value).toHaveLength(2048);
      await iterator.return!();
    });
  });

  test('other cursors go on', async () => {
    await cursor(async (c) => {
      for await (const _ of c.stream(MILLION)) {
        expect(await cursor((other) => other.queryOne('SELECT 2 AS two'))).toEqual({ two: 2 });
        break;
      }
    });
  });
});

describe('its end', () => {
  test('a loop that is left, or throws: the query ends, and the cursor goes on', async () => {
    await cursor(async (c) => {
      const started = performance.now();
      for await (const _ of c.stream('SELECT range AS i FROM range(10000000000)')) break;
      expect(await rejection((async () => {
        for await (const _ of c.stream('SELECT range AS i FROM range(10000000000)')) throw new Error('enough');
      })())).toMatchObject({ message: 'enough' });
      expect(await c.queryOne('SELECT 1 AS one')).toEqual({ one: 1 });
      expect(performance.now() - started).toBeLessThan(5_000);
    });
  });

  test('within a transaction, by its helper or by SQL, the transaction goes on', async () => {
    await cursor(async (c) => {
      await c.transaction(async (t) => {
        await t.execute('CREATE TABLE kept AS SELECT 1 AS one');
        for await (const _ of t.stream(MILLION)) break;
      });
      expect(await c.queryOne('FROM kept')).toEqual({ one: 1 });
      await c.execute('BEGIN; INSERT INTO kept VALUES (2)');
      for await (const _ of c.stream(MILLION)) break;
      await c.execute('COMMIT');
      expect(await c.queryOne('SELECT count(*) AS n FROM kept')).toEqual({ n: 2 });
    });
  });

  test('after withConnection, outside of a transaction, it ends at once; in one that was begun there, the transaction goes on', async () => {
    await cursor(async (c) => {
      await c.withConnection((raw) => raw.run('SELECT 1'));
      for await (const _ of c.stream('SELECT range AS i FROM range(10000000000)')) break;
      await c.withConnection((raw) => raw.run('BEGIN; CREATE TABLE lent AS SELECT 1 AS one'));
      for await (const _ of c.stream(MILLION)) break;
      await c.execute('COMMIT');
      expect(await c.queryOne('FROM lent')).toEqual({ one: 1 });
    });
  }, 10_000);

  test('a cursor that is closed under it: CLOSED, and nothing hangs', async () => {
    const c = await cursor();
    const iterator = c.stream('SELECT range AS i FROM range(10000000000)')[Symbol.asyncIterator]();
    await iterator.next();
    await c.close();
    expect(await rejection(iterator.next())).toMatchObject({ code: 'CLOSED' });
  });

  test('a signal: at once, between batches and while one is computed', async () => {
    const slow = 'SELECT sum(hash(a.range, b.range) % 2) AS n FROM range(100000) a, range(100000) b GROUP BY a.range';
    const started = performance.now();
    expect(await rejection(cursor((c) => count(c.stream(slow, undefined, { signal: AbortSignal.timeout(200) }))))).toMatchObject({ code: 'TIMEOUT' });
    expect(performance.now() - started).toBeLessThan(2_000);
    const controller = new AbortController();
    const c = await cursor();
    const iterator = c.stream(MILLION, undefined, { signal: controller.signal })[Symbol.asyncIterator]();
    await iterator.next();
    controller.abort();
    expect(await rejection(iterator.next())).toMatchObject({
      code: 'ABORTED', message: expect.stringMatching(/^aborted while waiting for the rest of its rows to be read, after \d+ ms, running: SELECT range AS i/),
    });
    expect(await rejection(c.query('SELECT 1'))).toMatchObject({ code: 'CLOSED' });
  });

  test('its file is free at once', async () => {
    const database = new runtime.DuckDB({ dbName: `stream-${process.pid}.duckdb`, cleanOnStart: true });
    await database.cursor(async (c) => {
      await c.execute('CREATE TABLE t AS FROM range(3000000)');
      for await (const _ of c.stream('FROM t')) break;
    });
    await database.destroy();
    const again = new runtime.DuckDB({ dbName: `stream-${process.pid}.duckdb`, cleanOnStart: true });
    expect(await again.cursor((c) => c.queryOne('SELECT count(*) AS n FROM duckdb_tables()'))).toEqual({ n: 0 });
    await again.destroy();
  });
});

test('2,000 streams that one cursor has read: nothing of them is kept', async () => {
  const script = `
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    const state = () => {
      gc();
      return { heap: process.memoryUsage().heapUsed / 1048576, rss: process.memoryUsage.rss() / 1048576 };
    };
    await cursor(async (c) => {
      const read = async (times) => {
        for (let i = 0; i < times; i++) for await (const _ of c.stream('SELECT range AS i, range::VARCHAR AS text FROM range(1000)')) continue;
      };
      await read(500);
      const before = state();
      await read(2000);
      const after = state();
      console.log(JSON.stringify({ heap: after.heap - before.heap, rss: after.rss - before.rss }));
    });
  `;
  const [{ heap, rss }] = await valuesOf(script, { env: { NODE_OPTIONS: '--expose-gc' } });
  expect([heap, heap < 2]).toEqual([heap, true]);
  expect([rss, rss < 40]).toEqual([rss, true]);
}, 90_000);

test('400 streams that are left after their first batch, and one of ten million rows: memory stays flat', async () => {
  const script = `
    import { setTimeout as sleep } from 'node:timers/promises';
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    const rss = () => { gc(); return process.memoryUsage.rss() / 1048576; };
    const leave = (times) => cursor(async (c) => {
      for (let i = 0; i < times; i++) for await (const _ of c.stream('SELECT range AS i, range::VARCHAR AS text FROM range(10000000)')) break;
    });
    const settle = async () => {
      gc();
      await sleep(100);
      return rss();
    };
    const begin = rss();
    await leave(400);
    const before = await settle();
    await leave(400);
    const left = await settle() - before;
    let peak = 0;
    let n = 0;
    await cursor(async (c) => {
      for await (const batch of c.stream('SELECT range AS i, range::VARCHAR AS text FROM range(10000000)')) {
        n += batch.length;
        if (n % 102400 === 0) peak = Math.max(peak, process.memoryUsage.rss() / 1048576);
      }
    });
    console.log(JSON.stringify({ n, left: Math.round(left), warm: Math.round(before - begin), peak: Math.round(peak - before) }));
  `;
  const [{ n, left, warm, peak }] = await valuesOf(script, { env: { NODE_OPTIONS: '--expose-gc' } });
  expect(n).toBe(10_000_000);
  expect([warm, warm < 150]).toEqual([warm, true]);
  expect([left, left < 30]).toEqual([left, true]);
  expect([peak, peak < 100]).toEqual([peak, true]);
}, 90_000);

test('has ended only after DuckDB has said why it failed, as its connection may be closed then', async () => {
  const instance = await DuckDBInstance.create();
  const raw = await instance.connect();
  const result = await raw.stream(FAILING);
  const order: string[] = [];
  let asked!: () => void;
  const isAsked = new Promise<void>((resolve) => asked = resolve);
  const reason = async () => {
    asked();
    await raw.run('SELECT count(*) FROM range(30000000)');
    order.push('answered');
    return new Error('boom');
  };
  const lease = { raw, ended: new AbortController().signal, assertOpen: () => undefined, keepOpen: () => undefined };
  const stream = new RowStream(result, new RowReader(result, 'js', { maxRows: undefined, maxBytes: Infinity }), lease, () => true, reason);
  const reading = (async () => {
    while (await stream.next() !== undefined);
  })();
  await isAsked;
  stream.end();
  const ended = stream.ended.catch(() => undefined).then(() => order.push('ended'));
  await expect(reading).rejects.toThrow('boom');
  await ended;
  expect(order).toEqual(['answered', 'ended']);
  raw.closeSync();
  instance.closeSync();
});
