import { describeWith } from '../../bed/require';
import { freshRuntime, rejection } from '../fresh-runtime';
import { type DuckLakeBed, startDuckLakeBed } from './ducklake-bed';

describeWith(['postgres', 'aws'], 'DuckLake as a bootstrap step', () => {
  let bed: DuckLakeBed;

  beforeAll(async () => {
    bed = await startDuckLakeBed();
    const { cursor } = await start(bed.writer());
    await cursor((c) => c.execute('CREATE TABLE lake.sales AS SELECT i AS id, i % 10 AS day, i / 4 AS amount FROM range(1000) r(i)'));
  });
  afterAll(() => bed?.stop());

  const start = async (...steps: object[]) => freshRuntime(await bed.environment(steps));

  test('one step writes, another reads', async () => {
    const writer = await start(bed.writer());
    await writer.cursor((c) => c.execute('CREATE TABLE lake.events AS SELECT i FROM range(1000) r(i); INSERT INTO lake.events VALUES (-1)'));
    const reader = await start(bed.reader());
    expect(await reader.cursor((c) => c.queryOne('SELECT count(*) AS n, min(i) AS least FROM lake.events'))).toEqual({ n: 1001, least: -1 });
    expect(await rejection(reader.cursor((c) => c.execute('DELETE FROM lake.events')))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('read-only') });
  });

  test('no password in what SQL can read', async () => {
    const { cursor } = await start(bed.reader());
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
});
