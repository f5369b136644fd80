import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresBed, startPostgresBed } from './postgres-bed';
import { droppingAvailability, dropPackets } from '../../../bed/docker/dropped-packets';
import { describeIf, describeWith } from '../../../bed/require';
import { freshRuntime } from '../../fresh-runtime';
import { rejection } from '../../rejection';
import { says } from '../../says';

const USERS = 'SELECT count(*) AS n FROM pg_replica.users';

/** Waits until somebody sleeps, and not while that is only being prepared. */
const TERMINATE_THE_SLEEPER = `DO $$ BEGIN LOOP
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE usename = 'reader' AND state = 'active' AND wait_event = 'PgSleep' AND clock_timestamp() - query_start > '100 ms';
  EXIT WHEN FOUND;
  PERFORM pg_sleep(0.02), pg_stat_clear_snapshot();
END LOOP; END $$`;

/** Accepts connections and says nothing. */
async function silentServer(): Promise<{ port: number; stop: () => void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  };
  return { port: (server.address() as { port: number }).port, stop };
}

// What each test shows stands in docs/troubleshooting.md.
describeWith(['postgres', 'aws'], 'faults of PostgreSQL', () => {
  let bed: PostgresBed;

  beforeAll(async () => {
    bed = await startPostgresBed();
    await bed.postgres.query('CREATE TABLE big AS SELECT i, md5(i::text) AS text FROM generate_series(1, 300000) i; ANALYZE big');
  });
  afterAll(() => bed?.stop());
  beforeEach(async () => {
    await bed.setPassword('reader', 'the first password');
    bed.ssm.requests.length = 0;
  });

  const start = async (...steps: object[]) => freshRuntime(await bed.environment(steps.length > 0 ? steps : [bed.step()]));
  const terminate = (user = 'reader') => bed.postgres.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${user}'`);
  /** As a rotation does it: the database first, then the secret; connections that are open stay. */
  const rotate = async (password: string) => {
    await bed.setPassword('reader', password);
    await terminate();
    bed.ssm.requests.length = 0;
  };

  /** Which of the server's lives this is: its checkpointer is another after a crash. Undefined while it does not answer. */
  const life = async () => {
    const rows = await bed.postgres.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'").catch(() => []);
    return rows[0]?.pid as number | undefined;
  };

  test('SSM down: the queries that need it fail, with its reason, until it is back', async () => {
    const { cursor } = await start();
    bed.ssm.fault = () => ({ status: 400, body: '{"__type":"ParameterNotFound","message":"gone"}' });
    expect(await rejection(cursor((c) => c.query(USERS)))).toMatchObject({
      code: 'BOOTSTRAP', retryable: false, message: expect.stringMatching(/^the bootstrap step "postgres" failed: cannot read the SSM parameter "\/postgres\/reader": ParameterNotFound/),
    });
    bed.ssm.fault = () => ({ hang: true });
    const started = performance.now();
    expect(await rejection(cursor({ signal: AbortSignal.timeout(300) }, (c) => c.query(USERS)))).toMatchObject({ code: 'TIMEOUT' });
    // The step itself goes on for 3 s.
    expect(performance.now() - started).toBeLessThan(2_500);
    bed.ssm.fault = () => undefined;
    const later = await start();
    expect(await later.cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
  });

  test('terminated backends: the next query connects anew', async () => {
    const { cursor } = await start();
    await cursor((c) => c.query(USERS));
    await terminate();
    expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
  });

  test('restarted: errors that may be tried again for as long as it takes, then answers', async () => {
    const { cursor } = await start();
    await cursor((c) => c.query(USERS));
    const before = await life();
    // One backend that is killed makes the server end all others and recover, as after a crash.
    const [{ pid }] = await bed.postgres.query("SELECT pid FROM pg_stat_activity WHERE usename = 'reader'");
    process.kill(pid, 'SIGKILL');
    const end = Date.now() + 90_000;
    for (let recovered = false; !recovered; recovered = ![undefined, before].includes(await life())) {
      expect(Date.now()).toBeLessThan(end);
      const outcome = await cursor((c) => c.queryOne(USERS)).catch((error) => error);
      if (outcome instanceof Error) expect({ ...outcome, message: outcome.message }).toMatchObject({ retryable: true });
      else expect(outcome).toEqual({ n: 1000 });
      await sleep(50);
    }
    expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
  }, 120_000);

  test('down, or accepting and hanging: all other queries answer meanwhile, its own fail within the connect timeout', async () => {
    const silent = await silentServer();
    try {
      const { cursor } = await start(bed.step({ port: silent.port, connectTimeoutSeconds: 2 }), bed.step({ port: 1, catalog: 'pg_down' }, 'down'));
      await cursor((c) => c.query('SELECT 1'));
      let hangs = true;
      const hanging = rejection(cursor((c) => c.query(USERS))).finally(() => hangs = false);
      const down = rejection(cursor((c) => c.query('FROM pg_down.users')));
      for (let i = 0; i < 20; i++) expect(await cursor((c) => c.queryOne('SELECT 1 AS one'))).toEqual({ one: 1 });
      expect(hangs).toBe(true);
      expect(await down).toMatchObject({ code: 'BOOTSTRAP', retryable: true, message: expect.stringMatching(/Connection refused/) });
      expect(await hanging).toMatchObject({ code: 'BOOTSTRAP', retryable: true, message: expect.stringMatching(/timeout expired/) });
    } finally {
      silent.stop();
    }
  });

  test('frozen: a query hangs with it for longer than any timeout, and goes on with it; a signal ends the wait at once', async () => {
    const { cursor } = await start(bed.step({ connectTimeoutSeconds: 2 }));
    await cursor((c) => c.query(USERS));
    const [postmaster] = readFileSync(join(bed.postgres.dataDir, 'postmaster.pid'), 'utf8').split('\n');
    const backends = await bed.postgres.query('SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
    const processes = [Number(postmaster), ...backends.map(({ pid }) => pid as number)];
    for (const pid of processes) process.kill(pid, 'SIGSTOP');
    let hanging: Promise<unknown> | undefined;
    try {
      let answered = false;
      hanging = cursor((c) => c.queryOne(USERS)).finally(() => answered = true);
      // The open connection is taken by then: others cannot connect.
      await sleep(1_000);
      expect(await rejection(cursor({ signal: AbortSignal.timeout(300) }, (c) => c.query(USERS)))).toMatchObject({ code: 'TIMEOUT' });
      expect(await cursor((c) => c.queryOne('SELECT 1 AS one'))).toEqual({ one: 1 });
      await sleep(3_000);
      expect(answered).toBe(false);
    } finally {
      for (const pid of processes) process.kill(pid, 'SIGCONT');
    }
    expect(await hanging).toEqual({ n: 1000 });
    expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
  });

  describeIf(droppingAvailability(), 'packets that are dropped', () => {
    test('an error that may be tried again, after the timeouts; the first query after the fault answers', async () => {
      const { cursor } = await start(bed.step({ connectTimeoutSeconds: 2 }));
      await cursor((c) => c.query(USERS));
      const pass = await dropPackets(bed.postgres.port);
      try {
        // Which of libpq's words for it depends on the moment.
        expect(await rejection(cursor((c) => c.query(USERS)))).toMatchObject({ code: 'QUERY', retryable: true });
        expect(await cursor((c) => c.queryOne('SELECT 1 AS one'))).toEqual({ one: 1 });
      } finally {
        await pass();
      }
      expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
    });
  });

  test('a connection that breaks under a query: a SELECT runs again, anything else is an error that may be tried again', async () => {
    const { cursor } = await start();
    const slow = "FROM postgres_query('pg_replica', 'SELECT pg_sleep(1)::text AS slept')";
    const cut = async (query: Promise<unknown>) => (await Promise.all([query, bed.postgres.query(TERMINATE_THE_SLEEPER)]))[0];
    await cursor((c) => c.query(USERS));
    expect(await cursor((c) => cut(c.query(slow)))).toEqual([{ slept: '' }]);
    const error = await rejection(cursor((c) => cut(c.execute(`CREATE TABLE t AS ${slow}`))));
    expect(error).toMatchObject({ code: 'QUERY', retryable: true });
    says('POSTGRESQL.terminated', error.message);
  });

  test('a query that takes too long ends on the server, by the statement timeout', async () => {
    const { cursor } = await start(bed.step({ statementTimeoutSeconds: 1 }));
    const error = await rejection(cursor((c) => c.query("FROM postgres_query('pg_replica', 'SELECT pg_sleep(30)')")));
    expect(error).toMatchObject({ code: 'QUERY', message: expect.stringMatching(/canceling statement due to statement timeout/) });
  });

  test('a rotated password: the query that meets it answers, with one fetch past the cache', async () => {
    const { cursor } = await start();
    await cursor((c) => c.query(USERS));
    await rotate("the second 'password'");
    expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
    expect(bed.ssm.requests).toHaveLength(1);
    await cursor((c) => c.queryOne(USERS));
    expect(bed.ssm.requests).toHaveLength(1);
  });

  test('under load: no query fails, and few ask for the new password', async () => {
    const { cursor } = await start();
    await cursor((c) => c.query(USERS));
    let over = false;
    let queries = 0;
    const loads = Array.from({ length: 4 }, async () => {
      while (!over) {
        expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
        queries += 1;
      }
    });
    const failed = Promise.all(loads).then(() => undefined, (error) => error);
    try {
      await sleep(200);
      for (const password of ['the second password', 'the third password']) {
        await rotate(password);
        const goal = queries + 20;
        const answered = async () => { while (queries < goal) await sleep(20); };
        expect(await Promise.race([answered(), failed])).toBeUndefined();
      }
    } finally {
      over = true;
    }
    await Promise.all(loads);
    expect(bed.ssm.requests.length).toBeLessThan(4);
  });

  test('in a transaction: renewed, not repeated, and the caller may try again', async () => {
    const { cursor } = await start();
    await cursor((c) => c.query(USERS));
    await rotate('the second password');
    const error = await rejection(cursor((c) => c.transaction((t) => t.query(USERS))));
    expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: true });
    expect(error.message).toContain('was renewed; the statement did not run again');
    expect(await cursor((c) => c.transaction((t) => t.queryOne(USERS)))).toEqual({ n: 1000 });
  });

  test('in mid-COPY: likewise, as part of the file may be written', async () => {
    const { cursor } = freshRuntime(await bed.environment([bed.step()], { settings: { threads: 4, pg_pages_per_task: 100 } }));
    const file = join(tmpdir(), `big-${process.pid}.csv`);
    const copy = () => cursor((c) => c.execute(`COPY (FROM pg_replica.big) TO '${file}'`));
    await cursor((c) => c.query(USERS));
    // The connections that are open stay: the COPY begins on them, and is refused more for its other threads.
    await bed.setPassword('reader', 'the second password');
    expect(await rejection(copy())).toMatchObject({ code: 'BOOTSTRAP', retryable: true, message: expect.stringContaining('was renewed; the statement did not run again') });
    expect(existsSync(file)).toBe(true);
    expect(await copy()).toEqual({ rowsChanged: 300_000 });
    rmSync(file);
  });

  test('one of several steps: the others are left alone', async () => {
    await bed.setPassword('other', 'the other password');
    const other = bed.step({ user: 'other', password: { ssm: '/postgres/other' }, catalog: 'pg_other' }, 'other');
    const { cursor } = await start(bed.step(), other);
    const both = 'SELECT (SELECT count(*) FROM pg_replica.users) + (SELECT count(*) FROM pg_other.users) AS n';
    await cursor((c) => c.query(both));
    await rotate('the second password');
    expect(await cursor((c) => c.queryOne(both))).toEqual({ n: 2000 });
    expect(bed.ssm.requests).toEqual(['{"Name":"/postgres/reader","WithDecryption":true}']);
  });

  test('a wrong password: the reason, and no storm of requests', async () => {
    await bed.setPassword('reader', 'the right one', 'the wrong one');
    bed.ssm.requests.length = 0;
    const { cursor } = await start();
    const errors = [];
    for (let i = 0; i < 5; i++) errors.push(await rejection(cursor((c) => c.query(USERS))));
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: true });
      expect(error.message).toMatch(/^the bootstrap step "postgres" failed: the server at 127\.0\.0\.1:\d+ refuses the password of the user "reader", and the secret has no other password$/);
    }
    expect(bed.ssm.requests).toHaveLength(2);
  });

  test('a password that is wrong after it was right: likewise', async () => {
    const { cursor } = await start();
    await cursor((c) => c.query(USERS));
    await bed.setPassword('reader', 'changed', 'the first password');
    await terminate();
    bed.ssm.requests.length = 0;
    for (let i = 0; i < 4; i++) expect(await rejection(cursor((c) => c.query(USERS)))).toMatchObject({ code: 'BOOTSTRAP', message: expect.stringContaining('has no other password') });
    expect(bed.ssm.requests).toHaveLength(1);
  });

  test('a password that was changed to another one than the secret\'s: the new one of the secret is tried once, and then for a while nobody asks', async () => {
    const { cursor } = await start();
    await cursor((c) => c.query(USERS));
    await bed.setPassword('reader', 'changed', 'changed to something else');
    await terminate();
    bed.ssm.requests.length = 0;
    const errors = [];
    for (let i = 0; i < 4; i++) errors.push(await rejection(cursor((c) => c.query(USERS))));
    expect(errors.map(({ code, retryable }) => [code, retryable])).toEqual(Array(4).fill(['BOOTSTRAP', true]));
    says('POSTGRESQL.passwordRefused', errors[0]!.message);
    expect(errors[3]!.message).toContain('has no other password');
    for (const { message } of errors) expect(message).not.toContain('something else');
    expect(bed.ssm.requests).toHaveLength(1);
  });

  test('a database that is missing', async () => {
    const { cursor } = await start(bed.step({ database: 'none' }));
    expect(await rejection(cursor((c) => c.query(USERS)))).toMatchObject({ code: 'BOOTSTRAP', message: expect.stringMatching(/database "none" does not exist/) });
  });

  test('too many connections: an error that may pass, and then it has', async () => {
    await bed.postgres.query('ALTER ROLE reader CONNECTION LIMIT 0');
    const { cursor } = await start();
    try {
      expect(await rejection(cursor((c) => c.query(USERS)))).toMatchObject({ code: 'BOOTSTRAP', retryable: true, message: expect.stringMatching(/too many connections for role "reader"/) });
    } finally {
      await bed.postgres.query('ALTER ROLE reader CONNECTION LIMIT -1');
    }
    expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
  });
});
