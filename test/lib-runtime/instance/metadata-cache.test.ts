import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cursor } from '../../../lib-runtime';
import { type FarS3Server, operationCounts, startFarS3 } from '../../bed';
import { describeWith } from '../../bed/require';
import { farS3Environment } from '../far-s3-runtime';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { signedExtensions } from '../signed-extensions';

const VERSIONS = 6;
const READ = "SELECT min(v) AS least, max(v) AS most, count(*) AS n, sum(i)::BIGINT AS total FROM 's3://lake/changing.parquet'";
const READ_GLOB = READ.replace('changing.parquet', 'parts/*.parquet');
const WIDE = READ.replace('SELECT ', 'SELECT sum(hash(noise)) > 0 AS some, ');
/** Long enough for everything in a test; `SHORT` is over at once. */
const LONG = 600_000;

describeWith('openssl', 'bounded staleness of remote files', () => {
  let s3: FarS3Server;
  let baked: string;
  const path = (...names: string[]) => join(s3.dir, 'lake', ...names);
  /** Of differing sizes, the third the smallest. */
  const rowsOf = (version: number) => [40_000, 60_000, 90_000, 10_000, 50_000, 70_000][version % VERSIONS]!;
  const answerOf = (version: number) => {
    const n = rowsOf(version);
    return { least: version, most: version, n, total: n * (n - 1) / 2 };
  };
  /** As S3 does it: a reader finds the old object or the new one. */
  const publish = (version: number, to = path('changing.parquet')) => {
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(join(s3.dir, `v${version}.parquet`), `${to}.new`);
    renameSync(`${to}.new`, to);
  };

  beforeAll(async () => {
    [s3, baked] = await Promise.all([startFarS3(), signedExtensions('httpfs')]);
    mkdirSync(path('parts'), { recursive: true });
    await freshRuntime().session(async (s) => {
      for (let version = 0; version < VERSIONS; version++) {
        await s.execute(`COPY (SELECT i, ${version} AS v, hash(i) AS noise FROM range(${rowsOf(version)}) t(i))
          TO '${join(s3.dir, `v${version}.parquet`)}' (FORMAT parquet, ROW_GROUP_SIZE 8192)`);
      }
    });
  }, 60_000);
  afterAll(() => s3?.stop());
  beforeEach(() => publish(0));

  function runtime(step: object = {}, settings: object = {}): Runtime {
    const steps = [
      { name: 's3', type: 's3', config: { scopes: ['s3://lake/'], ...step } },
      { name: 'other', type: 's3', config: { scopes: ['s3://lake/changing'] } },
    ];
    return freshRuntime(farS3Environment(s3, baked, { steps, settings: { http_retries: 0, ...settings } }));
  }

  async function requests(task: () => Promise<unknown>): Promise<number> {
    await s3.reset();
    await task();
    return Object.values(operationCounts(await s3.traffic())).reduce((sum, count) => sum + count, 0);
  }

  describe('within the time, nothing is asked', () => {
    const WAYS: Record<string, (r: Runtime, sql: string) => Promise<unknown>> = {
      'by the call': ({ cursor }, sql) => cursor((c) => c.query(sql, [], { maxStalenessMs: LONG })),
      'by the cursor': ({ cursor }, sql) => cursor({ maxStalenessMs: LONG }, (c) => c.queryOne(sql)),
      'by a call with parameters': ({ cursor }, sql) => cursor((c) => c.query(`${sql} WHERE i >= $1`, [0], { maxStalenessMs: LONG })),
    };

    test.each(Object.entries(WAYS))('%s: of a file', async (_, read) => {
      const r = runtime();
      expect(await requests(() => read(r, READ))).toBeGreaterThan(1);
      expect([await requests(() => read(r, READ)), await requests(() => read(r, READ))]).toEqual([0, 0]);
    });

    test('by the step, and by immutable', async () => {
      for (const step of [{ maxStalenessSeconds: 600 }, { immutable: true }]) {
        const { cursor } = runtime(step);
        const read = () => requests(() => cursor((c) => c.query(READ)));
        expect([await read() > 1, await read(), await read()]).toEqual([true, 0, 0]);
      }
    });

    test('in a session, and on a DuckDB', async () => {
      const { session, DuckDB } = runtime();
      await session({ maxStalenessMs: LONG }, async (s) => {
        await s.query(READ);
        expect(await requests(() => s.query(READ))).toBe(0);
      });
      const database = new DuckDB();
      for (const expected of [false, true]) {
        expect(await requests(() => database.cursor({ maxStalenessMs: LONG }, (c) => c.query(READ))) === 0).toBe(expected);
      }
      await database.destroy();
    });

    test('of a list, and of a glob all but its list', async () => {
      for (const part of [1, 2, 3]) publish(0, path('parts', `${part}.parquet`));
      const { cursor } = runtime({ maxStalenessSeconds: 600 });
      const list = READ.replace("'s3://lake/changing.parquet'", "read_parquet(['s3://lake/parts/1.parquet', 's3://lake/parts/2.parquet'])");
      await cursor((c) => c.query(list));
      expect(await requests(() => cursor((c) => c.query(list)))).toBe(0);
      await cursor((c) => c.query(READ_GLOB));
      expect(await requests(() => cursor((c) => c.query(READ_GLOB)))).toBe(1);
      publish(1, path('parts', '4.parquet'));
      expect(await cursor((c) => c.query(READ_GLOB))).toMatchObject([{ least: 0, most: 1 }]);
      rmSync(path('parts'), { recursive: true });
      mkdirSync(path('parts'));
    });

    test('a file that moves into a glob\'s other file is never lost: the list tells the versions of both', async () => {
      for (const part of [1, 2]) publish(0, path('parts', `${part}.parquet`));
      const { cursor } = runtime({ maxStalenessSeconds: 600 });
      const count = () => cursor((c) => c.queryOne(READ_GLOB.replace('min(v) AS least, max(v) AS most, ', '').replace(', sum(i)::BIGINT AS total', '')));
      expect(await count()).toEqual({ n: 80_000 });
      publish(2, path('parts', '1.parquet'));
      expect(await count()).toEqual({ n: 130_000 });
      rmSync(path('parts', '2.parquet'));
      expect(await count()).toEqual({ n: 90_000 });
      rmSync(path('parts'), { recursive: true });
      mkdirSync(path('parts'));
    });

    const COPY = (version: number) => `COPY (FROM '${join(s3.dir, `v${version}.parquet`)}') TO 's3://lake/changing.parquet' (FORMAT parquet)`;
    const WRITERS: Record<string, (r: Runtime, sql: string) => Promise<unknown>> = {
      'a cursor': ({ cursor }, sql) => cursor((c) => c.execute(sql)),
      'a prepared statement': ({ cursor }, sql) => cursor((c) => c.execute(`PREPARE p AS ${sql}; EXECUTE p`)),
      'a session': ({ session }, sql) => session((s) => s.execute(sql)),
      'a DuckDB': ({ DuckDB }, sql) => new DuckDB().cursor((c) => c.execute(sql)),
    };

    test.each(Object.entries(WRITERS))('what %s of the process has written is seen, each time', async (_, write) => {
      for (const step of [{ maxStalenessSeconds: 600 }, { immutable: true }]) {
        publish(0);
        const r = runtime(step);
        await r.cursor(async (c) => {
          for (const __ of [1, 2]) expect(await c.query(READ)).toEqual([answerOf(0)]);
          for (const version of [1, 2, 0]) {
            await write(r, COPY(version));
            expect(await c.query(READ)).toEqual([answerOf(version)]);
          }
        });
      }
    });

    test('behind a view', async () => {
      const { cursor } = runtime({ maxStalenessSeconds: 600 });
      await cursor((c) => c.execute("CREATE VIEW lake AS FROM 's3://lake/changing.parquet'"));
      const read = () => requests(() => cursor((c) => c.query('SELECT sum(v) FROM lake')));
      expect([await read() > 1, await read()]).toEqual([true, 0]);
    });
  });

  describe('has no effect', () => {
    const asks = async (step: object, task: (c: Cursor) => Promise<unknown>, settings: object = {}) => {
      const { cursor } = runtime(step, settings);
      await cursor(task);
      return requests(() => cursor(task));
    };
    const step = { maxStalenessSeconds: 600 };

    test.each<[string, object, (c: Cursor) => Promise<unknown>]>([
      ['where nobody asks for it', {}, (c) => c.query(READ)],
      ['where the call says 0', step, (c) => c.query(READ, [], { maxStalenessMs: 0 })],
      ['on a stream', step, async (c) => { for await (const _ of c.stream(READ)); }],
      ['in a transaction', step, (c) => c.transaction((t) => t.query(READ))],
      ['in a script', step, (c) => c.query(`SELECT 1; ${READ}`)],
      ['on what is not a SELECT', step, (c) => c.execute(`CREATE OR REPLACE TEMP TABLE copied AS ${READ}`)],
      ['on files that may be others next time', step, (c) => c.query(`${READ} WHERE today() > DATE '2000-01-01'`)],
      ['on files of a step that does not say so', { ...step, scopes: ['s3://lake/parts/'] }, (c) => c.query(READ)],
    ])('%s', async (_, of, task) => {
      expect(await asks(of, task)).toBeGreaterThan(0);
    });

    test('where the configuration is locked', async () => {
      expect(await asks(step, (c) => c.query(READ), { lock_configuration: true })).toBeGreaterThan(0);
    });
  });

  test('has no effect on a cursor whose bootstrap leaves the step out', async () => {
    const { cursor } = runtime({ maxStalenessSeconds: 600 });
    for (const _ of [1, 2]) await cursor((c) => c.query(READ));
    expect(await requests(() => cursor((c) => c.query(READ)))).toBe(0);
    expect(await requests(() => cursor({ bootstrap: [] }, (c) => c.query(READ)))).toBeGreaterThan(0);
  });

  test('what SQL has SET on the connection stays as it is', async () => {
    const { cursor } = runtime();
    await cursor(async (c) => {
      const setting = () => c.queryOne("SELECT current_setting('enable_http_metadata_cache') AS on");
      await c.query(READ, [], { maxStalenessMs: LONG });
      expect(await setting()).toEqual({ on: false });
      await c.execute('SET SESSION enable_http_metadata_cache = true');
      await c.query(READ, [], { maxStalenessMs: LONG });
      expect(await setting()).toEqual({ on: true });
    });
  });

  describe('an object that changes', () => {
    const query = ({ cursor }: Runtime, sql: string, maxStalenessMs?: number) => (
      cursor((c) => c.query<Record<string, unknown>>(sql, [], { maxStalenessMs }))
    );

    test.each([1, 2, 3])('is seen once the time is over, in version %d, and asked for again within the next', async (version) => {
      const r = runtime();
      expect(await query(r, READ, 1)).toEqual([answerOf(0)]);
      publish(version);
      await sleep(5);
      expect(await query(r, READ, 1)).toEqual([answerOf(version)]);
      expect(await query(r, READ, LONG)).toEqual([answerOf(version)]);
      expect(await query(r, READ)).toEqual([answerOf(version)]);
    });

    test('is found with other parameters too: they may decide which files are read', async () => {
      const { cursor } = runtime();
      for (const part of [1, 2]) publish(0, path('parts', `day=${part}`, 'x.parquet'));
      const read = (day: number, maxStalenessMs: number) => cursor((c) => (
        c.queryOne("SELECT max(v) AS v FROM 's3://lake/parts/*/*.parquet' WHERE day = $1", [day], { maxStalenessMs })
      ));
      expect([await read(1, LONG), await read(2, LONG)]).toEqual([{ v: 0 }, { v: 0 }]);
      await sleep(60);
      publish(1, path('parts', 'day=2', 'x.parquet'));
      expect(await read(1, 50)).toEqual({ v: 0 });
      expect(await read(2, 50)).toEqual({ v: 1 });
      rmSync(path('parts'), { recursive: true });
      mkdirSync(path('parts'));
    });

    test.each([1, 2, 3])('is never mixed with what it was, nor old once somebody has seen the new, version %d', async (version) => {
      const r = runtime();
      // Some of its columns are known, and others are not.
      expect(await query(r, READ, LONG)).toEqual([answerOf(0)]);
      publish(version);
      expect(await query(r, WIDE, LONG)).toMatchObject([answerOf(version)]);
      expect(await query(r, WIDE, LONG)).toMatchObject([answerOf(version)]);
      expect(await query(r, READ)).toEqual([answerOf(version)]);
      expect(await query(r, READ, LONG)).toEqual([answerOf(version)]);
    });

    test('and that is gone is an error, as ever', async () => {
      const r = runtime();
      await query(r, READ, LONG);
      rmSync(path('changing.parquet'));
      expect(await rejection(query(r, READ))).toMatchObject({ code: 'QUERY' });
      expect(await rejection(query(r, WIDE, LONG))).toMatchObject({ code: 'QUERY' });
      publish(0);
      expect(await query(r, WIDE, LONG)).toMatchObject([answerOf(0)]);
    });

    /** Reads by `read` while the object is replaced again and again, and asserts that each answer is one version, and no older than it may be. */
    const readUnderOverwrites = async (
      read: (sql: string, maxStalenessMs: number | undefined) => Promise<Record<string, unknown>[]>, kinds: ReadonlyArray<[string, number?]>,
    ) => {
      const history = [{ version: 0, from: performance.now() }];
      let answers = 0;
      let failures = 0;
      let isOver = false;
      const overwriting = (async () => {
        for (let version = 1; version <= 60; version++) {
          const seen = answers + failures;
          await sleep(50);
          // A busy machine reads more slowly than it writes.
          while (answers + failures < seen + 2) await sleep(5);
          publish(version % VERSIONS);
          history.push({ version: version % VERSIONS, from: performance.now() });
        }
        isOver = true;
      })();
      while (!isOver) {
        for (const [sql, maxStalenessMs] of kinds) {
          const started = performance.now();
          try {
            const { least, most, n, total } = (await read(sql, maxStalenessMs))[0] as Record<string, number>;
            expect({ sql, least, most, n, total }).toEqual({ sql, ...answerOf(least!) });
            // It was still published `maxStalenessMs` before the query began, or later.
            const published = history.filter((_, index) => (history[index + 1]?.from ?? Infinity) >= started - (maxStalenessMs ?? 0));
            expect(published.map(({ version }) => version)).toContain(least);
            answers += 1;
          } catch (error) {
            // The object was replaced once more while the statement ran once more.
            if (!(error as Error).message?.match(/ETag on reading file|HTTP 416|outside file/)) throw error;
            expect(error).toMatchObject({ code: 'QUERY', retryable: true });
            failures += 1;
          }
        }
      }
      await overwriting;
      expect(answers).toBeGreaterThan(20);
      expect(failures).toBeLessThan(answers / 10);
      return history.at(-1)!.version;
    };

    test('again and again, under readers of every kind: no answer is mixed, none is older than it may be', async () => {
      const r = runtime({}, { threads: 4 });
      const kinds: Array<[string, number?]> = [[READ], [READ, 100], [WIDE, 100], [READ, LONG], [WIDE], [WIDE, LONG]];
      const last = await readUnderOverwrites((sql, maxStalenessMs) => query(r, sql, maxStalenessMs), kinds);
      expect(await query(r, READ)).toEqual([answerOf(last)]);
      expect(await query(r, WIDE, 0)).toMatchObject([answerOf(last)]);
    }, 60_000);

    // Statements of one instance that overlap may mix versions, as DuckDB shares what it has read: see docs/fast-queries.md.
    test('again and again, under sessions side by side: likewise', async () => {
      const { session } = runtime({}, { threads: 2 });
      const others = [1, 2].map(async (index) => session({ memory: 200 }, async (s) => {
        for (let i = 0; i < 40; i++) await s.query(index % 2 ? READ : WIDE).catch(() => undefined);
      }));
      await session({ memory: 200 }, async (s) => {
        await readUnderOverwrites((sql, maxStalenessMs) => s.query(sql, [], { maxStalenessMs }), [[READ], [WIDE, 100], [READ, LONG]]);
      });
      await Promise.all(others);
    }, 60_000);
  });

  test.each([['-1', -1], ['text', 'long'], ['NaN', NaN]])('maxStalenessMs: %s is refused', async (_, maxStalenessMs) => {
    const { cursor } = runtime();
    expect(await rejection(cursor((c) => c.query('SELECT 1', [], { maxStalenessMs } as object)))).toMatchObject({ code: 'CONFIG', message: expect.stringContaining('maxStalenessMs') });
    expect(readdirSync(path())).toContain('changing.parquet');
  });
});
