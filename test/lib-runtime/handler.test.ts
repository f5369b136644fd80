import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { valuesOf } from './built-runtime';
import { freshRuntime, type Runtime } from './fresh-runtime';
import { rejection } from './rejection';

const SLOW = 'SELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 0';

let runtime: Runtime;
beforeEach(async () => {
  runtime = freshRuntime({ UV_THREADPOOL_SIZE: '16' });
  // Opening takes its time, which is not what is tested.
  await runtime.cursor((c) => c.query('SELECT 1'));
});

let warned: string[];
beforeEach(() => {
  warned = [];
  jest.spyOn(console, 'warn').mockImplementation((text) => void warned.push(text));
});
afterEach(() => jest.restoreAllMocks());

/** Lambda's context, with so many milliseconds left from now on. */
function context(milliseconds: number) {
  const deadline = Date.now() + milliseconds;
  return { awsRequestId: 'request', getRemainingTimeInMillis: () => deadline - Date.now() };
}

describe('forms of handlers', () => {
  test('async, plain, with and without a context', async () => {
    const { withDuckDB, cursor } = runtime;
    const asked = withDuckDB(async (event: { n: number }, _context?: object) => cursor((c) => c.queryOne('SELECT $n::INTEGER AS n', { n: event.n })));
    expect(await asked({ n: 7 }, context(3_000))).toEqual({ n: 7 });
    expect(await asked({ n: 8 })).toEqual({ n: 8 });
    expect(await withDuckDB((event: number) => event + 1)(1)).toBe(2);
    expect(await rejection(withDuckDB(() => {
      throw new Error('at once');
    })())).toMatchObject({ message: 'at once' });
  });

  test('what a streaming handler is marked with stays, and its context is the third argument', async () => {
    const mark = Symbol.for('aws.lambda.runtime.handler.streaming');
    const handler = Object.assign(async (_event: unknown, response: string[], _context: object) => {
      response.push(...await runtime.cursor((c) => c.query<string>('SELECT 1')));
      return rejection(runtime.cursor((c) => c.query(SLOW)));
    }, { [mark]: 'response' });
    const guarded = runtime.withDuckDB(handler, { marginMs: 100 });
    expect((guarded as { [mark]?: string })[mark]).toBe('response');
    expect(runtime.withDuckDB(Object.assign(handler, { use: () => handler }))).not.toHaveProperty('use');
    expect(await guarded({}, [], context(1_000))).toMatchObject({ code: 'TIMEOUT' });
  });

  test('options that are out of range', () => {
    const handler = async () => undefined;
    const attempt = (options: object) => () => runtime.withDuckDB(handler, options);
    expect(attempt({ marginMs: -1 })).toThrow('marginMs is -1, expected a number from 0');
    expect(attempt({ recycleAboveMemory: 80 })).toThrow('recycleAboveMemory is 80, expected a number from 0 to 1');
    expect(attempt({ marginMs: '500' })).toThrow('marginMs is "500", expected a number from 0');
  });
});

describe('the deadline', () => {
  test('what runs is rejected the margin before it, with what it was and what it waited for; the next invocation goes on', async () => {
    const { withDuckDB, cursor } = runtime;
    const started = performance.now();
    const handler = withDuckDB(async (_event: string, _context: object) => rejection(cursor((c) => c.query(SLOW))), { marginMs: 300 });
    const error = await handler('', context(1_000));
    expect(performance.now() - started).toBeLessThan(990);
    expect(error).toMatchObject({ code: 'TIMEOUT', retryable: true });
    expect(error.message).toMatch(/^the invocation has 300 ms left, and was still waiting for DuckDB, after \d+ ms, running: SELECT count\(\*\) AS n FROM range\(100000\) a/);
    const next = withDuckDB(async (_event: string, _context: object) => cursor((c) => c.queryOne('SELECT 1 AS one')));
    expect(await next('', context(3_000))).toEqual({ one: 1 });
  });

  test.each([Infinity, 2 ** 31, 1e12, NaN, undefined])('a context without a deadline that a timer could wait for: %p ms left', async (left) => {
    const { withDuckDB, cursor } = runtime;
    const handler = withDuckDB(async (_event: string, _context: object) => cursor((c) => c.queryOne('SELECT count(*) AS n FROM range(1000000)')));
    expect(await handler('', { getRemainingTimeInMillis: () => left })).toEqual({ n: 1_000_000 });
  });

  test('all calls: sessions, DuckDBs, streams, transactions, lent connections, their opening, and the turn they wait for', async () => {
    const { withDuckDB, cursor, session, DuckDB } = runtime;
    const handler = withDuckDB(async (_event: string, _context: object) => {
      const c = await cursor();
      await using database = new DuckDB({ memory: 50 });
      const drain = async (rows: AsyncIterable<unknown>) => { for await (const _ of rows) continue; };
      const errors = await Promise.all([
        c.query(SLOW), c.query('SELECT 1'), session({ memory: 50 }, (s) => s.query(SLOW)), database.cursor((d) => d.query(SLOW)),
        cursor((s) => drain(s.stream('SELECT count(*) FROM range(100000) a, range(100000) b GROUP BY hash(a.range, b.range) % 7'))),
        cursor((t) => t.transaction(async () => sleep(5_000))), cursor((l) => l.withConnection((raw) => raw.run(SLOW))),
      ].map(rejection));
      return errors.map(({ code, message }) => [code, message]);
    }, { marginMs: 200 });
    const outcomes = await handler('', context(2_000));
    expect(outcomes.map(([code]) => code)).toEqual(Array(7).fill('TIMEOUT'));
    expect(outcomes[1]![1]).toMatch(/still waiting for its turn on the cursor, after \d+ ms, running: SELECT 1$/);
  });

  test('a call that begins after it is refused at once', async () => {
    const { withDuckDB, cursor } = runtime;
    const handler = withDuckDB(async (_event: string, _context: object) => {
      await sleep(150);
      return rejection(cursor((c) => c.query('SELECT 1')));
    }, { marginMs: 200 });
    expect(await handler('', context(300))).toMatchObject({ code: 'TIMEOUT' });
    await sleep(100);
    expect(warned).toEqual([]);
  });

  test('several invocations in one process: each has its own', async () => {
    const { withDuckDB, cursor } = runtime;
    const handler = withDuckDB(async (_event: string, _context: object) => (
      cursor((c) => c.query(SLOW)).catch((error) => error.code)
    ), { marginMs: 0 });
    const quick = withDuckDB(async (_event: string, _context: object) => {
      await sleep(500);
      return cursor((c) => c.queryOne('SELECT 1 AS one'));
    });
    expect(await Promise.all([handler('', context(200)), quick('', context(30_000)), handler('', context(300))]))
      .toEqual(['TIMEOUT', { one: 1 }, 'TIMEOUT']);
  });
});

describe('what is left open', () => {
  test('is closed, with a warning that names what and where; what was closed is not', async () => {
    const { withDuckDB, cursor, session, DuckDB } = runtime;
    const kept: any[] = [];
    const handler = withDuckDB(async () => {
      kept.push(await cursor(), await session(), new DuckDB());
      await kept[2].cursor((c: any) => c.query('SELECT 1'));
      await cursor((c) => c.query('SELECT 1'));
      await (await cursor()).close();
      await using closed = await session();
      await closed.query('SELECT 1');
    });
    await handler();
    expect(warned.map((text) => /^a (\w+) was left open at the end of the invocation and is closed now: .*; it was opened at .*handler\.test\.ts:\d+/.exec(text)?.[1]))
      .toEqual(['cursor', 'session', 'DuckDB']);
    for (const use of [() => kept[0].query('SELECT 1'), () => kept[1].query('SELECT 1'), () => kept[2].cursor()]) {
      expect(await rejection(use())).toMatchObject({ code: 'CLOSED' });
    }
    expect(runtime.memoryBudget()).toMatchObject({ reservedBytes: 0, shares: 0 });
  });

  test('a stream that is not read to its end, and a query that is not awaited', async () => {
    const { withDuckDB, cursor } = runtime;
    const handler = withDuckDB(async () => {
      const c = await cursor();
      await c.stream('FROM range(10000000000)')[Symbol.asyncIterator]().next();
      void cursor((lost) => lost.query(SLOW)).catch(() => undefined);
      await sleep(50);
    });
    await handler();
    expect(warned).toHaveLength(2);
    expect(await cursor((c) => c.queryOne('SELECT 1 AS one'))).toEqual({ one: 1 });
  });

  test('a cursor that finishes opening after the invocation\'s end is closed then; one opened later does not belong to the invocation', async () => {
    const { withDuckDB, cursor, session } = runtime;
    const late: any[] = [];
    let afterwards!: Promise<unknown>;
    await withDuckDB(async () => {
      late.push(cursor(), session({ memory: 50 }));
      afterwards = sleep(300).then(() => cursor());
    })();
    for (const opened of await Promise.all(late)) {
      await sleep(50);
      expect(await rejection(opened.query('SELECT 1'))).toMatchObject({ code: 'CLOSED' });
    }
    expect(warned.map((text) => /^a (\w+) was left open/.exec(text)?.[1]).sort()).toEqual(['cursor', 'session']);
    const opened = await afterwards as Awaited<ReturnType<typeof cursor>>;
    expect(await opened.queryOne('SELECT 1 AS one')).toEqual({ one: 1 });
    await opened.close();
    expect(runtime.memoryBudget()).toMatchObject({ reservedBytes: 0, shares: 0 });
  });

  test('what cannot be closed does not cost the answer', async () => {
    const { withDuckDB, DuckDB } = runtime;
    const dbName = `unremovable-${process.pid}.duckdb`;
    const answer = await withDuckDB(async () => {
      await new DuckDB({ dbName, memory: 50 }).cursor((c) => c.execute('CREATE TABLE t AS SELECT 1'));
      rmSync(join(tmpdir(), dbName));
      mkdirSync(join(tmpdir(), dbName));
      return 'the answer';
    })();
    rmSync(join(tmpdir(), dbName), { recursive: true });
    expect(answer).toBe('the answer');
    expect(warned).toEqual([expect.stringMatching(/^a DuckDB was left open/), expect.stringMatching(/^a DuckDB that was left open could not be closed: .*is a directory/i)]);
  });

  test('what is opened outside of the invocation stays open', async () => {
    const { withDuckDB, cursor, DuckDB } = runtime;
    const c = await cursor();
    const database = new DuckDB();
    await withDuckDB(async () => {
      await c.query('SELECT 1');
      await database.cursor((d) => d.execute('CREATE TABLE t AS SELECT 1 AS one'));
    })();
    expect(warned).toEqual([]);
    expect(await c.queryOne('SELECT 2 AS two')).toEqual({ two: 2 });
    expect(await database.cursor((d) => d.queryOne('FROM t'))).toEqual({ one: 1 });
    await database.destroy();
    await c.close();
  });
});

describe('memory over the life of a process', () => {
  test('above the share, idle instances are closed and created again, once, with a log line; below it, they stay', async () => {
    const script = `
      import { cursor, withDuckDB } from 'cdk-duckdb-lambda/runtime';
      const fill = withDuckDB(() => cursor((c) => c.execute('CREATE TABLE big AS SELECT range AS i, hash(range) AS h FROM range(30000000)')), { recycleAboveMemory: 0.4 });
      const look = withDuckDB(() => cursor((c) => c.queryOne("SELECT count(*) AS n FROM duckdb_tables()")), { recycleAboveMemory: 0.4 });
      console.log(JSON.stringify(await look()));
      await fill();
      console.log(JSON.stringify(await look()));
      await look();
      console.log(JSON.stringify({ rss: process.memoryUsage.rss() / 1048576 }));
    `;
    const lines = await valuesOf(script, { env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1200' } });
    const [before, log, after, { rss }] = lines;
    expect(lines).toHaveLength(4);
    expect(before).toEqual({ n: 0 });
    expect(log).toEqual({
      message: 'duckdb instances closed', databases: ['default'], memoryMiB: 1200, beforeMiB: expect.any(Number), afterMiB: expect.any(Number),
    });
    expect(log.beforeMiB).toBeGreaterThan(480);
    expect(log.afterMiB).toBeLessThan(log.beforeMiB - 200);
    expect(after).toEqual({ n: 0 });
    expect(rss).toBeLessThan(480);
  }, 60_000);

  test('memory that is not DuckDB\'s, held once and freed since, does not put it off', async () => {
    const script = `
      import { cursor, withDuckDB } from 'cdk-duckdb-lambda/runtime';
      const fill = withDuckDB(() => cursor((c) => c.execute('CREATE TABLE big AS SELECT range AS i, hash(range) AS h FROM range(30000000)')), { recycleAboveMemory: 0.4 });
      const look = withDuckDB(() => cursor((c) => c.queryOne("SELECT count(*) AS n FROM duckdb_tables()")), { recycleAboveMemory: 0.4 });
      let held = Buffer.alloc(900 * 1024 * 1024, 1);
      await look();
      held = undefined;
      gc();
      await look();
      await fill();
      console.log(JSON.stringify(await look()));
    `;
    const lines = await valuesOf(script, { env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1200', NODE_OPTIONS: '--expose-gc' } });
    expect(lines.map(({ message, n }) => message ?? n)).toEqual(['duckdb instances closed', 'duckdb instances closed', 0]);
  }, 60_000);

  test('one that is in use is left alone', async () => {
    const script = `
      import { cursor, withDuckDB } from 'cdk-duckdb-lambda/runtime';
      await cursor(async (c) => {
        await c.execute('CREATE TABLE big AS SELECT range AS i, hash(range) AS h FROM range(30000000)');
        await withDuckDB(async () => undefined, { recycleAboveMemory: 0.4 })();
        console.log(JSON.stringify(await c.queryOne('SELECT count(*) AS n FROM big')));
      });
    `;
    expect(await valuesOf(script, { env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1200' } })).toEqual([{ n: 30_000_000 }]);
  }, 60_000);
});

test('10,000 invocations that throw with a cursor open: neither memory nor handles are left', async () => {
  const script = `
    import { setTimeout as sleep } from 'node:timers/promises';
    import { cursor, withDuckDB } from 'cdk-duckdb-lambda/runtime';
    console.warn = () => undefined;
    const context = { getRemainingTimeInMillis: () => 3000 };
    const handler = withDuckDB(async () => {
      const c = await cursor();
      await c.query('SELECT 1');
      throw new Error('no');
    });
    const state = async () => {
      gc();
      await sleep(100);
      return { rss: process.memoryUsage.rss() / 1048576, handles: process.getActiveResourcesInfo().length };
    };
    const run = async (times) => { for (let i = 0; i < times; i++) await handler({}, context).catch(() => undefined); };
    await run(2000);
    const before = await state();
    await run(10000);
    const after = await state();
    console.log(JSON.stringify({ grown: Math.round(after.rss - before.rss), handles: after.handles - before.handles }));
  `;
  const [{ grown, handles }] = await valuesOf(script, { env: { NODE_OPTIONS: '--expose-gc' } });
  expect([grown, grown < 25]).toEqual([grown, true]);
  expect(handles).toBeLessThanOrEqual(0);
}, 90_000);

