import { valuesOf } from './built-runtime';
import { freshRuntime, type Runtime } from './fresh-runtime';

let runtime: Runtime;
beforeEach(() => runtime = freshRuntime());

test('64 cursors at once: right rows, nothing shared that should not be', async () => {
  await runtime.cursor((c) => c.execute('CREATE TABLE facts AS SELECT range AS i, range % 64 AS k FROM range(64000)'));
  const results = await Promise.all(Array.from({ length: 64 }, (_, k) => runtime.cursor(async (c) => {
    await c.execute('CREATE TEMP TABLE mine AS SELECT $1::INTEGER AS k', [k]);
    await c.execute(`SET VARIABLE k = ${k}`);
    return c.queryOne("SELECT count(*) AS n, sum(i) AS total, getvariable('k') AS k, (SELECT k FROM mine) AS own FROM facts WHERE k = $k", { k });
  })));
  expect(results).toEqual(Array.from({ length: 64 }, (_, k) => ({ n: 1000, total: 1000 * k + 64 * 499_500, k, own: k })));
});

test('64 invocations at once, each with a cursor, a session and a DuckDB', async () => {
  const handler = async (event: number) => {
    await using database = new runtime.DuckDB({ dbName: `invocation-${process.pid}-${event}.duckdb`, memory: 20 });
    return await Promise.all([
      runtime.cursor((c) => c.transaction(async (t) => {
        await t.execute(`CREATE TABLE shared_${event} AS SELECT ${event} AS event`);
        return t.queryOne(`FROM shared_${event}`);
      })),
      runtime.session({ memory: 20 }, async (s) => {
        await s.execute(`CREATE TABLE own AS SELECT ${event} AS event`);
        return s.queryOne('FROM own');
      }),
      database.cursor(async (c) => {
        await c.execute(`CREATE TABLE own AS SELECT ${event} AS event`);
        return c.queryOne('FROM own');
      }),
    ]);
  };
  const events = Array.from({ length: 64 }, (_, event) => event);
  expect(await Promise.all(events.map(handler))).toEqual(events.map((event) => Array(3).fill({ event })));
}, 60_000);

test('each instance spills into a directory of its own: two that share one destroy each other\'s', async () => {
  const directory = async (c: { queryOne: Function }) => (await c.queryOne("SELECT current_setting('temp_directory') AS d")).d as string;
  await using database = new runtime.DuckDB();
  const directories = await Promise.all([
    runtime.cursor(directory), runtime.cursor({ database: 'other' }, directory), runtime.session(directory), runtime.session(directory),
    database.cursor(directory),
  ]);
  expect(new Set(directories).size).toBe(5);
});

test('closed, they are gone: cursors, sessions, DuckDBs, aborted queries leave neither memory nor handles', async () => {
  const script = `
    import { cursor, session, DuckDB } from 'cdk-duckdb-lambda/runtime';
    const slow = 'SELECT count(*) FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 0';
    const state = () => { gc(); return { rss: process.memoryUsage.rss() / 1048576, handles: process.getActiveResourcesInfo().length }; };
    const round = async (times) => {
      for (let i = 0; i < times * 20; i++) await cursor((c) => c.query('SELECT range AS a, range::VARCHAR AS b FROM range(100)'));
      for (let i = 0; i < times; i++) await session((s) => s.execute('CREATE TABLE t AS SELECT hash(range) FROM range(50000)'));
      for (let i = 0; i < times; i++) {
        const database = new DuckDB({ dbName: 'soak-' + process.pid + '.duckdb' });
        await database.cursor((c) => c.execute('CREATE TABLE t AS SELECT hash(range) FROM range(1000)'));
        await database.destroy();
      }
      for (let i = 0; i < times / 2; i++) await cursor((c) => c.query(slow, undefined, { signal: AbortSignal.timeout(2) })).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 100));
    };
    await round(20);
    const before = state();
    await round(60);
    const after = state();
    console.log(JSON.stringify({ grown: Math.round(after.rss - before.rss), handles: after.handles - before.handles }));
  `;
  const [{ grown, handles }] = await valuesOf(script, { env: { NODE_OPTIONS: '--expose-gc' } });
  expect([grown, grown < 25]).toEqual([grown, true]);
  expect(handles).toBeLessThanOrEqual(0);
}, 90_000);

test('DuckDB reports the client as its API', async () => {
  expect(await runtime.cursor((c) => c.queryOne<{ user_agent: string }>('PRAGMA user_agent'))).toEqual({ user_agent: expect.stringContaining('node-neo-api') });
});
