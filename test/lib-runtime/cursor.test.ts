import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { freshRuntime, type Runtime } from './fresh-runtime';
import { rejection } from './rejection';
import { config } from './runtime-config';

/** Runs for minutes on one thread, is interrupted within milliseconds, and spills nothing. */
const SLOW = 'SELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 0';

let runtime: Runtime;
let cursor: Runtime['cursor'];
beforeEach(() => {
  runtime = freshRuntime();
  ({ cursor } = runtime);
});

describe('forms', () => {
  test('a callback: its value, and the cursor closed', async () => {
    const kept = await cursor(async (c) => {
      expect(await c.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      return c;
    });
    expect(await rejection(kept.query('SELECT 1'))).toMatchObject({ code: 'CLOSED', message: 'this cursor is closed: open another one' });
  });

  test('a callback that throws: its error, and the cursor closed', async () => {
    let kept: Awaited<ReturnType<typeof cursor>> | undefined;
    const boom = new Error('boom');
    expect(await rejection(cursor(async (c) => {
      kept = c as never;
      throw boom;
    }))).toBe(boom);
    expect(await rejection((kept as any).query('SELECT 1'))).toMatchObject({ code: 'CLOSED' });
  });

  test('a callback that is not async, or throws before it is', async () => {
    const anyCursor = cursor as (...args: unknown[]) => Promise<unknown>;
    expect(await anyCursor({ signal: new AbortController().signal }, () => 'value')).toBe('value');
    expect(await rejection(anyCursor({ signal: new AbortController().signal }, () => {
      throw new Error('at once');
    }))).toMatchObject({ message: 'at once' });
  });

  test('close() waits for what it interrupts, whoever calls it', async () => {
    const c = await cursor();
    const running = rejection(c.query(SLOW));
    await sleep(20);
    let settled = false;
    void running.then(() => settled = true);
    void c.close();
    await c.close();
    await sleep(1);
    expect(settled).toBe(true);
  });

  test('options and a callback', async () => {
    expect(await cursor({ bootstrap: [] }, (c) => c.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
  });

  test('close(), twice', async () => {
    const c = await cursor();
    await c.close();
    await c.close();
    for (const call of [() => c.query('SELECT 1'), () => c.execute('SELECT 1'), () => c.transaction(async () => 1), () => c.bootstrap(), () => c.withConnection(async () => 1)]) {
      expect(await rejection(call())).toMatchObject({ code: 'CLOSED' });
    }
  });

  test('await using', async () => {
    let kept;
    {
      await using c = await cursor();
      kept = c;
      expect(await c.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    }
    expect(await rejection(kept.query('SELECT 1'))).toMatchObject({ code: 'CLOSED' });
  });

  test('an undeclared database lists the declared ones; where nothing is declared, each name is a new one in memory', async () => {
    const declared = freshRuntime(config({}));
    expect(await rejection(declared.cursor({ database: 'other' }, (c) => c.query('SELECT 1')))).toMatchObject({
      code: 'CONFIG', message: 'the database "other" is not declared; declared are: "default"; declare it with the prop databases',
    });
    const laptop = freshRuntime();
    await laptop.cursor({ database: 'a' }, (c) => c.execute('CREATE TABLE t AS SELECT 1'));
    expect(await laptop.cursor({ database: 'a' }, (c) => c.query('SELECT count(*) AS n FROM duckdb_tables()'))).toEqual([{ n: 1 }]);
    expect(await laptop.cursor({ database: 'b' }, (c) => c.query('SELECT count(*) AS n FROM duckdb_tables()'))).toEqual([{ n: 0 }]);
  });
});

describe('statements', () => {
  test('every statement of a script runs, and the rows are the last one\'s', async () => {
    expect(await cursor((c) => c.query('CREATE TEMP TABLE t (i INT); INSERT INTO t VALUES (1), (2); -- a comment; with a semicolon\n SELECT sum(i) AS s FROM t;')))
      .toEqual([{ s: 3 }]);
  });

  test.each([
    ["SELECT ';' AS s", { s: ';' }],
    ['SELECT 1 AS s;', { s: 1 }],
    ['SELECT 1 AS s ; ; -- end', { s: 1 }],
    ['/* ; */ SELECT 2 AS s', { s: 2 }],
    ['SELECT $$ ; $$ AS s', { s: ' ; ' }],
  ])('%s is one statement', async (sql, row) => expect(await cursor((c) => c.query(sql))).toEqual([row]));

  test.each(['', ' \n', ';', '-- nothing', '/* nothing */ ; -- at all', '/* nested /* comment */ */'])('empty SQL %j is a clear error', async (sql) => {
    expect(await rejection(cursor((c) => c.query(sql)))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('the SQL is empty') });
  });

  test('a script stops at its first failure; what ran before stays', async () => {
    await cursor(async (c) => {
      await rejection(c.execute('CREATE TEMP TABLE t AS SELECT 1; SELECT * FROM missing; CREATE TEMP TABLE u AS SELECT 1'));
      expect(await c.query('SELECT table_name AS t FROM duckdb_tables()')).toEqual([{ t: 't' }]);
    });
  });

  test('execute counts rows changed, over all statements', async () => {
    expect(await cursor(async (c) => [
      await c.execute('CREATE TEMP TABLE t (i INT)'),
      await c.execute('INSERT INTO t SELECT range FROM range(5)'),
      await c.execute('UPDATE t SET i = 0 WHERE i < 2; DELETE FROM t WHERE i = 4'),
      await c.execute('SELECT 1'),
    ])).toEqual([{ rowsChanged: 0 }, { rowsChanged: 5 }, { rowsChanged: 3 }, { rowsChanged: 0 }]);
  });

  test.each<[string, number]>([
    ['INSERT INTO t VALUES (1), (2) RETURNING i', 2],
    ['INSERT OR IGNORE INTO k VALUES (1), (2), (3) RETURNING i', 2],
    ['UPDATE t SET i = i + 1 RETURNING i', 5],
    ['DELETE FROM t WHERE i < 2 RETURNING *', 2],
    ['MERGE INTO k USING (SELECT unnest([1, 7]) AS i) s USING (i) WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT RETURNING merge_action', 2],
    ['WITH n AS (SELECT 9 AS i) INSERT INTO t SELECT i FROM n RETURNING i', 1],
    ['INSERT INTO t VALUES (1) RETURNING i; INSERT INTO t VALUES (2), (3); SELECT 1', 3],
    ['SELECT i FROM t', 0],
  ])('rowsChanged of %s', async (sql, expected) => {
    await cursor(async (c) => {
      await c.execute('CREATE TEMP TABLE t AS SELECT range::INT AS i FROM range(5); CREATE TEMP TABLE k (i INT PRIMARY KEY); INSERT INTO k VALUES (1)');
      expect((await c.queryResult(sql)).rowsChanged).toBe(expected);
    });
  });

  test('calls made together run one after the other, in the order they were made', async () => {
    const order: number[] = [];
    await cursor(async (c) => {
      await c.execute('CREATE TEMP TABLE log (i INT)');
      await Promise.all([
        c.execute('INSERT INTO log SELECT 1 FROM range(2000000) HAVING count(hash(range)) > 0').then(() => order.push(1)),
        c.execute('INSERT INTO log VALUES (2)').then(() => order.push(2)),
        c.query('SELECT i FROM log').then((rows) => order.push(rows.length)),
      ]);
    });
    expect(order).toEqual([1, 2, 2]);
  });
});

describe('errors', () => {
  test.each([
    ['SELEC 1', 'Parser Error'], ['SELECT * FROM missing', 'Catalog Error'], ['SELECT missing', 'Binder Error'],
    ["SELECT 'x'::INT", 'Conversion Error'], ["FROM '/no/such/file.parquet'", 'IO Error'], ['SELECT error(\'mine\')', 'Invalid Input Error'],
    ['CREATE TEMP TABLE c (i INT PRIMARY KEY); INSERT INTO c VALUES (1), (1)', 'Constraint Error'],
  ])('%s keeps DuckDB\'s class (%s), its text, and names the SQL\'s start', async (sql, duckdbType) => {
    const error = await rejection(cursor((c) => c.query(sql)));
    expect(error).toBeInstanceOf(runtime.QueryError);
    expect(error).toMatchObject({ name: 'QueryError', code: 'QUERY', duckdbType, retryable: false });
    expect(error.message).toMatch(new RegExp(`^${duckdbType}: [\\s\\S]*\\n\\nin: ${sql.slice(0, 10).replace(/[*(]/g, '\\$&')}`));
    expect((error.cause as Error).message).toMatch(new RegExp(`^${duckdbType}: `));
  });

  test('a long statement is named by its start', async () => {
    const error = await rejection(cursor((c) => c.query(`SELECT missing, ${'1, '.repeat(500)} 1`)));
    expect(error.message).toMatch(/\n\nin: SELECT missing, (1, )+1?,?\.\.\.$/);
  });

  test('a write conflict is retryable', async () => {
    await cursor((c) => c.execute('CREATE TABLE conflict AS SELECT 1 AS i'));
    await using one = await cursor();
    await using two = await cursor();
    await one.execute('BEGIN; UPDATE conflict SET i = 2');
    expect(await rejection(two.execute('UPDATE conflict SET i = 3'))).toMatchObject({ code: 'QUERY', duckdbType: 'TransactionContext Error', retryable: true });
  });
});

describe('the shared instance', () => {
  test('is made once, however many callers race', async () => {
    await Promise.all(Array.from({ length: 64 }, (_, i) => cursor((c) => c.execute(`CREATE TABLE t${i} AS SELECT 1`))));
    expect(await cursor((c) => c.query('SELECT count(*) AS n FROM duckdb_tables()'))).toEqual([{ n: 64 }]);
  });

  test('is made again after its making failed', async () => {
    const broken = freshRuntime(config({ settings: { no_such_setting: 1 } }));
    expect(await rejection(broken.cursor((c) => c.query('SELECT 1')))).toMatchObject({ code: 'CONFIG' });
    Object.assign(process.env, config({}));
    expect(await broken.cursor((c) => c.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
  });

  test('one database\'s making never waits for another\'s', async () => {
    const order: string[] = [];
    await cursor((c) => c.query('SELECT 1'));
    const other = cursor({ database: 'other' }, (c) => c.query('SELECT 1')).then(() => order.push('other'));
    await cursor((c) => c.query('SELECT 1')).then(() => order.push('default'));
    await other;
    expect(order).toEqual(['default', 'other']);
  });

  test('temporary tables, variables, USE, time zone and open transactions are a cursor\'s own', async () => {
    await using one = await cursor();
    await one.execute("CREATE TEMP TABLE mine AS SELECT 1; SET VARIABLE v = 1; CREATE SCHEMA s; USE s; SET TimeZone = 'Europe/Zurich'; BEGIN");
    await using two = await cursor();
    expect(await rejection(two.query('FROM mine'))).toMatchObject({ duckdbType: 'Catalog Error' });
    expect(await two.queryOne("SELECT getvariable('v') AS v, current_schema() AS s, current_setting('TimeZone') AS tz")).toEqual({ v: null, s: 'main', tz: 'UTC' });
    await two.execute('BEGIN; ROLLBACK');
  });

  test('plain tables, global settings and attached databases are everybody\'s: that is what shared means', async () => {
    await cursor((c) => c.execute("CREATE TABLE everybodys AS SELECT 1 AS i; SET GLOBAL errors_as_json = true; ATTACH ':memory:' AS everywhere"));
    expect(await cursor(async (c) => [
      await c.query('FROM everybodys'),
      await c.query("SELECT current_setting('errors_as_json') AS v"),
      await c.query("SELECT count(*) AS n FROM duckdb_databases() WHERE database_name = 'everywhere'"),
    ])).toEqual([[{ i: 1 }], [{ v: true }], [{ n: 1 }]]);
  });
});

describe('a callback that forgets to wait', () => {
  test.each<[string, (c: any) => unknown]>([
    ['query', (c) => { c.query(SLOW).catch(() => undefined); }],
    ['stream', (c) => { c.stream('FROM range(1000000)')[Symbol.asyncIterator]().next().catch(() => undefined); }],
  ])('%s: it is told to await or return the call', async (_, callback) => {
    expect(await rejection(cursor(callback as never))).toMatchObject({ code: 'BUSY', message: expect.stringContaining('await the call in an async callback, or return it') });
  });

  test('in an async callback the call that it ends is told so', async () => {
    let forgotten!: Promise<unknown>;
    await cursor(async (c) => { forgotten = rejection(c.query(SLOW)); });
    expect(await forgotten).toMatchObject({ code: 'CLOSED', message: expect.stringContaining('await the call, or return it') });
  });

  test('one that has lost a race of its own making has its value all the same', async () => {
    expect(await cursor(async (c) => Promise.race([c.query(SLOW), sleep(10, 'too slow')]))).toBe('too slow');
  });
});

describe('transactions', () => {
  beforeEach(() => cursor((c) => c.execute('CREATE TABLE t (i INT)')));
  const count = () => cursor(async (c) => (await c.queryOne<{ n: number }>('SELECT count(*) AS n FROM t'))!.n);

  test('commit, with the callback\'s value', async () => {
    expect(await cursor((c) => c.transaction(async (t) => {
      await t.execute('INSERT INTO t VALUES (1)');
      expect(await count()).toBe(0);
      return 'value';
    }))).toBe('value');
    expect(await count()).toBe(1);
  });

  test('roll back when the callback throws, with its error', async () => {
    const boom = new Error('boom');
    await cursor(async (c) => {
      expect(await rejection(c.transaction(async (t) => {
        await t.execute('INSERT INTO t VALUES (1)');
        throw boom;
      }))).toBe(boom);
      await c.transaction((t) => t.execute('INSERT INTO t VALUES (2)'));
    });
    expect(await count()).toBe(1);
  });

  test('COMMIT of an aborted transaction says OK and has rolled back: here it is an error', async () => {
    await cursor(async (c) => {
      await c.execute('BEGIN; INSERT INTO t VALUES (1)');
      await rejection(c.query("SELECT 'x'::INT FROM t"));
      await c.execute('COMMIT');
      expect(await count()).toBe(0);

      const error = await rejection(c.transaction(async (t) => {
        await t.execute('INSERT INTO t VALUES (1)');
        await rejection(t.query("SELECT 'x'::INT FROM t"));
      }));
      expect(error).toMatchObject({ code: 'QUERY', message: expect.stringContaining('the transaction was rolled back') });
      expect(await c.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });
    expect(await count()).toBe(0);
  });

  test('a transaction within a transaction is an error that leaves the outer one as it is', async () => {
    await cursor(async (c) => {
      await c.execute('CREATE TABLE outer_one (n INTEGER)');
      await c.transaction(async (t) => {
        await t.execute('INSERT INTO outer_one VALUES (1)');
        expect(await rejection(t.transaction(async () => 1))).toMatchObject({ code: 'BUSY', message: expect.stringContaining('DuckDB does not nest transactions') });
      });
      expect(await c.query('FROM outer_one')).toEqual([{ n: 1 }]);
      expect(await c.transaction(async () => 'another')).toBe('another');
    });
  });

  test('a cursor that ends inside its transaction says so', async () => {
    expect(await rejection(cursor((c) => c.transaction(async () => c.close())))).toMatchObject({ code: 'CLOSED' });
  });

  test('closing a cursor inside a transaction rolls back', async () => {
    await cursor((c) => c.execute('BEGIN; INSERT INTO t VALUES (1)'));
    expect(await count()).toBe(0);
  });
});

describe('what breaks DuckDB\'s instance', () => {
  /** In DuckDB 1.5.5 a parameter whose type nothing tells. */
  const BREAKS = 'SELECT typeof($x), $x::VARCHAR';

  test.each<[string, (c: any) => Promise<unknown>]>([
    ['query', (c) => c.query(BREAKS, { x: 'a' })],
    ['stream', async (c) => { for await (const _ of c.stream(BREAKS, { x: 'a' })) continue; }],
    ['script', (c) => c.execute(`SELECT 1; ${BREAKS}`, { x: 'a' })],
  ])('by %s: FATAL and retryable at once, which names the statement and shows no addresses; the next caller gets a new instance', async (_, call) => {
    const c = await cursor();
    const error = await rejection(call(c));
    expect(error).toMatchObject({ code: 'FATAL', retryable: true, duckdbType: 'INTERNAL Error', message: expect.stringContaining(BREAKS) });
    expect(`${inspect(error, { depth: 5 })}`).not.toMatch(/Stack Trace|libduckdb|_ZN/);
    expect(await rejection(c.query('SELECT 1'))).toMatchObject({ code: 'CLOSED', message: expect.stringContaining('its DuckDB instance broke') });
    expect(await cursor((another) => another.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
  });

  test('others who have a cursor on it are told FATAL, and get a new one', async () => {
    await cursor(async (other) => {
      await rejection(cursor((c) => c.query(BREAKS, { x: 'a' })));
      expect(await rejection(other.query('SELECT 1'))).toMatchObject({ code: 'FATAL', retryable: true });
    });
    expect(await cursor((c) => c.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
  });

  test('a session ends, and gives back its memory; a DuckDB is opened anew, with what its file holds', async () => {
    const { session, DuckDB, memoryBudget } = runtime;
    const s = await session({ memory: 50 });
    expect(await rejection(s.query(BREAKS, { x: 'a' }))).toMatchObject({ code: 'FATAL' });
    expect(await rejection(s.query('SELECT 1'))).toMatchObject({ code: 'CLOSED' });
    await s.close();
    expect(memoryBudget().shares).toBe(0);

    await using database = new DuckDB({ dbName: `broken-${process.pid}.duckdb`, cleanOnStart: true, memory: 50 });
    await database.cursor((c) => c.execute('CREATE TABLE kept AS SELECT 42 AS answer'));
    expect(await rejection(database.cursor((c) => c.query(BREAKS, { x: 'a' })))).toMatchObject({ code: 'FATAL' });
    expect(await database.cursor((c) => c.query('FROM kept'))).toEqual([{ answer: 42 }]);
  });
});

describe('a signal', () => {
  const SOON = 100;

  test.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
    ['of the call', (signal) => cursor((c) => c.query(SLOW, undefined, { signal }))],
    ['of the cursor', (signal) => cursor({ signal }, (c) => c.query(SLOW))],
    ['of both', (signal) => cursor({ signal: new AbortController().signal }, (c) => c.query(SLOW, undefined, { signal }))],
  ])('%s rejects at once, without waiting for DuckDB', async (_, run) => {
    await cursor((c) => c.query('SELECT 1'));
    let late = false;
    const signal = AbortSignal.timeout(SOON);
    // Timers keep their order however busy the machine is.
    const timer = setTimeout(() => late = true, SOON + 300);
    const error = await rejection(run(signal));
    clearTimeout(timer);
    expect(late).toBe(false);
    expect(error).toMatchObject({ code: 'TIMEOUT', name: 'TimeoutError', retryable: true, message: expect.stringContaining('SELECT count(*) AS n FROM range(100000)') });
  });

  test('null is none, as for fetch', async () => {
    const signal = null as never;
    const { session, DuckDB } = runtime;
    expect(await cursor({ signal }, (c) => c.query('SELECT 1 AS one', [], { signal }))).toEqual([{ one: 1 }]);
    expect(await session({ signal }, (s) => s.transaction((t) => t.query('SELECT 1 AS one'), { signal }))).toEqual([{ one: 1 }]);
    await using database = new DuckDB();
    expect(await database.cursor({ signal }, (c) => c.withConnection(async () => 'lent', { signal }))).toBe('lent');
  });

  test.each<[unknown, string]>([
    [new AbortController(), '{}'], ['soon', '"soon"'], [5, '5'], [{}, '{}'],
  ])('what is not a signal is refused, and nothing is left open: %p', async (given, received) => {
    const signal = given as never;
    const { session, DuckDB, memoryBudget } = runtime;
    await using database = new DuckDB({ memory: 50 });
    await database.cursor((c) => c.query('SELECT 1'));
    const calls = [
      () => cursor({ signal }, (c) => c.query('SELECT 1')), () => cursor({ signal }), () => session({ signal }), () => database.cursor({ signal }),
      () => cursor((c) => c.query('SELECT 1', [], { signal })), () => cursor((c) => c.transaction(async () => 1, { signal })),
      () => cursor(async (c) => { for await (const _rows of c.stream('SELECT 1', [], { signal })) continue; }),
    ];
    for (const call of calls) {
      const error = await rejection(call() as Promise<unknown>);
      expect(error).toMatchObject({ code: 'CONFIG', message: `signal is ${received}, expected an AbortSignal, such as the signal of an AbortController` });
    }
    expect(memoryBudget().shares).toBe(1);
  });

  test('need not be the platform\'s own', async () => {
    const { cursor: anyCursor, session } = runtime;
    const signal = () => {
      const target = Object.assign(new EventTarget(), { aborted: false, reason: undefined as unknown });
      setTimeout(() => {
        target.aborted = true;
        target.reason = new Error('polyfilled');
        target.dispatchEvent(new Event('abort'));
      }, SOON);
      return target;
    };
    const never = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };
    for (const run of [
      () => anyCursor({ signal: signal() }, (c) => c.query(SLOW)),
      () => anyCursor({ signal: never }, (c) => c.query(SLOW, undefined, { signal: signal() })),
      () => session({ signal: signal() }, (s) => s.query(SLOW)),
    ]) expect(await rejection(run())).toMatchObject({ code: 'ABORTED', message: expect.stringContaining('polyfilled') });
  });

  test('an abort with a reason', async () => {
    const controller = new AbortController();
    const running = rejection(cursor((c) => c.query(SLOW, undefined, { signal: controller.signal })));
    setTimeout(() => controller.abort(new Error('the client hung up')), SOON);
    expect(await running).toMatchObject({ code: 'ABORTED', name: 'AbortedError', retryable: false, message: expect.stringContaining('the client hung up') });
  });

  test.each([null, 0, 'text'])('an abort with the reason %p, which is no error', async (reason) => {
    const controller = new AbortController();
    const running = rejection(cursor((c) => c.query(SLOW, undefined, { signal: controller.signal })));
    setTimeout(() => controller.abort(reason), SOON);
    expect(await running).toMatchObject({ code: 'ABORTED', cause: reason });
  });

  test('that is aborted already starts nothing', async () => {
    await cursor(async (c) => {
      expect(await rejection(c.execute('CREATE TABLE never AS SELECT 1', undefined, { signal: AbortSignal.abort() }))).toMatchObject({ code: 'ABORTED' });
      expect(await c.query('SELECT count(*) AS n FROM duckdb_tables()')).toEqual([{ n: 0 }]);
    });
    expect(await rejection(cursor({ signal: AbortSignal.abort() }, (c) => c.query('SELECT 1')))).toMatchObject({ code: 'ABORTED' });
  });

  test('stops a script between its statements', async () => {
    await cursor((c) => c.execute('CREATE TABLE log (i INT)'));
    const script = Array.from({ length: 2000 }, (_, i) => `INSERT INTO log VALUES (${i})`).join(';');
    await rejection(cursor((c) => c.execute(script, undefined, { signal: AbortSignal.timeout(20) })));
    const count = () => cursor((c) => c.queryOne<{ n: number }>('SELECT count(*) AS n FROM log'));
    await sleep(50);
    const soon = await count();
    await sleep(100);
    expect(await count()).toEqual(soon);
    expect(soon!.n).toBeLessThan(2000);
  });

  test('ends its cursor: the state of the connection is unknown. Others go on', async () => {
    await using c = await cursor();
    await using other = await cursor();
    await rejection(c.query(SLOW, undefined, { signal: AbortSignal.timeout(20) }));
    expect(await rejection(c.query('SELECT 1'))).toMatchObject({ code: 'CLOSED', message: expect.stringContaining('ended when a query on it was aborted') });
    expect(await other.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('while it waits for its turn leaves the query before it alone', async () => {
    await using c = await cursor();
    const first = c.query('SELECT count(hash(range)) AS n FROM range(20000000)');
    expect(await rejection(c.query('SELECT 2', undefined, { signal: AbortSignal.timeout(5) }))).toMatchObject({ code: 'TIMEOUT' });
    expect(await first).toEqual([{ n: 20_000_000 }]);
    expect(await c.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

test('what waits for its turn on a cursor that was given up, or closed, does not wait for DuckDB, which may be slow to notice', async () => {
  for (const end of ['abort', 'close']) {
    const c = await cursor();
    // Stands for what DuckDB cannot interrupt.
    let settle!: () => void;
    const controller = new AbortController();
    const busy = c.withConnection(() => new Promise<void>((resolve) => settle = resolve), { signal: controller.signal }).catch(() => undefined);
    await sleep(10);
    const waiting = rejection(c.query('SELECT 1'));
    const closing = end === 'abort' ? controller.abort() : c.close();
    expect(await waiting).toMatchObject({ code: 'CLOSED' });
    settle();
    await Promise.all([closing, busy]);
  }
});

test('closing a cursor with a query in flight interrupts it, and does not deadlock', async () => {
  const c = await cursor();
  const running = rejection(c.query(SLOW));
  const queued = rejection(c.query('SELECT 1'));
  await sleep(50);
  const started = performance.now();
  await c.close();
  // Of the minutes that it would take.
  expect(performance.now() - started).toBeLessThan(5_000);
  expect(await running).toMatchObject({ code: 'CLOSED' });
  expect(await queued).toMatchObject({ code: 'CLOSED' });
});

test('what waits for a thread when its cursor is closed never runs', async () => {
  await cursor((c) => c.execute('CREATE TABLE log (i INT)'));
  const busy = await Promise.all([1, 2].map(() => cursor()));
  const slow = busy.map((c) => rejection(c.query(SLOW)));
  const c = await cursor();
  const waiting = rejection(c.execute('INSERT INTO log VALUES (1)'));
  await sleep(20);
  await c.close();
  expect(await waiting).toMatchObject({ code: 'CLOSED' });
  expect(await rejection(cursor((other) => other.query('SELECT 1', undefined, { signal: AbortSignal.timeout(20) })))).toMatchObject({ code: 'TIMEOUT' });
  await Promise.all(busy.map((other) => other.close()));
  await Promise.all(slow);
  expect(await cursor((other) => other.query('SELECT count(*) AS n FROM log'))).toEqual([{ n: 0 }]);
});

test('closing at the very tick of a query does not lose the interrupt', async () => {
  for (let i = 0; i < 10; i++) {
    const c = await cursor();
    const running = rejection(c.query(SLOW));
    await c.close();
    expect(await running).toMatchObject({ code: 'CLOSED' });
  }
});

test('withConnection lends the client\'s own connection, and nothing else runs meanwhile', async () => {
  await cursor(async (c) => {
    await c.execute('CREATE TEMP TABLE t (i INT)');
    const order: string[] = [];
    const lent = c.withConnection(async (connection) => {
      const appender = await connection.createAppender('t');
      for (let i = 0; i < 1000; i++) {
        appender.appendInteger(i);
        appender.endRow();
      }
      appender.closeSync();
      await sleep(20);
      order.push('lent');
    });
    const counted = c.query('SELECT count(*) AS n FROM t').then((rows) => {
      order.push('counted');
      return rows;
    });
    await lent;
    expect(await counted).toEqual([{ n: 1000 }]);
    expect(order).toEqual(['lent', 'counted']);
  });
});

test('queries leave libuv\'s pool two threads: file reads do not wait for them', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  // They run for minutes: a file read that had to wait for one of them would not come back in this test's time.
  const queries = Promise.all(Array.from({ length: 8 }, () => rejection(cursor((c) => c.query(SLOW, [], { signal })))));
  await sleep(50);
  await readFile(__filename);
  controller.abort();
  expect(await queries).toEqual(Array(8).fill(expect.objectContaining({ code: 'ABORTED' })));
});
