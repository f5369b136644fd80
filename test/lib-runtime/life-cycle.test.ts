import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runScript } from './built-runtime';

// In processes of their own: what these look for would take this one down.

test('an instance is not closed under a connect that has not returned: DuckDB would crash the process', async () => {
  const script = `
    import { DuckDB } from 'cdk-duckdb-lambda/runtime';
    let outcomes = 0;
    for (let round = 0; round < 150; round++) {
      const database = new DuckDB();
      await database.cursor((c) => c.query('SELECT 1'));
      const cursors = Array.from({ length: 64 }, () => database.cursor().then((c) => c.query('SELECT 1')).catch((error) => error.code));
      // Some ticks later than the connects, and each round another number of them.
      for (let tick = round % 16; tick > 0; tick--) await null;
      const destroyed = database.destroy();
      outcomes += (await Promise.all(cursors)).filter((outcome) => outcome === 'CLOSED' || Array.isArray(outcome)).length;
      await destroyed;
    }
    console.log(JSON.stringify(outcomes));
  `;
  expect(await runScript(script)).toEqual({ code: 0, stdout: `${150 * 64}\n`, stderr: '' });
}, 60_000);

test('a transaction that is aborted asks nothing of a connection that is being closed: DuckDB would run it on freed memory', async () => {
  const script = `
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    const slow = 'SELECT count(*) FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 0';
    const codes = new Set();
    // More cursors than threads, so that whatever is asked comes late.
    await Promise.all(Array.from({ length: 6 }, async () => {
      for (let round = 0; round < 100; round++) {
        const c = await cursor();
        const signal = AbortSignal.timeout(5);
        await c.transaction(async (t) => {
          await t.query('SELECT 1');
          await t.query(slow);
        }, { signal }).catch((error) => codes.add(error.code));
        await c.close();
      }
    }));
    console.log(JSON.stringify([...codes]));
  `;
  expect(await runScript(script)).toEqual({ code: 0, stdout: '["TIMEOUT"]\n', stderr: '' });
}, 60_000);

test('whatever is opened, aborted, closed, attached and destroyed in whatever order: only typed errors, and nothing is left', async () => {
  const seed = Date.now() % 1_000_000;
  const script = `
    import { setTimeout as sleep } from 'node:timers/promises';
    import { cursor, session, DuckDB, DuckDbError, memoryBudget } from 'cdk-duckdb-lambda/runtime';

    let state = ${seed};
    const random = (n) => (state = (state * 16807) % 2147483647) % n;
    const pick = (list) => list[random(list.length)];
    const perhaps = (ms) => (random(2) ? { signal: AbortSignal.timeout(random(ms)) } : {});
    const slow = 'SELECT count(*) FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 0';
    const file = process.env.TMP_FILE;
    const statements = [
      slow, 'SELECT 1', 'FROM range(100000)', 'SELECT 1; SELECT 2', 'FROM missing', 'CREATE TEMP TABLE t AS SELECT 1', 'SELECT range, range::VARCHAR FROM range(20000)', 'BEGIN', 'COMMIT',
      "ATTACH '" + file + "' AS f", 'DETACH f', 'SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY hash(range)) r FROM range(200000))',
    ];

    const codes = new Set();
    const surprises = [];
    const note = (error) => (error instanceof DuckDbError && error.code !== 'FATAL' ? codes.add(error.code) : surprises.push(String(error.stack)));
    const read = async (rows) => {
      let left = random(60);
      for await (const _ of rows) if (left-- === 0) break;
    };
    const work = async (c) => {
      const pending = [];
      for (let i = random(4); i >= 0; i--) {
        const sql = pick(statements);
        const options = () => (sql === slow ? { signal: AbortSignal.timeout(random(60)) } : perhaps(60));
        const query = c.query(sql, undefined, options()).catch(note);
        if (random(3)) await query;
        else pending.push(query);
        if (random(8) === 0) await read(c.stream(sql, undefined, options())).catch(note);
        if (random(12) === 0) await c.transaction((t) => t.query('SELECT 1')).catch(note);
      }
      if (random(2)) await Promise.all(pending);
    };
    const operations = [
      () => cursor(perhaps(100), work),
      () => session({ ...perhaps(150), memory: 20 }, work),
      async () => {
        const c = await cursor();
        void work(c).catch(note);
        await sleep(random(20));
        await c.close();
      },
      async () => {
        const database = new DuckDB({ ...random(2) && { dbName: file + random(2) }, memory: 20, cleanOnStart: random(2) === 0 });
        const cursors = [1, 2, 3].map(() => database.cursor(perhaps(100), work).catch(note));
        await (random(2) ? Promise.all(cursors) : sleep(random(50)));
        await database.destroy();
        await Promise.all(cursors);
      },
    ];
    process.on('unhandledRejection', (error) => surprises.push('unhandled: ' + error.stack));

    const end = Date.now() + 6000;
    await Promise.all(Array.from({ length: 8 }, async () => {
      while (Date.now() < end) await pick(operations)().catch(note);
    }));
    const handles = () => process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap');
    // What was aborted settles by itself, a moment later.
    for (const late = Date.now() + 15_000; Date.now() < late && (memoryBudget().shares > 0 || handles().length > 0);) await sleep(50);
    await cursor((c) => c.execute('DETACH DATABASE IF EXISTS f'));
    const { reservedBytes, shares, waiting } = memoryBudget();
    console.log(JSON.stringify({
      surprises, codes: [...codes].sort(), budget: { reservedBytes, shares, waiting },
      files: globalThis[Symbol.for('cdk-duckdb-lambda.files.v1')].size,
      handles: handles(),
    }));
  `;
  const file = join(tmpdir(), `life-cycle-${process.pid}.duckdb`);
  const { code, stdout, stderr } = await runScript(script, { env: { TMP_FILE: file }, timeoutMs: 50_000 });
  rmSync(file, { force: true });
  // Whatever becomes of it, a run can be repeated by its seed.
  expect({ seed, code, stderr }).toEqual({ seed, code: 0, stderr: '' });
  const outcome = JSON.parse(stdout);
  expect({ seed, ...outcome }).toEqual({
    seed,
    surprises: [],
    codes: expect.arrayContaining(['CLOSED', 'QUERY', 'TIMEOUT']),
    budget: { reservedBytes: 0, shares: 0, waiting: 0 },
    files: 0,
    handles: [],
  });
}, 60_000);
