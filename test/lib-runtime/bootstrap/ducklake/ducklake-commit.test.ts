import { setTimeout as sleep } from 'node:timers/promises';
import { type DuckLakeBed, startDuckLakeBed } from './ducklake-bed';
import { describeWith } from '../../../bed/require';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import { type Front, frontOf } from '../../front';
import { type PostgresFront, postgresFrontOf } from '../../postgres-front';
import { rejection } from '../../rejection';
import { says } from '../../says';

/** What DuckLake sends with its changes, before COMMIT. */
const CHANGES = 'INSERT INTO "public".ducklake_snapshot ';
const MANY = "INSERT INTO lake.t SELECT i, 'many' FROM range(1000) r(i)";
/** One row. */
const FEW = "INSERT INTO lake.t VALUES (-1, 'few')";

// WRITE has no permission to delete; MAINTAIN has.
describeWith(['postgres', 'aws'], 'commits to a lake', () => {
  let bed: DuckLakeBed;
  let front: PostgresFront;
  let s3: Front;
  /** Another process, which no fault reaches. */
  let other: Runtime;
  const started = new Map<string, Runtime>();

  beforeAll(async () => {
    bed = await startDuckLakeBed({ tls: false });
    front = await postgresFrontOf(bed.postgres.postgres.port);
    s3 = await frontOf(bed.s3.endpoint);
    other = freshRuntime(await bed.environment([bed.writer({ access: 'MAINTAIN' })]));
  });
  afterAll(async () => {
    await Promise.all([front?.stop(), s3?.stop()]);
    await bed?.stop();
  });
  beforeEach(async () => {
    await other.cursor((c) => c.execute(`CREATE OR REPLACE TABLE lake.t (i INT, v VARCHAR); ${MANY}`));
  });

  /** A writer behind the fronts: one for each access, which goes on after the faults of other tests. */
  const start = async (access: string) => {
    s3.fault = (what) => (access === 'WRITE' && what.startsWith('DELETE ') ? { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' } : undefined);
    const step = bed.writer({ access, port: front.port, s3: { scopes: ['s3://lake/data/'], region: bed.s3.region, endpoint: s3.endpoint } });
    const runtime = started.get(access) ?? freshRuntime(await bed.environment([step]));
    started.set(access, runtime);
    await runtime.cursor((c) => c.query('SELECT 1 FROM lake.t LIMIT 1'));
    return runtime;
  };
  const count = async (what = "v = 'many'") => (
    (await other.cursor((c) => c.queryOne<{ n: number }>(`SELECT count(*) AS n FROM lake.t WHERE ${what}`)))!.n
  );
  /** Deletes while `work` is about to commit. */
  const deletingMeanwhile = async <T>(work: () => Promise<T>): Promise<T> => {
    const holding = front.holdAt(CHANGES);
    const working = work();
    working.catch(() => undefined);
    const release = await holding;
    await other.cursor((c) => c.execute('DELETE FROM lake.t WHERE i % 2 = 0'));
    release();
    return working;
  };

  test.each(['WRITE', 'MAINTAIN'])('%s: a statement that lost against another writer runs again', async (access) => {
    const { cursor } = await start(access);
    const deleting = () => cursor((c) => c.execute('DELETE FROM lake.t WHERE i % 4 = 1'));
    expect(await deletingMeanwhile(deleting)).toMatchObject({ rowsChanged: 250 });
    expect(await count()).toBe(250);
  });

  test.each(['WRITE', 'MAINTAIN'])('%s: a transaction that lost does not, and says that nothing was committed; its cursor goes on', async (access) => {
    const { cursor } = await start(access);
    await cursor(async (c) => {
      const writing = () => c.transaction(async (t) => {
        await t.execute(MANY);
        await t.execute('DELETE FROM lake.t WHERE i % 4 = 1');
      });
      const error = await deletingMeanwhile(() => rejection(writing()));
      says(access === 'WRITE' ? 'DUCKLAKE.notDeletedAfterCommit' : 'DUCKLAKE.conflict', error.message);
      expect(error).toMatchObject({ code: 'QUERY', retryable: true, message: expect.stringContaining('nothing of it was committed') });
      expect(await c.queryOne('SELECT count(*) AS n FROM lake.t')).toEqual({ n: 500 });
      await writing();
      expect(await c.queryOne('SELECT count(*) AS n FROM lake.t')).toEqual({ n: 500 + 1000 - 500 });
    });
  });

  test('more conflicts in a row than DuckLake tries: the statement runs again', async () => {
    const { cursor } = await start('WRITE');
    await cursor((c) => c.execute('SET GLOBAL ducklake_max_retry_count = 1'));
    await deletingMeanwhile(() => cursor((c) => c.execute(FEW)));
    await cursor((c) => c.execute('RESET GLOBAL ducklake_max_retry_count'));
    expect(await count("v = 'few'")).toBe(1);
  });

  test.each(['WRITE', 'MAINTAIN'])('%s: the connection breaks before COMMIT: the statement runs again', async (access) => {
    const { cursor } = await start(access);
    for (const [statement, what] of [[MANY, "v = 'many'"], [FEW, "v = 'few'"]] as const) {
      const before = await count(what);
      front.breakAt(CHANGES, 'before');
      const { rowsChanged } = await cursor((c) => c.execute(statement));
      expect(await count(what)).toBe(before + rowsChanged);
    }
  });

  test('the connection breaks before COMMIT of a transaction: nothing was committed', async () => {
    const { cursor } = await start('WRITE');
    front.breakAt(CHANGES, 'before');
    const error = await rejection(cursor((c) => c.transaction((t) => t.execute(MANY))));
    says('DUCKLAKE.brokenBefore', error.message);
    expect(error).toMatchObject({ code: 'QUERY', retryable: true, message: expect.stringContaining('nothing of it was committed') });
    expect(await count()).toBe(1000);
  });

  // The runtime writes files, however few the rows are. Other clients do not.
  const inlining = () => other.cursor((c) => c.execute("CALL lake.set_option('data_inlining_row_limit', 10, table_name => 't')"));

  test('rows that a flush moves are changed meanwhile: nothing was committed', async () => {
    const { cursor } = await start('WRITE');
    await inlining();
    await other.cursor((c) => c.execute(FEW));
    const holding = front.holdAt('DELETE FROM "public".ducklake_inlined_data_');
    const flushing = rejection(cursor((c) => c.transaction((t) => t.execute("CALL ducklake_flush_inlined_data('lake')"))));
    const release = await holding;
    await other.cursor((c) => c.execute('UPDATE lake.t SET i = -2 WHERE i = -1'));
    release();
    const error = await flushing;
    says('DUCKLAKE.notSerialized', error.message);
    expect(error).toMatchObject({ code: 'QUERY', retryable: true, message: expect.stringContaining('nothing of it was committed') });
    expect(await count('i < 0')).toBe(1);
  });

  test('WRITE: COMMIT does not arrive: the catalog shows it, and the statement runs again', async () => {
    const { cursor } = await start('WRITE');
    front.breakAt('COMMIT', 'before');
    expect(await cursor((c) => c.execute(MANY))).toMatchObject({ rowsChanged: 1000 });
    expect(await count()).toBe(2000);
  });

  test('WRITE: only the answer to COMMIT is lost: the catalog shows that it was committed, and the table is whole', async () => {
    const { cursor } = await start('WRITE');
    front.breakAt('COMMIT', 'instead of the answer');
    expect(await rejection(cursor((c) => c.execute(MANY)))).toMatchObject({
      code: 'QUERY', retryable: false, message: expect.stringContaining('it was committed, and only the answer was lost: do not run it again'),
    });
    expect(await count()).toBe(2000);
  });

  test('a commit without a file: whether it was made is unknown', async () => {
    const { cursor } = await start('WRITE');
    front.breakAt('COMMIT', 'instead of the answer');
    const error = await rejection(cursor((c) => c.execute("COMMENT ON TABLE lake.t IS 'made'")));
    says('DUCKLAKE.brokenAtCommit', error.message);
    expect(error).toMatchObject({ code: 'COMMIT_UNKNOWN', retryable: false, message: expect.stringContaining('whether it was committed is unknown') });
    expect(await other.cursor((c) => c.query("SELECT comment FROM duckdb_tables() WHERE database_name = 'lake' AND table_name = 't'"))).toEqual([{ comment: 'made' }]);
  });

  describe('a deadline, or an abort,', () => {
    const deadline = () => new DOMException('too late', 'TimeoutError');
    /** Runs `work`, and ends it when it sends the last of `texts` to PostgreSQL. What was held arrives there afterwards. */
    const endedAt = async (texts: string[], work: (signal: AbortSignal) => Promise<unknown>, reason?: unknown) => {
      const controller = new AbortController();
      let holding = front.holdAt(texts[0]!);
      const working = rejection(work(controller.signal));
      for (const next of texts.slice(1)) {
        const goOn = await holding;
        holding = front.holdAt(next);
        goOn();
      }
      const release = await holding;
      controller.abort(reason);
      const error = await working;
      release();
      return error;
    };
    const unknown = { code: 'COMMIT_UNKNOWN', retryable: false, message: expect.stringContaining('it may have been done') };

    test.each<[string, string, unknown, string, string]>([
      ['WRITE', MANY, deadline(), 'SELECT count(*) = 2000 AS done FROM lake.t', ''],
      ['WRITE', MANY, undefined, 'SELECT count(*) = 2000 AS done FROM lake.t', ' of a transaction'],
      ['WRITE', 'DELETE FROM lake.t WHERE i < 10', deadline(), 'SELECT count(*) = 990 AS done FROM lake.t', ''],
      ['WRITE', 'CREATE TABLE lake.late (i INT)', deadline(), "SELECT count(*) = 1 AS done FROM duckdb_tables() WHERE table_name = 'late'", ''],
      ['MAINTAIN', "FROM ducklake_set_option('lake', 'delete_older_than', '3 days')", deadline(), "SELECT count(*) = 1 AS done FROM lake.options() WHERE value = '3 days'", ''],
    ])('%s: in the middle of the commit of %s: it may have been done', async (access, sql, reason, done, ofTransaction) => {
      const { cursor } = await start(access);
      const run = (signal: AbortSignal) => cursor<unknown>({ signal }, (c) => (ofTransaction !== '' ? c.transaction((t) => t.query(sql)) : c.query(sql)));
      expect(await endedAt(['COMMIT'], run, reason)).toMatchObject(unknown);
      const isDone = async () => (await other.cursor((c) => c.queryOne<{ done: boolean }>(done)))!.done;
      for (let tries = 0; tries < 50 && !await isDone(); tries++) await sleep(20);
      expect(await isDone()).toBe(true);
    });

    test('before the commit: nothing is committed, and it may run again', async () => {
      const { cursor } = await start('WRITE');
      expect(await endedAt(['MAX(snapshot_id)'], (signal) => cursor({ signal }, (c) => c.execute(MANY)), deadline())).toMatchObject({ code: 'TIMEOUT', retryable: true });
      expect(await cursor((c) => c.execute(MANY))).toMatchObject({ rowsChanged: 1000 });
      expect(await count()).toBe(2000);
    });

    test('while the catalog is asked whether it was made: that stays unknown', async () => {
      const { cursor } = await start('WRITE');
      front.breakAt('COMMIT', 'instead of the answer');
      expect(await endedAt(['LOCK TABLE'], (signal) => cursor({ signal }, (c) => c.execute(MANY)), deadline())).toMatchObject(unknown);
      expect(await count()).toBe(2000);
    });

    test('in a script of which a statement is committed', async () => {
      const { cursor } = await start('WRITE');
      const run = (signal: AbortSignal) => cursor({ signal }, (c) => c.execute(`${MANY}; ${FEW}`));
      expect(await endedAt(['COMMIT', 'MAX(snapshot_id)'], run, deadline())).toMatchObject(unknown);
      expect([await count(), await count("v = 'few'")]).toEqual([2000, 0]);
    });
  });

  describe('a script', () => {
    const script = `${MANY}; ${FEW}`;

    test('the answer to the first of its commits is lost: the rest is to be run', async () => {
      const { cursor } = await start('WRITE');
      front.breakAt('COMMIT', 'instead of the answer');
      expect(await rejection(cursor((c) => c.execute(script)))).toMatchObject({
        code: 'QUERY', retryable: false, message: expect.stringContaining('Those after it did not run: run only them'),
      });
      expect([await count(), await count("v = 'few'")]).toEqual([2000, 0]);
    });

    test('its second statement meets an outage: the whole is not to be run again', async () => {
      const { cursor } = await start('WRITE');
      const holding = front.holdAt('COMMIT');
      const running = rejection(cursor((c) => c.execute(script)));
      const commit = await holding;
      const outage = setInterval(() => front.breakAt('MAX(snapshot_id)', 'before'), 1);
      commit();
      const error = await running;
      clearInterval(outage);
      front.breakAt('nothing more', 'before');
      expect(error).toMatchObject({ code: 'COMMIT_UNKNOWN', retryable: false, message: expect.stringContaining('run only the rest again') });
      expect([await count(), await count("v = 'few'")]).toEqual([2000, 0]);
    });
  });

  test.each([
    ['merging', MANY, "CALL ducklake_merge_adjacent_files('lake')", 2000],
    ['rewriting', 'DELETE FROM lake.t WHERE i >= 500', "CALL ducklake_rewrite_data_files('lake', 't', delete_threshold => 0)", 500],
  ])('%s beside an update of few rows: one of them conflicts, and no row comes back', async (_, before, maintenance, rows) => {
    const { cursor } = await start('WRITE');
    await other.cursor((c) => c.execute(before));
    const updating = rejection(cursor((c) => c.transaction(async (t) => {
      await t.execute("UPDATE lake.t SET v = 'new' WHERE i < 2");
      await other.cursor((c2) => c2.execute(maintenance));
    })));
    expect(await updating).toMatchObject({ code: 'QUERY', retryable: true, message: expect.stringContaining('nothing of it was committed') });
    expect([await count('true'), await count("v = 'new'")]).toEqual([rows, 0]);
  });

  test('MAINTAIN: DuckLake deletes what was committed if the answer is lost; the error says that this is unknown, and what to restore', async () => {
    const { cursor } = await start('MAINTAIN');
    front.breakAt('COMMIT', 'instead of the answer');
    expect(await rejection(cursor((c) => c.execute(MANY)))).toMatchObject({
      code: 'COMMIT_UNKNOWN', retryable: false, message: expect.stringContaining('whether it was committed is unknown'),
    });
    expect(await rejection(count("v LIKE '%a%'"))).toMatchObject({ message: expect.stringContaining('NoSuchKey') });
  });

  test('WRITE: a ROLLBACK that may not delete has rolled back, and the cursor goes on', async () => {
    const { cursor } = await start('WRITE');
    await cursor(async (c) => {
      await expect(c.transaction(async (t) => {
        await t.execute(MANY);
        throw new Error('no more');
      })).rejects.toThrow('no more');
      await c.execute(`BEGIN; ${MANY}`);
      const error = await rejection(c.execute('ROLLBACK'));
      says('DUCKLAKE.notDeletedAfterRollback', error.message);
      expect(error).toMatchObject({ code: 'QUERY', retryable: false, message: expect.stringContaining('the transaction was rolled back') });
      expect(await c.queryOne('SELECT count(*) AS n FROM lake.t')).toEqual({ n: 1000 });
    });
  });

  test('the connection breaks while a read begins: it reads again; a write may be tried again', async () => {
    const { cursor } = await start('WRITE');
    front.breakAt('MAX(snapshot_id)', 'before');
    expect(await cursor((c) => c.queryOne('SELECT count(*) AS n FROM lake.t'))).toEqual({ n: 1000 });
    front.breakAt('MAX(snapshot_id)', 'before');
    expect(await rejection(cursor((c) => c.execute(FEW)))).toMatchObject({ code: 'QUERY', retryable: true });
    expect(await count("v = 'few'")).toBe(0);
  });
});
