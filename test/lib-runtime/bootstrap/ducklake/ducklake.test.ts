import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckLakeBed, startDuckLakeBed } from './ducklake-bed';
import { startPgBouncer } from '../../../bed';
import { describeWith } from '../../../bed/require';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import { rejection } from '../../rejection';

describeWith(['postgres', 'aws'], 'DuckLake as a bootstrap step', () => {
  let bed: DuckLakeBed;
  let writer: Runtime;
  let reader: Runtime;

  beforeAll(async () => {
    bed = await startDuckLakeBed();
    // A runtime reads its environment when it is first used.
    writer = await start(bed.writer());
    await writer.cursor((c) => c.execute('CREATE TABLE lake.sales AS SELECT i AS id, i % 10 AS day, i / 4 AS amount FROM range(1000) r(i)'));
    reader = await start(bed.reader());
    await reader.cursor((c) => c.query('FROM lake.sales LIMIT 1'));
  });
  afterAll(() => bed?.stop());

  const start = async (...steps: object[]) => freshRuntime(await bed.environment(steps));

  test('one step writes, another reads', async () => {
    await writer.cursor((c) => c.execute('CREATE TABLE lake.events AS SELECT i FROM range(1000) r(i); INSERT INTO lake.events VALUES (-1)'));
    expect(await reader.cursor((c) => c.queryOne('SELECT count(*) AS n, min(i) AS least FROM lake.events'))).toEqual({ n: 1001, least: -1 });
    expect(await rejection(reader.cursor((c) => c.execute('DELETE FROM lake.events')))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('read-only') });
  });

  test('no password in what SQL can read', async () => {
    const { cursor } = reader;
    await cursor((c) => c.query('FROM lake.sales'));
    const told = JSON.stringify(await cursor(async (c) => [
      await c.query('FROM duckdb_databases()'), await c.query('FROM duckdb_secrets()'), await c.query('FROM lake.options()'), await c.query('FROM duckdb_settings()'),
    ]), (_, value) => (typeof value === 'bigint' ? String(value) : value));
    expect(told).not.toContain("it's $ecret");
    expect(told).not.toContain(bed.s3.secretAccessKey);
  });

  test.each([
    ['WRITE without createIfMissing', { access: 'WRITE', createIfMissing: undefined }],
    ['READ', { access: undefined, createIfMissing: undefined }],
  ])('%s makes no lake', async (_, changes) => {
    const { cursor } = await start(bed.writer({ ...changes, metadataSchema: 'elsewhere' }));
    expect(await rejection(cursor((c) => c.query('FROM lake.sales')))).toMatchObject({ code: 'BOOTSTRAP', retryable: false, message: expect.stringContaining('there is no DuckLake') });
  });

  test('a lake in a schema of its own, encrypted', async () => {
    const path = 's3://lake/encrypted/';
    const step = bed.writer({ metadataSchema: 'encrypted', encrypted: true, dataPath: path, s3: { scopes: [path], region: bed.s3.region } });
    const { cursor } = await start(step);
    expect(await cursor(async (c) => {
      await c.execute('CREATE TABLE lake.t AS FROM range(100) r(i)');
      return c.query('SELECT value FROM lake.options() WHERE option_name = \'encrypted\'');
    })).toEqual([{ value: 'true' }]);
  });

  test('no lake is made in a folder with files, which may be those of another lake', async () => {
    const path = 's3://lake/data/';
    const { cursor } = await start(bed.writer({ metadataSchema: 'other' }));
    expect(await rejection(cursor((c) => c.query('FROM lake.sales')))).toMatchObject({
      code: 'BOOTSTRAP', retryable: false, message: expect.stringMatching(`there is no DuckLake in the database, and none is created at "${path}", which is not empty: it has "${path}.*parquet"`),
    });
  });

  test('several writers may create one lake at the same time', async () => {
    const path = 's3://lake/together/';
    const step = bed.writer({ metadataSchema: 'together', dataPath: path, s3: { scopes: [path], region: bed.s3.region } });
    const create = async ({ cursor }: Runtime, table: string) => cursor((c) => c.execute(`CREATE TABLE lake.${table} AS SELECT 1 AS i`));
    const writers = await Promise.all(Array.from({ length: 4 }, () => start(step)));
    const outcomes = await Promise.allSettled(writers.map((each, index) => create(each, `t${index}`)));
    const failed = outcomes.flatMap((outcome, index) => (outcome.status === 'rejected' ? [{ index, error: outcome.reason }] : []));
    // DuckLake's own conflict: two writers make the tables of its catalog.
    for (const { index, error } of failed) {
      expect(error).toMatchObject({ retryable: true });
      await create(writers[index], `t${index}`);
    }
    expect(await writers[0].cursor((c) => c.queryOne("SELECT count(*) AS n FROM duckdb_tables() WHERE database_name = 'lake'"))).toEqual({ n: 4 });
  });

  test('rows go into files, unless the step or an option of the lake lets them into the catalog', async () => {
    const files = async () => {
      const { cursor } = await start(bed.reader());
      return cursor((c) => c.queryOne("SELECT file_count AS data, delete_file_count AS deletes FROM ducklake_table_info('lake') WHERE table_name = 'few'"));
    };
    const run = async (sql: string, changes: object = {}) => {
      const { cursor } = await start(bed.writer(changes));
      await cursor((c) => c.execute(sql));
    };
    await run('CREATE TABLE lake.few (i INT); INSERT INTO lake.few VALUES (1), (2); DELETE FROM lake.few WHERE i = 1');
    expect(await files()).toEqual({ data: 1, deletes: 1 });
    await run('INSERT INTO lake.few VALUES (3)', { dataInliningRowLimit: 10 });
    expect(await files()).toEqual({ data: 1, deletes: 1 });
    await run("CALL lake.set_option('data_inlining_row_limit', '50', table_name => 'few')");
    await run('INSERT INTO lake.few VALUES (4)');
    expect(await files()).toEqual({ data: 1, deletes: 1 });
  });

  test.each([
    ['SELECT count(*) AS n FROM lake.sales AT (VERSION => 1)', [{ n: 1000 }]],
    ['SELECT min(snapshot_id) AS n FROM lake.snapshots()', [{ n: 0 }]],
    ["SELECT count(*) AS n FROM lake.table_changes('sales', 0, 1)", [{ n: 1000 }]],
    ["SELECT value FROM lake.options() WHERE option_name = 'version'", [{ value: '1.0' }]],
    ["CALL lake.set_option('parquet_compression', 'zstd', table_name => 'sales')", []],
  ])('as the first statement of a process: %s', async (sql, rows) => {
    const { cursor } = await start(bed.writer());
    expect(await cursor((c) => c.query(sql))).toEqual(rows);
  });

  describe('time travel', () => {
    let versions: number[];
    const count = 'SELECT count(*) AS n FROM lake.history';

    beforeAll(async () => {
      const { cursor } = writer;
      await cursor((c) => c.execute('CREATE TABLE lake.history (i INT)'));
      versions = [];
      for (const n of [1, 2, 3]) {
        await cursor((c) => c.execute('INSERT INTO lake.history VALUES ($n)', { n }));
        versions.push((await cursor((c) => c.queryOne<{ id: number }>('SELECT max(snapshot_id) AS id FROM lake.snapshots()')))!.id);
      }
    });

    test('by a statement, and by a step', async () => {
      const { cursor } = reader;
      await cursor((c) => c.query(count));
      for (const [index, version] of versions.entries()) {
        expect(await cursor((c) => c.queryOne(`${count} AT (VERSION => ${version})`))).toEqual({ n: index + 1 });
      }
      const [{ time }] = await bed.postgres.postgres.query(`SELECT snapshot_time::text AS time FROM ducklake_snapshot WHERE snapshot_id = ${versions[1]}`);
      const changes = [...versions.map((snapshotVersion) => ({ snapshotVersion })), { snapshotTime: time }];
      const pinned = await start(...changes.map((change, index) => bed.reader({ ...change, catalog: `pinned${index}` }, `pinned${index}`)));
      const counts = changes.map((_, index) => pinned.cursor((c) => c.queryOne(count.replace('lake.', `pinned${index}.`))));
      expect(await Promise.all(counts)).toEqual([1, 2, 3, 2].map((n) => ({ n })));
    });

    test('a snapshot that has expired: an error that says so, also in a process that had attached it before', async () => {
      const pinned = await start(bed.reader({ snapshotVersion: versions[0] }));
      await pinned.cursor((c) => c.query(count));
      const { cursor } = await start(bed.writer({ access: 'MAINTAIN' }));
      await bed.postgres.postgres.query(`UPDATE ducklake_snapshot SET snapshot_time = snapshot_time - interval '1 hour' WHERE snapshot_id = ${versions[0]}`);
      await cursor((c) => c.execute(`CALL ducklake_expire_snapshots('lake', versions => [${versions[0]}])`));
      const told = { retryable: false, message: expect.stringContaining(`the lake has no snapshot of the version ${versions[0]}: it has expired`) };
      expect(await rejection(cursor((c) => c.query(`${count} AT (VERSION => ${versions[0]})`)))).toMatchObject({ code: 'QUERY', ...told });
      expect(await rejection(pinned.cursor((c) => c.query(count)))).toMatchObject({ code: 'QUERY', ...told });
      const late = await start(bed.reader({ snapshotVersion: versions[0] }));
      expect(await rejection(late.cursor((c) => c.query(count)))).toMatchObject({ code: 'BOOTSTRAP', ...told });
    });
  });

  describe('an earlier snapshot of values that were deleted since then, and compacted away', () => {
    let version: number;
    const read = (at = '') => `SELECT (SELECT count(*) FROM lake.compacted ${at} WHERE i IS NULL) AS nulls, (SELECT count(i) FROM lake.compacted ${at}) AS others`;
    const right = { nulls: 20, others: 30 };
    const OFF = { disabled_optimizers: 'statistics_propagation' };

    beforeAll(async () => {
      const { cursor } = writer;
      await cursor((c) => c.execute('CREATE TABLE lake.compacted AS SELECT CASE WHEN range >= 20 THEN 1 END AS i FROM range(50)'));
      version = (await cursor((c) => c.queryOne<{ id: number }>('SELECT max(snapshot_id) AS id FROM lake.snapshots()')))!.id;
      await cursor((c) => c.execute('DELETE FROM lake.compacted WHERE i IS NULL'));
      await cursor((c) => c.execute("CALL ducklake_rewrite_data_files('lake', 'compacted', delete_threshold => 0)"));
    });

    test('a pinned step reads them', async () => {
      const pinned = await start(bed.reader({ snapshotVersion: version }));
      expect(await pinned.cursor((c) => c.queryOne(read()))).toEqual(right);
    });

    test('AT reads them with the setting that docs/ducklake.md gives; without it, DuckLake does not', async () => {
      const at = `AT (VERSION => ${version})`;
      const { cursor } = freshRuntime(await bed.environment([bed.reader()], { settings: OFF }));
      expect(await cursor((c) => c.queryOne(read(at)))).toEqual(right);
      // If this fails, DuckLake has been corrected: remove ignoreStatistics, and its lines in the documentation.
      expect(await reader.cursor((c) => c.queryOne(read(at)))).toEqual({ nulls: 0, others: 50 });
    });

    test('a configuration that is locked keeps a pinned step from reading wrongly', async () => {
      const locked = (settings: object) => bed.environment([bed.reader({ snapshotVersion: version })], { settings: { ...settings, lock_configuration: 'true' } });
      const refused = freshRuntime(await locked({}));
      expect(await rejection(refused.cursor((c) => c.query(read())))).toMatchObject({
        code: 'BOOTSTRAP', retryable: false, message: expect.stringContaining("add disabled_optimizers: 'statistics_propagation' to the function's settings"),
      });
      const { cursor } = freshRuntime(await locked(OFF));
      expect(await cursor((c) => c.queryOne(read()))).toEqual(right);
    });
  });

  test('a frozen lake: its catalog is a file in S3', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'frozen-'));
    try {
      const file = join(directory, 'made.ducklake');
      const s3 = { name: 's3', type: 's3', config: { scopes: ['s3://lake/frozen/'], region: bed.s3.region } };
      const more = { extensions: ['httpfs', 'ducklake'] };
      const maker = freshRuntime(await bed.environment([s3], more));
      await maker.cursor((c) => c.execute(`
        ATTACH 'ducklake:${file}' AS made (DATA_PATH 's3://lake/frozen/');
        CREATE TABLE made.t AS SELECT i FROM range(1000) r(i); DETACH made`));
      copyFileSync(file, join(bed.s3.dir, 'lake/catalog.ducklake'));
      const config = { catalog: 'lake', file: 's3://lake/catalog.ducklake', s3: { scopes: ['s3://lake/catalog.ducklake', 's3://lake/frozen/'], region: bed.s3.region } };
      for (const changes of [{}, { dataPath: 's3://lake/frozen/' }]) {
        const { cursor } = freshRuntime(await bed.environment([{ name: 'lake', type: 'ducklake', provides: ['lake'], config: { ...config, ...changes } }], more));
        expect(await cursor((c) => c.queryOne('SELECT count(*) AS n, sum(i) AS total FROM lake.t'))).toEqual({ n: 1000, total: 499_500 });
        expect(await rejection(cursor((c) => c.execute('DELETE FROM lake.t')))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('read-only') });
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('two lakes in one function', async () => {
    const path = 's3://lake/second/';
    const second = bed.writer({ catalog: 'second', metadataSchema: 'second', dataPath: path, s3: { scopes: [path], region: bed.s3.region } }, 'second');
    const { cursor } = await start(bed.reader(), second);
    await cursor((c) => c.execute('CREATE TABLE second.sales AS FROM lake.sales WHERE day = 3'));
    expect(await cursor((c) => c.queryOne('SELECT count(*) AS n FROM second.sales JOIN lake.sales USING (id)'))).toEqual({ n: 100 });
  });

  describeWith('pgbouncer', 'through PgBouncer in transaction mode', () => {
    let pgBouncer: Awaited<ReturnType<typeof startPgBouncer>>;

    beforeAll(async () => {
      pgBouncer = await startPgBouncer(bed.postgres.postgres);
    });
    afterAll(() => pgBouncer?.stop());

    test('it writes and reads, many at once', async () => {
      const through = { port: pgBouncer.port, user: 'reader', password: { ssm: '/postgres/reader' }, tls: 'disable', disableStatementTimeout: true };
      const { cursor } = await start(bed.writer(through));
      await cursor((c) => c.execute('CREATE TABLE lake.t (i INT)'));
      await Promise.all(Array.from({ length: 8 }, async (_, i) => {
        await cursor((c) => c.execute('INSERT INTO lake.t SELECT $i FROM range(20)', { i }));
        await cursor((c) => c.transaction(async (t) => {
          await t.execute('INSERT INTO lake.t VALUES ($i)', { i: -i });
          await t.query('SELECT count(*) FROM lake.t');
        }));
      }));
      expect(await cursor((c) => c.queryOne('SELECT count(*) AS n FROM lake.t'))).toEqual({ n: 8 * 21 });
    });
  });
});
