import { type DuckLakeBed, startDuckLakeBed } from './ducklake-bed';
import { operationCounts } from '../../../bed';
import { describeWith } from '../../../bed/require';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import { type PostgresFront, postgresFrontOf } from '../../postgres-front';

// What is asked of S3 and of PostgreSQL. The counts do not depend on the distance.
describeWith(['postgres', 'aws'], 'requests for a lake', () => {
  let bed: DuckLakeBed;
  let front: PostgresFront;
  /** For tests that need no cold one. */
  let shared: Runtime;

  beforeAll(async () => {
    bed = await startDuckLakeBed({ tls: false });
    front = await postgresFrontOf(bed.postgres.postgres.port);
    const { cursor } = freshRuntime(await bed.environment([bed.writer()]));
    await cursor(async (c) => {
      await c.execute('CREATE TABLE lake.t (i INT, v VARCHAR)');
      for (let n = 0; n < 8; n++) await c.execute('INSERT INTO lake.t SELECT i, md5(i::VARCHAR) FROM range($n * 20000, ($n + 1) * 20000) r(i)', { n });
      await c.execute('CREATE TABLE lake.few AS SELECT i FROM range(1000) r(i); CREATE TABLE lake.deleted AS SELECT i FROM range(1000) r(i)');
      await c.execute('DELETE FROM lake.deleted WHERE i % 10 = 0');
    });
    shared = await start();
  });
  afterAll(async () => {
    await front?.stop();
    await bed?.stop();
  });

  const start = async (memory = '1769') => freshRuntime({
    ...await bed.environment([
      { name: 's3', type: 's3', config: { scopes: ['s3://lake/plain/'], region: bed.s3.region } },
      bed.writer({ port: front.port, createIfMissing: undefined }),
    ]),
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory,
  });
  /** What a statement asks for. */
  const asked = async ({ cursor }: Runtime, sql: string) => {
    await bed.s3.reset();
    front.roundTrips = 0;
    await cursor((c) => c.query(sql));
    const traffic = await bed.s3.traffic();
    return { roundTrips: front.roundTrips, requests: operationCounts(traffic), atOnce: traffic.mostAtOnce };
  };

  test('a repeat asks nothing of S3, and of PostgreSQL what DuckLake itself asks', async () => {
    const runtime = await start();
    const first = await asked(runtime, 'SELECT count(*), max(v) FROM lake.t WHERE i >= 0');
    expect(first.requests).toEqual({ GetObject: 16 });
    for (let n = 0; n < 2; n++) {
      const { roundTrips, requests } = await asked(runtime, 'SELECT count(*), max(v) FROM lake.t WHERE i >= 0');
      expect(requests).toEqual({});
      // It would be twice as many if the postgres extension watched the schema.
      expect(roundTrips).toBeLessThanOrEqual(20);
    }
  });

  test('a function with several threads for remote files uses them for a lake, and writes one file with its vCPU', async () => {
    const runtime = shared;
    await bed.s3.setDelay(25);
    expect((await asked(runtime, 'SELECT max(v) FROM lake.t').finally(() => bed.s3.setDelay(0))).atOnce).toBeGreaterThan(2);
    expect((await asked(runtime, 'INSERT INTO lake.few SELECT i FROM range(500000) r(i)')).requests).toEqual({ PutObject: 1 });
  });

  test('files that say what is deleted are read again each time, until the table is rewritten', async () => {
    const runtime = shared;
    const repeat = async () => {
      await asked(runtime, 'SELECT sum(i) FROM lake.deleted');
      return (await asked(runtime, 'SELECT sum(i) FROM lake.deleted')).requests;
    };
    expect(await repeat()).toEqual({ GetObject: 2 });
    await runtime.cursor((c) => c.execute("CALL ducklake_rewrite_data_files('lake', 'deleted', delete_threshold => 0)"));
    expect(await repeat()).toEqual({});
  });

  test('a plain file in the same statement is checked as ever', async () => {
    const runtime = shared;
    const write = (n: number) => runtime.cursor((c) => c.execute(`COPY (SELECT ${n} AS n FROM range(${n * 1000})) TO 's3://lake/plain/file.parquet'`));
    const read = () => runtime.cursor((c) => c.queryOne("SELECT (SELECT count(*) FROM lake.few) > 0 AS few, max(n) AS n FROM 's3://lake/plain/file.parquet'"));
    for (const n of [1, 2, 3]) {
      await write(n);
      expect(await read()).toEqual({ few: true, n });
    }
  });

  test('a process keeps one connection', async () => {
    const { cursor } = await start();
    front.opened = 0;
    for (let n = 0; n < 3; n++) await cursor((c) => c.query('SELECT count(*) FROM lake.few'));
    expect(front.opened).toBe(1);
  });
});
