import { readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DuckLakeBed, startDuckLakeBed } from './ducklake-bed';
import { describeWith } from '../../../bed/require';
import { projectWithRuntime, runScript } from '../../built-runtime';
import { freshRuntime } from '../../fresh-runtime';
import { type PostgresFront, postgresFrontOf } from '../../postgres-front';
import { rejection } from '../../rejection';
import { says } from '../../says';

const MANY = 'SELECT i FROM range(1000) r(i)';

describeWith(['postgres', 'aws'], 'faults under a lake', () => {
  let bed: DuckLakeBed;

  beforeAll(async () => {
    bed = await startDuckLakeBed({ tls: false });
    const { cursor } = freshRuntime(await bed.environment([bed.writer()]));
    await cursor((c) => c.execute(`CREATE TABLE lake.t AS ${MANY}`));
  });
  afterAll(() => bed?.stop());

  const query = (sql: string) => bed.postgres.postgres.query(sql);
  const start = async (...steps: object[]) => freshRuntime(await bed.environment(steps));
  const files = () => readdirSync(join(bed.s3.dir, 'lake/data'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'));
  /** As a rotation does it: the database first, then the secret; what is open is ended. */
  const rotate = async (user: string, password: string) => {
    await bed.postgres.setPassword(user, password);
    await bed.postgres.postgres.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${user}'`);
  };

  test('a password that changes is noticed: a read answers, and a write can be tried again', async () => {
    const reader = await start(bed.reader());
    const count = () => reader.cursor((c) => c.queryOne('SELECT count(*) AS n FROM lake.t'));
    expect(await count()).toEqual({ n: 1000 });
    await rotate('reader', 'another password');
    expect(await count()).toEqual({ n: 1000 });

    const writer = await start(bed.writer());
    const insert = () => writer.cursor((c) => c.execute(`INSERT INTO lake.t ${MANY}`));
    await insert();
    await rotate('writer', 'another password, too');
    expect(await rejection(insert())).toMatchObject({ code: 'BOOTSTRAP', retryable: true, message: expect.stringContaining('was renewed') });
    await insert();
    expect(await writer.cursor((c) => c.queryOne('SELECT count(*) AS n FROM lake.t'))).toEqual({ n: 3000 });
    await writer.cursor((c) => c.execute('DELETE FROM lake.t; INSERT INTO lake.t SELECT i FROM range(1000) r(i)'));
  });

  test('many reads beside a rotation: all answer', async () => {
    const { cursor } = await start(bed.reader());
    const count = () => cursor((c) => c.queryOne('SELECT count(i) AS n FROM lake.t'));
    await count();
    for (const password of ['a third password', 'a fourth password', 'a fifth password']) {
      await rotate('reader', password);
      expect(await Promise.all(Array.from({ length: 8 }, count))).toEqual(Array.from({ length: 8 }, () => ({ n: 1000 })));
    }
  });

  test.each(['READ', 'WRITE'])('%s: the connection breaks when the lake is all but attached: the next query attaches it again', async (access) => {
    const front = await postgresFrontOf(bed.postgres.postgres.port);
    try {
      const { cursor } = await start(access === 'READ' ? bed.reader({ port: front.port }) : bed.writer({ port: front.port }));
      front.breakAt('COMMIT', 'instead of the answer');
      const count = () => cursor((c) => c.queryOne('SELECT count(*) AS n FROM lake.t'));
      expect(await rejection(count())).toMatchObject({ code: 'BOOTSTRAP', retryable: true });
      expect(await count()).toEqual({ n: 1000 });
    } finally {
      await front.stop();
    }
  });

  test('a refused password without another one: an error without the password', async () => {
    await bed.postgres.setPassword('reader', 'the right one', 'the wr0ng one');
    try {
      const { cursor } = await start(bed.reader());
      const error = await rejection(cursor((c) => c.query('FROM lake.t')));
      expect(error).toMatchObject({ code: 'BOOTSTRAP', message: expect.stringContaining('refuses the password of the user "reader"') });
      expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('wr0ng');
    } finally {
      await bed.postgres.setPassword('reader', 'the right one');
    }
  });

  test('the catalog is down: a query of S3 alone is not disturbed, also before the first use of the lake', async () => {
    const scopes = ['s3://lake/'];
    const s3 = { name: 's3', type: 's3', config: { scopes, region: bed.s3.region } };
    const lake = bed.reader({ port: 1, connectTimeoutSeconds: 2 });
    const { cursor } = await start(s3, lake);
    await cursor((c) => c.execute("COPY (SELECT 42 AS i) TO 's3://lake/alone.parquet'"));
    const alone = () => cursor((c) => c.queryOne("FROM 's3://lake/alone.parquet'"));
    expect(await rejection(cursor((c) => c.query('FROM lake.t')))).toMatchObject({ code: 'BOOTSTRAP', retryable: true });
    const started = performance.now();
    expect(await alone()).toEqual({ i: 42 });
    expect(await rejection(cursor((c) => c.query("FROM 's3://lake/none.parquet'")))).toMatchObject({ code: 'QUERY' });
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  test('the database crashes in the middle of inserts: each insert that was acknowledged is there once, and no other', async () => {
    const { cursor } = await start(bed.writer());
    await cursor((c) => c.execute('CREATE TABLE lake.crashed (n INT, i INT)'));
    let crashes = 0;
    // One backend that is killed makes the server end all others and recover, as after a crash.
    const crash = async () => {
      const [backend] = await query("SELECT pid FROM pg_stat_activity WHERE usename = 'writer'");
      if (backend === undefined) return void setTimeout(crash, 5);
      process.kill(backend.pid, 'SIGKILL');
      crashes += 1;
      return undefined;
    };
    const acknowledged: number[] = [];
    const unknown: number[] = [];
    for (let n = 0; n < 60; n++) {
      if ([10, 40].includes(n)) setTimeout(crash, 5 * n);
      try {
        await cursor((c) => c.execute('INSERT INTO lake.crashed SELECT $n, i FROM range(100) r(i)', { n }));
        acknowledged.push(n);
      } catch (error) {
        const { retryable, message } = error as { retryable: boolean; message: string };
        expect([retryable || message.includes('whether it was committed is unknown') || message.includes('it was committed'), message]).toEqual([true, message]);
        if (!retryable) unknown.push(n);
        // While it recovers, every insert fails at once.
        await sleep(100);
      }
    }
    expect(crashes).toBe(2);
    expect(acknowledged.length).toBeGreaterThan(20);
    const rows = await cursor((c) => c.query<{ n: number; rows: number; different: number }>(`
      SELECT n, count(*) AS rows, count(DISTINCT i) AS different FROM lake.crashed GROUP BY n`));
    expect(rows.every((row) => row.rows === 100 && row.different === 100)).toBe(true);
    const present = rows.map(({ n }) => n);
    for (const n of acknowledged) expect(present).toContain(n);
    for (const n of present) expect([...acknowledged, ...unknown]).toContain(n);
  }, 120_000);

  describe('a writer is killed between its data file and the commit', () => {
    let front: PostgresFront;
    beforeAll(async () => {
      front = await postgresFrontOf(bed.postgres.postgres.port);
      await projectWithRuntime();
    }, 120_000);
    afterAll(() => front?.stop());

    test('the table is as before, and maintenance removes the file later', async () => {
      const before = files();
      const env = await bed.environment([bed.writer({ port: front.port })]);
      const holding = front.holdAt('INSERT INTO "public".ducklake_snapshot ');
      const script = runScript(`
        import { cursor } from 'cdk-duckdb-lambda/runtime';
        await cursor((c) => c.execute('INSERT INTO lake.t ${MANY}'));`, { env });
      await holding;
      const orphans = files().filter((file) => !before.includes(file));
      expect(orphans).toHaveLength(1);
      const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ');
      const killed = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('INSERT INTO lake.t'));
      process.kill(Number(killed), 'SIGKILL');
      expect((await script).code).not.toBe(0);

      const { cursor } = await start(bed.writer({ access: 'MAINTAIN' }));
      expect(await cursor((c) => c.queryOne('SELECT count(*) AS n FROM lake.t'))).toEqual({ n: 1000 });
      // Not while it may be of an open write.
      await cursor((c) => c.execute("CALL ducklake_delete_orphaned_files('lake', older_than => now() - INTERVAL 15 MINUTE)"));
      expect(files()).toEqual(expect.arrayContaining(orphans));
      age(orphans);
      await cursor((c) => c.execute("CALL ducklake_delete_orphaned_files('lake', older_than => now() - INTERVAL 15 MINUTE)"));
      expect(files()).toEqual(before);
      expect(await cursor((c) => c.queryOne('SELECT count(*) AS n FROM lake.t'))).toEqual({ n: 1000 });
    }, 120_000);
  });

  // Processes of their own, because DuckDB ends the process when a broken lake's transaction is freed, at the latest when the process ends.
  test.each([
    ['a statement', 'c.execute(insert)'],
    ['a transaction', 'c.transaction((t) => t.execute(insert))'],
  ])('%s breaks the instance, by a type that has no place in a file: the error says so, and the next query has another instance', async (_, write) => {
    const { stdout, stderr } = await runScript(`
      import { cursor } from 'cdk-duckdb-lambda/runtime';
      const insert = "INSERT INTO lake.broken VALUES ('12:00:00')";
      await cursor((c) => c.execute('CREATE OR REPLACE TABLE lake.broken (t TIME_NS)'));
      const { code, retryable, message } = await cursor((c) => ${write}).catch((error) => error);
      const next = await cursor((c) => c.query('SELECT count(*) AS n FROM lake.broken'));
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.log(JSON.stringify({ code, retryable, message, next }));`, { env: await bed.environment([bed.writer()]) });
    const told = JSON.parse(stdout || JSON.stringify({ stderr }));
    says('DUCKLAKE.unstorableType', told.message);
    expect(told).toEqual({
      code: 'FATAL', retryable: false, message: expect.stringContaining('DuckLake cannot store the type TIME_NS'), next: [{ n: 0 }],
    });
  }, 120_000);

  /** As if they had been written an hour ago. */
  const age = (names: string[]) => {
    const hourAgo = new Date(Date.now() - 3_600_000);
    for (const name of names) utimesSync(join(bed.s3.dir, 'lake/data', name), hourAgo, hourAgo);
  };
});
