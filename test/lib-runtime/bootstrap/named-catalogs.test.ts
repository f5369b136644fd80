import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryDirectory } from '../../temporary-directory';
import { valuesOf } from '../built-runtime';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { says } from '../says';
import { signedExtensions } from '../signed-extensions';

/** A runtime with a step for each catalog, which attaches it, and why each step ran: an error, or the text of a statement. */
function recorded(...catalogs: string[]): { runtime: Runtime; runs: string[] } {
  const runtime = freshRuntime(config({ steps: catalogs.map((name) => ({ name, type: 'recorded', provides: [name] })) }));
  const runs: string[] = [];
  runtime.registerBootstrapStep('recorded', {
    run: async (connection, _, { name, error }) => {
      runs.push(error ?? 'text');
      await connection.run(`ATTACH ':memory:' AS ${name}; CREATE TABLE ${name}.t AS SELECT 42 AS x; CREATE MACRO ${name}.f(a) AS a + 1`);
    },
  });
  return { runtime, runs };
}

describe('a step whose catalog the text names runs before DuckDB binds the statement', () => {
  test.each([
    'FROM lake.t', 'FROM "LAKE".main.t', 'SELECT lake.f(1)', 'SELECT 1; FROM lake.t', 'CREATE TABLE copied AS FROM lake.t', 'DROP TABLE lake.t', 'USE lake', "FROM query('FROM lake.t')", "PRAGMA table_info('lake.t')",
  ])('%s', async (sql) => {
    const { runtime, runs } = recorded('lake');
    await runtime.cursor((c) => c.query(sql));
    expect(runs).toEqual(['text']);
  });

  test('also with parameters, in a stream, and in a transaction', async () => {
    const { runtime, runs } = recorded('lake', 'pond');
    expect(await runtime.cursor((c) => c.query('SELECT lake.f(x) AS y FROM lake.t WHERE x = $1', [42]))).toEqual([{ y: 43 }]);
    await runtime.cursor((c) => c.transaction(async (t) => {
      for await (const rows of t.stream('FROM pond.t')) expect(rows).toEqual([{ x: 42 }]);
    }));
    expect(runs).toEqual(['text', 'text']);
  });

  test('what the text does not show is found by the binding error', async () => {
    const { runtime, runs } = recorded('lake');
    await runtime.session(async (s) => {
      await s.execute('CREATE VIEW v AS FROM lake.t; DETACH lake');
      expect(await s.query('FROM v')).toEqual([{ x: 42 }]);
    });
    const { runtime: another, runs: later } = recorded('lake');
    await another.cursor((c) => c.execute("SET search_path = 'lake.main'"));
    expect([runs, later]).toEqual([['text', expect.stringMatching(/^Catalog Error: Table with name "lake.t"/)], [expect.stringMatching(/^Catalog Error: SET search_path/)]]);
  });

  test.each([
    'SELECT 1 -- FROM lake.t', "SELECT 'lake.t'", 'SELECT lake.x FROM (SELECT 1 AS x) AS lake', 'WITH lake AS (SELECT 1 AS x) FROM lake', "SELECT coalesce(NULL, 'lake')", 'DETACH DATABASE IF EXISTS lake',
    "ATTACH ':memory:' AS lake; CREATE TABLE lake.own (i INT)", 'CREATE TABLE IF NOT EXISTS lake (lake INT)', 'DROP TABLE IF EXISTS lake',
  ])('it does not run for: %s', async (sql) => {
    const { runtime, runs } = recorded('lake');
    await runtime.cursor((c) => c.query(sql));
    expect(runs).toEqual([]);
  });

  test('nor while the user has attached a catalog of that name', async () => {
    const { runtime, runs } = recorded('lake');
    await runtime.session(async (s) => {
      await s.execute("ATTACH ':memory:' AS Lake; CREATE TABLE lake.t AS SELECT 'own' AS x");
      expect(await s.query('FROM lake.t')).toEqual([{ x: 'own' }]);
      await s.execute('DETACH lake');
      expect(runs).toEqual([]);
      expect(await s.query('FROM lake.t')).toEqual([{ x: 42 }]);
      expect(runs).toEqual(['text']);
    });
  });

  test('what reads the text is loaded only once the name of a catalog that is not attached stands in it', async () => {
    const lake = { name: 'lake', type: 'sql', provides: ['lake'], config: { statements: ["ATTACH ':memory:' AS lake"] } };
    const script = `
      const { cursor } = require('cdk-duckdb-lambda/runtime');
      const isLoaded = () => Object.keys(require.cache).some((file) => file.endsWith('catalog-names.js'));
      cursor(async (c) => {
        const answers = [];
        for (const sql of ['SELECT 1 AS lakes', 'FROM range(1)', "SELECT 'lake'"]) {
          await c.query(sql);
          answers.push(isLoaded());
        }
        console.log(JSON.stringify(answers));
      });`;
    expect((await valuesOf(script, { format: 'commonjs', env: config({ steps: [lake] }) })).at(-1)).toEqual([false, false, true]);
  });

  test('a statement that names several catalogs waits for their steps together', async () => {
    const names = ['lake', 'pond', 'sea'];
    const runtime = freshRuntime(config({ steps: [...names, 'never'].map((name) => ({ name, type: 'meeting', provides: [name] })) }));
    let running = 0;
    const runningTogether: number[] = [];
    runtime.registerBootstrapStep('meeting', {
      run: async (connection, _, { name }) => {
        running += 1;
        for (let waited = 0; running < names.length && waited < 200; waited += 1) await sleep(10);
        runningTogether.push(running);
        await connection.run(`ATTACH ':memory:' AS ${name}; CREATE TABLE ${name}.t AS SELECT 1 AS x`);
      },
    });
    expect(await runtime.cursor((c) => c.queryOne('SELECT count(*) AS n FROM lake.t, pond.t, (FROM sea.t)'))).toEqual({ n: 1 });
    expect(runningTogether).toEqual([3, 3, 3]);
  });
});

describe('a step that fails', () => {
  const broken = { name: 'broken', type: 'sql', provides: ['broken'], config: { statements: ['FROM not_there'] } };
  const start = async () => freshRuntime({ ...config({ extensions: ['avro', 'iceberg'], steps: [broken] }), DUCKDB_EXTENSIONS_DIR: await signedExtensions('avro', 'iceberg') });

  test.each([
    'FROM broken.t', 'FROM broken.t AT (VERSION => 1)', 'FROM broken.snapshots()', 'SELECT broken.f(1)', 'DROP VIEW broken.v', "SELECT nextval('broken.n')", "FROM iceberg_snapshots('broken.s.t')",
    'FROM iceberg_snapshots(broken.s.t)', "FROM query('FROM broken.t AT (VERSION => 1)')",
  ])('is the error of a statement that fails without it, whatever DuckDB says: %s', async (sql) => {
    const { cursor } = await start();
    expect(await rejection(cursor((c) => c.query(sql)))).toMatchObject({ code: 'BOOTSTRAP', message: expect.stringMatching(/^the bootstrap step "broken" failed: .*not_there/) });
  });

  test.each(['DROP TABLE IF EXISTS broken.t', 'DROP TABLE IF EXISTS broken.s.t', 'ALTER TABLE IF EXISTS broken.t ADD COLUMN y INT'])('and of a statement that DuckDB would ignore without it: %s', async (sql) => {
    const { cursor } = await start();
    expect(await rejection(cursor((c) => c.execute(sql)))).toMatchObject({ code: 'BOOTSTRAP' });
  });

  test('but fails no statement that did not need it, and hides no error that is not its own', async () => {
    const { cursor } = await start();
    await cursor((c) => c.execute("CREATE TABLE t AS SELECT {'x': 1} AS broken"));
    expect(await cursor((c) => c.query('SELECT broken.x FROM t'))).toEqual([{ x: 1 }]);
    expect(await rejection(cursor((c) => c.query("SELECT broken.x, error('odd') FROM t")))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('odd') });
  });

  test('DuckDB takes an unattached Iceberg table for a path', async () => {
    const { cursor } = await start();
    says('ICEBERG_SCAN.notATable', (await rejection(cursor((c) => c.query("FROM iceberg_snapshots('other.s.t')")))).message);
  });
});

describe('DuckLake, attached by SQL', () => {
  let environment: Record<string, string>;
  const start = () => freshRuntime(environment);

  beforeAll(async () => {
    const directory = temporaryDirectory();
    const statements = [`ATTACH 'ducklake:${join(directory, 'lake.ducklake')}' AS lake (DATA_PATH '${join(directory, 'data')}/')`];
    environment = {
      ...config({ extensions: ['ducklake'], steps: [{ name: 'lake', type: 'sql', provides: ['lake'], config: { statements } }] }),
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('ducklake'),
    };
    const { DuckDB } = start();
    const database = new DuckDB();
    await database.cursor((c) => c.execute('CREATE TABLE lake.t AS SELECT 1 AS x; INSERT INTO lake.t VALUES (2)'));
    await database.destroy();
  });

  test.each([
    ['FROM lake.t AT (VERSION => 1)', [{ x: 1 }]],
    ["FROM query('FROM lake.t AT (VERSION => 1)')", [{ x: 1 }]],
    ['WITH a AS (FROM lake.t AT (VERSION => 2)) SELECT max(x) AS x FROM a', [{ x: 2 }]],
    ['SELECT count(*) > 2 AS many FROM lake.snapshots()', [{ many: true }]],
    ["SELECT count(*) > 2 AS many FROM ducklake_snapshots('lake')", [{ many: true }]],
    ['SELECT count(*) > 0 AS some FROM lake.options()', [{ some: true }]],
    ["CALL lake.set_option('parquet_compression', 'zstd')", expect.anything()],
    ['CREATE OR REPLACE TABLE copied AS FROM lake.t AT (VERSION => 1)', expect.anything()],
  ])('%s', async (sql, rows) => {
    const { session } = start();
    expect(await session((s) => s.query(sql))).toEqual(rows);
  });

  test('DROP TABLE IF EXISTS drops', async () => {
    for (const name of ['lake.dropped', 'lake.main.dropped']) {
      const { session: first } = start();
      await first((s) => s.execute('CREATE TABLE lake.dropped (i INT)'));
      const { session: second } = start();
      await second((s) => s.execute(`DROP TABLE IF EXISTS ${name}`));
      const { session: third } = start();
      expect(await third((s) => s.query("SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake' AND table_name = 'dropped'"))).toEqual([]);
    }
  });
});
