import { existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freshRuntime, type Runtime } from './fresh-runtime';
import { rejection } from './rejection';
import { config } from './runtime-config';

const SLOW = 'SELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 0';

let runtime: Runtime;
let scratch: string;
let file: string;
beforeEach(() => {
  runtime = freshRuntime();
  scratch = mkdtempSync(join(tmpdir(), 'duckdb-'));
  file = join(scratch, 'base_runners.duckdb');
});
afterEach(() => rmSync(scratch, { recursive: true }));

/** Makes a file with one table in it. */
async function make(name = file): Promise<void> {
  await runtime.session(async (s) => {
    await s.attach(name, { as: 'f' });
    await s.execute('CREATE TABLE f.present AS SELECT 1 AS i');
  });
}

test('passed across functions, it is one database until destroy()', async () => {
  const load = (db: InstanceType<Runtime['DuckDB']>) => db.cursor((c) => c.execute('CREATE TABLE runs AS SELECT range AS i FROM range(10)'));
  const report = (db: InstanceType<Runtime['DuckDB']>) => db.cursor((c) => c.queryOne('SELECT sum(i) AS total FROM runs'));
  const database = new runtime.DuckDB({ dbName: file, cleanOnStart: true });
  try {
    await load(database);
    expect(await report(database)).toEqual({ total: 45 });
    expect(existsSync(file)).toBe(true);
  } finally {
    await database.destroy();
  }
  expect(existsSync(file)).toBe(false);
  expect(existsSync(`${file}.wal`)).toBe(false);
});

test('in memory by default, each its own', async () => {
  await using one = new runtime.DuckDB();
  await using two = new runtime.DuckDB({ dbName: ':memory:' });
  await one.cursor((c) => c.execute('CREATE TABLE t AS SELECT 1'));
  expect(await two.cursor((c) => c.query('SELECT count(*) AS n FROM duckdb_tables()'))).toEqual([{ n: 0 }]);
});

test('opens at first use, once however many callers race', async () => {
  await using database = new runtime.DuckDB({ dbName: file });
  expect(existsSync(file)).toBe(false);
  const cursors = await Promise.all(Array.from({ length: 8 }, () => database.cursor()));
  await Promise.all(cursors.map((c, i) => c.execute(`CREATE TABLE t${i} AS SELECT 1`)));
  expect(await cursors[0]!.query('SELECT count(*) AS n FROM duckdb_tables()')).toEqual([{ n: 8 }]);
  await Promise.all(cursors.map((c) => c.close()));
});

test('a bare name lies in the temporary directory', async () => {
  const name = `duckdb-${process.pid}.duckdb`;
  await using database = new runtime.DuckDB({ dbName: name });
  await database.cursor((c) => c.query('SELECT 1'));
  expect(existsSync(join(tmpdir(), name))).toBe(true);
});

test.each(['../up.duckdb', 'a/b.duckdb', '/var/task/x.duckdb', `${tmpdir()}/../etc/x.duckdb`, '', '.', '..', tmpdir()])('dbName %j is refused', (dbName) => {
  expect(() => new runtime.DuckDB({ dbName })).toThrow(expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(`dbName is "${dbName}"`) }));
});

describe('cleanOnStart', () => {
  test('removes file and write-ahead log', async () => {
    await make();
    await using database = new runtime.DuckDB({ dbName: file, cleanOnStart: true });
    expect(await database.cursor((c) => c.query('SELECT count(*) AS n FROM duckdb_tables()'))).toEqual([{ n: 0 }]);
  });

  test('without it the file is as it was', async () => {
    await make();
    await using database = new runtime.DuckDB({ dbName: file });
    expect(await database.cursor((c) => c.query('FROM present'))).toEqual([{ i: 1 }]);
  });

  test('does not touch a file that another instance has open', async () => {
    await using owner = await runtime.session();
    await owner.attach(file, { as: 'f' });
    await owner.execute('CREATE TABLE f.t AS SELECT 7 AS i');
    const database = new runtime.DuckDB({ dbName: file, cleanOnStart: true });
    expect(await rejection(database.cursor((c) => c.query('SELECT 1')))).toMatchObject({ code: 'FILE_IN_USE' });
    expect(await owner.query('FROM f.t')).toEqual([{ i: 7 }]);
    await owner.close();
    expect(await database.cursor((c) => c.query('SELECT count(*) AS n FROM duckdb_tables()'))).toEqual([{ n: 0 }]);
    await database.destroy();
  });
});

describe('destroy()', () => {
  test('keeps a file that was there before', async () => {
    await make();
    const database = new runtime.DuckDB({ dbName: file });
    await database.cursor((c) => c.execute('CREATE TABLE added AS SELECT 2 AS i'));
    await database.destroy();
    expect(existsSync(file)).toBe(true);
    await using again = new runtime.DuckDB({ dbName: file });
    expect(await again.cursor((c) => c.query('FROM added'))).toEqual([{ i: 2 }]);
  });

  test('removes what an opening has left that failed later, unless somebody else has it by now', async () => {
    const failing = freshRuntime(config({ settings: { no_such_setting: 1 } }));
    const database = new failing.DuckDB({ dbName: file });
    expect(await rejection(database.cursor((c) => c.query('SELECT 1')))).toMatchObject({ code: 'CONFIG' });
    expect(existsSync(file)).toBe(true);
    await database.destroy();
    expect(existsSync(file)).toBe(false);
    const other = new failing.DuckDB({ dbName: file });
    await rejection(other.cursor((c) => c.query('SELECT 1')));
    process.env.DUCKDB_LAMBDA_CONFIG = '';
    await failing.session(async (s) => {
      await s.attach(file, { as: 'f' });
      await other.destroy();
      expect(existsSync(file)).toBe(true);
    });
  });

  test('is idempotent, also unused, also at once', async () => {
    const unused = new runtime.DuckDB({ dbName: file });
    await unused.destroy();
    await unused.destroy();
    expect(existsSync(file)).toBe(false);
    const used = new runtime.DuckDB();
    const opening = used.cursor((c) => c.query('SELECT 1')).catch((error) => error);
    await Promise.all([used.destroy(), used.destroy()]);
    await opening;
  });

  test('makes every later use a typed error', async () => {
    const database = new runtime.DuckDB({ dbName: file });
    const c = await database.cursor();
    await database.destroy();
    expect(await rejection(c.query('SELECT 1'))).toMatchObject({ code: 'CLOSED' });
    expect(await rejection(database.cursor((late) => late.query('SELECT 1')))).toMatchObject({
      code: 'CLOSED', message: `this DuckDB (${file}) was destroyed: create another one`,
    });
  });

  test('racing with an opening is a typed error, whichever comes first', async () => {
    for (const delay of [0, 1, 2, 5, 10, 15, 20]) {
      const database = new runtime.DuckDB({ dbName: file });
      const opening = database.cursor((c) => c.query('SELECT 1 AS one')).catch((error) => error);
      await sleep(delay);
      await database.destroy();
      const outcome = await opening;
      expect(Array.isArray(outcome) ? outcome : outcome.code).toEqual(Array.isArray(outcome) ? [{ one: 1 }] : 'CLOSED');
      expect(existsSync(file)).toBe(false);
    }
  });

  test('settles what runs: the query under way is interrupted', async () => {
    const database = new runtime.DuckDB();
    const c = await database.cursor();
    const running = rejection(c.query(SLOW));
    await sleep(50);
    const started = performance.now();
    await database.destroy();
    // Of the minutes that it would take.
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await running).toMatchObject({ code: 'CLOSED' });
  });

  test('does not wait for an aborted query; the file is free when DuckDB has settled', async () => {
    const database = new runtime.DuckDB({ dbName: file });
    // One huge list expression: DuckDB does not look at interrupts inside it.
    await rejection(database.cursor((c) => c.query('SELECT len(list_sort(list_transform(range(6000000), lambda x: hash(x)))) AS n', undefined, { signal: AbortSignal.timeout(100) })));
    const started = performance.now();
    await database.destroy();
    // Of the seconds that it takes.
    expect(performance.now() - started).toBeLessThan(1_500);
    await using next = new runtime.DuckDB({ dbName: file });
    const open = () => next.cursor((c) => c.query('SELECT 1 AS one'));
    const first = await open().catch((error) => error);
    if (!Array.isArray(first)) expect(first).toMatchObject({ code: 'FILE_IN_USE', retryable: true });
    for (;;) {
      const rows = await open().catch(() => sleep(50));
      if (rows) break;
    }
    expect(existsSync(file)).toBe(true);
  });
});

test('one file in two DuckDBs is refused', async () => {
  await using one = new runtime.DuckDB({ dbName: file });
  await using two = new runtime.DuckDB({ dbName: file });
  await one.cursor((c) => c.execute('CREATE TABLE t AS SELECT 1'));
  expect(await rejection(two.cursor((c) => c.query('SELECT 1')))).toMatchObject({ code: 'FILE_IN_USE' });
  expect(await rejection(runtime.session((s) => s.attach(file)))).toMatchObject({ code: 'FILE_IN_USE' });
  await one.destroy();
  expect(await two.cursor((c) => c.query('SELECT count(*) AS n FROM duckdb_tables()'))).toEqual([{ n: 0 }]);
});

test('a file that cannot be opened is a typed error, and the next use tries again', async () => {
  const directory = join(scratch, 'directory.duckdb');
  mkdirSync(directory);
  const database = new runtime.DuckDB({ dbName: directory });
  const error = await rejection(database.cursor((c) => c.query('SELECT 1')));
  expect(error.code).toBe('FATAL');
  expect(error.message).toContain(`cannot open DuckDB at "${directory}"`);
  rmSync(directory, { recursive: true });
  expect(await database.cursor((c) => c.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
  await database.destroy();
});

test('a fatal engine error: typed, and the next caller gets a new instance on the same file', async () => {
  const database = new runtime.DuckDB({ dbName: file });
  const fatal = await rejection(database.cursor(async (c) => {
    await c.execute("CREATE TABLE t AS SELECT 1 AS i; CHECKPOINT; INSERT INTO t VALUES (2); PRAGMA debug_checkpoint_abort = 'before_header'");
    await c.execute('CHECKPOINT');
  }));
  expect(fatal).toMatchObject({ code: 'FATAL', name: 'FatalError', retryable: true, duckdbType: 'FATAL Error' });
  expect(await database.cursor((c) => c.query('SELECT i FROM t ORDER BY i'))).toEqual([{ i: 1 }, { i: 2 }]);
  await database.destroy();
  expect(existsSync(file)).toBe(false);
});

test('a name with a NUL character, which would be another file\'s name, is refused', async () => {
  expect(() => new runtime.DuckDB({ dbName: 'x\0.duckdb' })).toThrow('dbName is "x\\u0000.duckdb", which contains a NUL character');
  await runtime.session(async (s) => {
    expect(await rejection(s.attach('x\0.duckdb'))).toMatchObject({ code: 'CONFIG', message: expect.stringContaining('NUL character') });
  });
});

test('a file that is not a database is FATAL and not retryable', async () => {
  writeFileSync(file, 'x'.repeat(20_000));
  await using database = new runtime.DuckDB({ dbName: file });
  expect(await rejection(database.cursor((c) => c.query('SELECT 1')))).toMatchObject({ code: 'FATAL', retryable: false });
  expect(readFileSync(file, 'utf8')).toHaveLength(20_000);
});

test('one file under two names, hard links of each other, is opened once', async () => {
  await make();
  const other = join(scratch, 'other.duckdb');
  linkSync(file, other);
  await using one = new runtime.DuckDB({ dbName: file });
  await using two = new runtime.DuckDB({ dbName: other });
  await one.cursor((c) => c.query('FROM present'));
  expect(await rejection(two.cursor((c) => c.query('FROM present')))).toMatchObject({ code: 'FILE_IN_USE' });
  expect(await rejection(runtime.session((s) => s.attach(other)))).toMatchObject({ code: 'FILE_IN_USE' });
  await one.destroy();
  expect(await two.cursor((c) => c.query('FROM present'))).toEqual([{ i: 1 }]);
});
