import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ThreadCount } from '../../../lib-runtime/instance/thread-count';
import type { Limits } from '../../../lib-runtime/memory/limits';
import { guardMemory } from '../../../lib-runtime/memory/memory-guard';
import { type FarS3Server, startFarS3 } from '../../bed';
import { describeWith } from '../../bed/require';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { config } from '../runtime-config';
import { signedExtensions } from '../signed-extensions';

const ROW_GROUPS = 20;
const FILE = "'s3://lake/many-groups.parquet'";
const READ = `SELECT sum(id)::BIGINT AS total FROM ${FILE}`;
const TOTAL = [{ total: ROW_GROUPS * 2048 * (ROW_GROUPS * 2048 - 1) / 2 }];
const THREADS = "SELECT current_setting('threads')::INTEGER AS n";

describeWith('openssl', 'threads for remote files', () => {
  let s3: FarS3Server;
  let baked: string;

  beforeAll(async () => {
    [s3, baked] = await Promise.all([startFarS3({ delayMs: 25 }), signedExtensions('httpfs')]);
    mkdirSync(join(s3.dir, 'lake'));
    await freshRuntime().session({ settings: { threads: 1 } }, async (s) => {
      await s.execute(`COPY (SELECT i AS id, hash(i) AS noise FROM range(${ROW_GROUPS * 2048}) t(i))
        TO '${join(s3.dir, 'lake/many-groups.parquet')}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
    });
  });
  afterAll(() => s3?.stop());

  function runtime({ memory = '1769', settings = {}, extensions = ['httpfs'], steps = [] as object[] } = {}): Runtime {
    return freshRuntime({
      DUCKDB_EXTENSIONS_DIR: baked,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: s3.region,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      ...(memory && { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory }),
      ...config({
        extensions,
        steps: [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/'] } }, ...steps as [{ name: string; type: string }]],
        settings: extensions.length === 0 ? {} : { ca_cert_file: s3.caFile, ...settings },
      }),
    });
  }

  async function mostAtOnce(task: () => Promise<unknown>): Promise<number> {
    await s3.reset();
    await task();
    return (await s3.traffic()).mostAtOnce;
  }

  test.each([['512', 4, 1], ['1769', 16, 1], ['3008', 16, 2]])('with %s MB, %d threads send requests side by side', async (memory, n, vcpus) => {
    const { cursor } = runtime({ memory });
    const seen = await mostAtOnce(async () => expect(await cursor((c) => c.query(READ))).toEqual(TOTAL));
    // How many meet depends on the machine; the one that runs the query comes on top.
    expect(seen).toBeGreaterThan(vcpus + 1);
    expect(seen).toBeLessThanOrEqual(n + 1);
    expect(await cursor((c) => c.query(`${THREADS} FROM ${FILE} LIMIT 1`))).toEqual([{ n }]);
  });

  test('a stream too, until it has ended', async () => {
    const { cursor } = runtime();
    await cursor(async (c) => {
      let during = 0;
      for await (const _ of c.stream(`SELECT id FROM ${FILE}`)) during ||= (await cursor((other) => other.queryOne<{ n: number }>(THREADS)))!.n;
      expect(during).toBe(16);
      expect(await c.query(THREADS)).toEqual([{ n: 1 }]);
    });
  });

  test('what computes has a thread for each vCPU, also after remote files were read', async () => {
    const { cursor } = runtime({ memory: '3008' });
    await cursor(async (c) => {
      expect(await c.query(THREADS)).toEqual([{ n: 2 }]);
      await c.query(READ);
      expect(await c.query(THREADS)).toEqual([{ n: 2 }]);
      expect(await c.query(`${THREADS.replace('AS n', 'AS n, (SELECT count(*) FROM')} ${FILE}) AS rows`)).toMatchObject([{ n: 16 }]);
    });
  });

  test.each<[string, (sql: string) => [string, unknown?]]>([
    ['in a parameter', () => ['SELECT current_setting(\'threads\')::INTEGER AS n FROM read_parquet($file) LIMIT 1', { file: 's3://lake/many-groups.parquet' }]],
    ['in a list parameter', () => ['SELECT current_setting(\'threads\')::INTEGER AS n FROM read_parquet($1::VARCHAR[]) LIMIT 1', [['s3://lake/many-groups.parquet']]]],
    ['behind a view', () => ['SELECT current_setting(\'threads\')::INTEGER AS n FROM far LIMIT 1']],
    ['behind a view of a view', () => ['SELECT current_setting(\'threads\')::INTEGER AS n FROM "further away" LIMIT 1']],
    ['behind a macro', () => ['SELECT current_setting(\'threads\')::INTEGER AS n FROM tabled(1) LIMIT 1']],
  ])('URLs are seen %s', async (_, statement) => {
    const views = [`CREATE VIEW far AS FROM ${FILE}`, 'CREATE VIEW "further away" AS FROM far', `CREATE MACRO tabled(x) AS TABLE FROM ${FILE}`];
    const { cursor } = runtime({ steps: [{ name: 'views', type: 'sql', config: { statements: views } }] });
    const [sql, params] = statement('');
    expect(await cursor((c) => c.query(sql, params as []))).toEqual([{ n: 16 }]);
  });

  test('a table made of remote files is local', async () => {
    const { cursor } = runtime();
    await cursor(async (c) => {
      await c.execute(`CREATE TABLE copied AS FROM ${FILE}`);
      expect(await c.query(`${THREADS} FROM copied LIMIT 1`)).toEqual([{ n: 1 }]);
    });
  });

  test('COPY keeps the vCPUs', async () => {
    const { cursor } = runtime();
    expect(await mostAtOnce(() => cursor((c) => c.execute(`COPY (FROM ${FILE}) TO '${join(s3.dir, 'copied.parquet')}'`)))).toBeLessThanOrEqual(2);
  });

  test.each([
    ['a number among the settings', { settings: { threads: '3' } }, 3],
    ['a locked configuration', { settings: { lock_configuration: 'true' } }, 1],
  ])('%s stays', async (_, options, n) => {
    const { cursor } = runtime(options);
    expect(await cursor((c) => c.query(`${THREADS} FROM ${FILE} LIMIT 1`))).toEqual([{ n }]);
  });

  test.each([1, 5, 16])('%d that SQL has SET stays', async (n) => {
    const { cursor } = runtime();
    await cursor(async (c) => {
      await c.query(READ);
      await c.execute(`SET threads = ${n}`);
      expect(await c.query(THREADS)).toEqual([{ n }]);
      expect(await c.query(`${THREADS} FROM ${FILE} LIMIT 1`)).toEqual([{ n }]);
      expect(await c.query(THREADS)).toEqual([{ n }]);
    });
  });

  test('a configuration that SQL locks later is no error', async () => {
    const { cursor } = runtime();
    await cursor(async (c) => {
      await c.execute('SET lock_configuration = true');
      expect(await c.query(READ)).toEqual(TOTAL);
      expect(await c.query(THREADS)).toEqual([{ n: 1 }]);
    });
  });

  test('a session has its own, by its own part of the memory', async () => {
    const { session } = runtime({ memory: '512' });
    expect(await session({ memory: 109 }, (s) => s.query(`${THREADS} FROM ${FILE} LIMIT 1`))).toEqual([{ n: 2 }]);
    expect(await session({ settings: { threads: 1 } }, (s) => s.query(`${THREADS} FROM ${FILE} LIMIT 1`))).toEqual([{ n: 1 }]);
  });

  describe('where row groups are too large for several threads', () => {
    const columns = Array.from({ length: 12 }, (_, index) => index);
    const WIDE = `SELECT ${columns.map((index) => `max(c${index}) AS c${index}`).join(', ')} FROM 's3://lake/wide/*.parquet'`;
    const MEMORY = 218;

    beforeAll(async () => {
      mkdirSync(join(s3.dir, 'lake/wide'));
      const texts = columns.map((index) => `md5(concat_ws(' ', i, ${index})) AS c${index}`).join(', ');
      const file = (index: number) => join(s3.dir, `lake/wide/${index}.parquet`);
      await freshRuntime().session((s) => s.execute(`COPY (SELECT ${texts} FROM range(120000) t(i)) TO '${file(0)}' (FORMAT parquet, ROW_GROUP_SIZE 60000)`));
      for (let index = 1; index < 8; index += 1) copyFileSync(file(0), file(index));
      // One thread needs many requests.
      await s3.setDelay(2);
    }, 60_000);
    afterAll(() => s3?.setDelay(25));

    test('a SELECT runs once more with a thread for each vCPU, and the next with half as many as it had', async () => {
      const expected = await freshRuntime().session((s) => s.query(WIDE.replace('s3://lake', join(s3.dir, 'lake'))));
      await runtime().session({ memory: MEMORY }, async (s) => {
        expect(await s.query(`${THREADS} FROM ${FILE} LIMIT 1`)).toEqual([{ n: 4 }]);
        expect(await s.query(WIDE)).toEqual(expected);
        expect(await s.query(`${THREADS} FROM ${FILE} LIMIT 1`)).toEqual([{ n: 2 }]);
        expect(await s.query(THREADS)).toEqual([{ n: 1 }]);
      });
    }, 60_000);

    test('also if the process is stopped before it takes all of the function\'s memory', async () => {
      const seen: number[] = [];
      let current = 1;
      const connection = { run: async (sql: string) => { current = Number(/THEN (\d+)/.exec(sql)![1]); } };
      const threads = new ThreadCount(1, { memoryBytes: 400_000_000 } as Limits, { withRaw: (task) => task(connection as any) });
      const stopped = () => guardMemory(-1, () => undefined, async () => {
        seen.push(current);
        if (current === 1) return 'right';
        await sleep(100);
        throw new Error('interrupted');
      });
      freshRuntime({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1' });
      expect(await threads.during(true, true, stopped)).toBe('right');
      await expect(threads.during(true, false, stopped)).rejects.toMatchObject({ code: 'RESULT_LIMIT' });
      expect(await threads.during(true, true, stopped)).toBe('right');
      expect(seen).toEqual([8, 1, 4, 2, 1]);
    });

    test('in a transaction it fails', async () => {
      await runtime().session({ memory: MEMORY }, async (s) => {
        await expect(s.transaction((t) => t.query(WIDE))).rejects.toMatchObject({ code: 'QUERY', duckdbType: 'Out of Memory Error' });
      });
    }, 60_000);
  });

  test('many cursors at once, of both kinds: right answers, and vCPUs in the end', async () => {
    const { cursor } = runtime();
    const local = 'SELECT count(*) AS n FROM range(100000)';
    await Promise.all(Array.from({ length: 60 }, async (_, index) => (
      expect(await cursor((c) => c.query<object>(index % 3 === 0 ? local : READ))).toEqual(index % 3 === 0 ? [{ n: 100000 }] : TOTAL)
    )));
    expect(await cursor((c) => c.query(THREADS))).toEqual([{ n: 1 }]);
  }, 60_000);

  test('a function without httpfs, and a laptop, leave the number to DuckDB', async () => {
    const own = (await freshRuntime(config({ extensions: [] })).cursor((c) => c.queryOne<{ n: number }>(THREADS)))!.n;
    const { cursor } = runtime({ extensions: [] });
    expect(await cursor((c) => c.query("SELECT 's3://lake/x' AS url, current_setting('threads')::INTEGER AS n"))).toMatchObject([{ n: 1 }]);
    const laptop = runtime({ memory: '' });
    expect(await laptop.cursor((c) => c.query(`${THREADS} FROM ${FILE} LIMIT 1`))).toEqual([{ n: own }]);
  });
});
