import { type PostgresBed, startPostgresBed } from './postgres-bed';
import { describeWith } from '../../../bed/require';
import { installPostgres } from '../../../bed/servers/postgres';
import { runScript } from '../../built-runtime';

/** What each script begins with: PostgreSQL's ends, as its administrator and as its faults make them. */
const PRELUDE = `
  import { createRequire } from 'node:module';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { cursor, DuckDB, registerBootstrapStep, session, withDuckDB } from 'cdk-duckdb-lambda/runtime';

  const { Client } = createRequire(process.env.BED_MODULES + '/')('pg');
  async function sql(text) {
    const client = new Client({ connectionString: process.env.BED_POSTGRES });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  }
  const USERS = 'SELECT count(*) AS n FROM pg_replica.public.users';
  const SLEEP = "FROM postgres_query('pg_replica', 'SELECT pg_sleep(2)')";
  const MANY = "FROM postgres_query('pg_replica', 'SELECT i, repeat(''x'', 1000) FROM generate_series(1, 300000) i')";
  const pids = async () => (await sql("SELECT pid FROM pg_stat_activity WHERE usename = 'reader'")).map(({ pid }) => pid);
  const kill = () => sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'reader'");
  const asleep = async () => { while ((await sql("SELECT FROM pg_stat_activity WHERE usename = 'reader' AND wait_event = 'PgSleep'")).length === 0) await sleep(20); };
  const killTheSleeper = () => asleep().then(kill);
  /** DuckDB begins a transaction, and with it PostgreSQL; then the connection dies. */
  const beginAndKill = async (c) => {
    await c.execute('BEGIN');
    await c.query(USERS);
    await kill();
  };
  const say = (value) => console.log(JSON.stringify(value));
  const outcome = (work) => work.then((value) => say({ value }), ({ code, message }) => say({ code: code ?? message }));
`;

/** What each script ends with: everything settled, and the process goes on. */
const AFTERWARDS = `
  say(await cursor((c) => c.queryOne(USERS)));
  process.exit(0);
`;

// DuckDB rolls back a transaction as it closes a connection, and an error there ends the process: "terminate called after throwing".
describeWith(['postgres', 'aws'], 'a transaction whose PostgreSQL connection has died does not end the process', () => {
  let bed: PostgresBed;
  let env: Record<string, string>;

  beforeAll(async () => {
    bed = await startPostgresBed();
    const { modules } = await installPostgres();
    const { host, port, user, password, database } = bed.postgres;
    const steps = [bed.step(), { name: 'begun', type: 'begun', provides: ['begun'], config: {} }, {
      name: 'sql', type: 'sql', provides: ['by_sql'], config: { statements: ['BEGIN', 'SELECT * FROM pg_replica.public.users', 'CALL pg_no_such_function()'] },
    }];
    env = {
      ...await bed.environment(steps), BED_MODULES: modules, BED_POSTGRES: `postgres://${user}:${password}@${host}:${port}/${database}`,
    };
  });
  afterAll(() => bed?.stop());

  const run = async (script: string) => {
    const { code, stdout, stderr } = await runScript(`${PRELUDE}\n${script}\n${AFTERWARDS}`, { env });
    const said = stdout.trim().split('\n').filter((line) => /^[{[]/.test(line) && !line.includes('duckdb cold start')).map((line) => JSON.parse(line));
    return { code, said, stderr: code === 0 ? '' : stderr };
  };
  const endedWith = (...said: unknown[]) => ({ code: 0, stderr: '', said: [...said, { n: 1000 }] });

  describe.each([
    ['left open by its callback', 'await outcome(cursor(async (c) => { await beginAndKill(c); return 1; }));', { value: 1 }],
    ['left open in a session', 'await outcome(session(async (c) => { await beginAndKill(c); return 1; }));', { value: 1 }],
    ['left open by a callback that throws', "await outcome(cursor(async (c) => { await beginAndKill(c); throw new Error('mine'); }));", { code: 'mine' }],
    ['in which a statement fails', 'await outcome(cursor(async (c) => { await beginAndKill(c); return c.query(USERS); }));', { code: 'QUERY' }],
    ['that is rolled back by SQL', "await outcome(cursor(async (c) => { await beginAndKill(c); await c.execute('ROLLBACK'); return 1; }));", { code: 'QUERY' }],
    ['that is committed by SQL', "await outcome(cursor(async (c) => { await beginAndKill(c); await c.execute('COMMIT'); return 1; }));", { code: 'QUERY' }],
    [
      'begun by the client\'s own connection',
      "await outcome(cursor(async (c) => { await c.bootstrap('postgres'); return c.withConnection(async (raw) => { await raw.run('BEGIN'); await raw.run(USERS); await kill(); return 1; }); }));",
      { value: 1 },
    ],
    [
      'on a cursor without a callback',
      'const c = await cursor(); await beginAndKill(c); await outcome(c.close().then(() => 1));',
      { value: 1 },
    ],
    [
      'of a DuckDB that is destroyed under it',
      'const database = new DuckDB(); const c = await database.cursor(); await beginAndKill(c); await outcome(database.destroy().then(() => 1));',
      { value: 1 },
    ],
    [
      'left open by a handler',
      'const handler = withDuckDB(async () => { const c = await cursor(); await beginAndKill(c); return 1; });\n' +
        'await outcome(handler({}, { getRemainingTimeInMillis: () => 30_000 }));',
      { value: 1 },
    ],
    ['of transaction(), at a statement', 'await outcome(cursor((c) => c.transaction(async (t) => { await t.query(USERS); await kill(); return t.query(USERS); })));', { code: 'QUERY' }],
    ['of transaction(), at its COMMIT', 'await outcome(cursor((c) => c.transaction(async (t) => { await t.query(USERS); await kill(); return 1; })));', { code: 'QUERY' }],
    [
      'of transaction(), whose callback throws',
      "await outcome(cursor((c) => c.transaction(async (t) => { await t.query(USERS); await kill(); throw new Error('mine'); })));",
      { code: 'mine' },
    ],
  ])('%s', (_, script, expected) => {
    test('the error is typed, and the next query answers', async () => {
      expect(await run(script)).toEqual(endedWith(expected));
    });
  });

  describe.each([
    ['begun by SQL', "cursor(async (c) => { await c.execute('BEGIN'); await c.query(USERS); return c.query(SLEEP, [], { signal: ender.signal }); })"],
    ['of transaction()', 'cursor((c) => c.transaction(async (t) => { await t.query(USERS); return t.query(SLEEP, [], { signal: ender.signal }); }))'],
    ['of a statement alone', 'cursor((c) => c.query(SLEEP, [], { signal: ender.signal }))'],
    ['of a session', "session(async (c) => { await c.execute('BEGIN'); await c.query(USERS); return c.query(SLEEP, [], { signal: ender.signal }); })"],
  ])('a call that was aborted %s', (_, call) => {
    test('and whose connection dies then', async () => {
      expect(await run(`
        const ender = new AbortController();
        const ended = outcome(${call});
        await asleep();
        ender.abort();
        await ended;
        await kill();
        await sleep(200);
      `)).toEqual(endedWith({ code: 'ABORTED' }));
    });
  });

  test('aborted under a frozen server, whose connection is gone then', async () => {
    expect(await run(`
      let frozen = [];
      const ender = new AbortController();
      await outcome(cursor({ signal: ender.signal }, (c) => c.transaction(async (t) => {
        await t.query(USERS);
        frozen = await pids();
        for (const pid of frozen) process.kill(pid, 'SIGSTOP');
        const call = t.query(USERS);
        setTimeout(() => ender.abort(), 300);
        return call;
      })));
      for (const pid of frozen) { process.kill(pid, 'SIGTERM'); process.kill(pid, 'SIGCONT'); }
      while ((await pids()).some((pid) => frozen.includes(pid))) await sleep(20);
      await sleep(200);
    `)).toEqual(endedWith({ code: 'ABORTED' }));
  });

  test('left open under a frozen server: a signal ends the wait, and JavaScript goes on meanwhile', async () => {
    expect(await run(`
      const ender = new AbortController();
      let frozen = [];
      await outcome(cursor({ signal: ender.signal }, async (c) => {
        await c.execute('BEGIN');
        await c.query(USERS);
        frozen = await pids();
        for (const pid of frozen) process.kill(pid, 'SIGSTOP');
        setTimeout(() => ender.abort(), 300);
        return 1;
      }));
      for (const pid of frozen) process.kill(pid, 'SIGCONT');
    `)).toEqual(endedWith({ value: 1 }));
  });

  test('the server ends an idle transaction', async () => {
    await bed.postgres.query("ALTER ROLE reader SET idle_in_transaction_session_timeout = '100ms'");
    try {
      expect(await run(`
        const inTransaction = async () => (await sql("SELECT FROM pg_stat_activity WHERE usename = 'reader' AND state = 'idle in transaction'")).length > 0;
        const idle = async (c) => { await c.query(USERS); while (await inTransaction()) await sleep(20); return c.query(USERS); };
        await outcome(cursor(async (c) => { await c.execute('BEGIN'); return idle(c); }));
        await outcome(cursor((c) => c.transaction(idle)));
      `)).toEqual(endedWith({ code: 'QUERY' }, { code: 'QUERY' }));
    } finally {
      await bed.postgres.query('ALTER ROLE reader RESET ALL');
    }
  });

  test('a stream, left early or broken off', async () => {
    expect(await run(`
      const read = (leave) => cursor(async (c) => { for await (const _ of c.stream(MANY)) { await kill(); if (leave) break; } return 1; });
      await outcome(read(true));
      await outcome(read(false));
      await outcome(cursor((c) => c.transaction(async (t) => { await t.query(USERS); for await (const _ of t.stream(MANY)) { await kill(); break; } return 1; })));
    `)).toEqual(endedWith({ value: 1 }, { code: 'STREAM' }, { code: expect.stringMatching(/^(?:QUERY|STREAM)$/) }));
  });

  test('at COMMIT the error is not one to be tried again: DuckDB does not tell what was committed', async () => {
    expect(await run(`
      const told = ({ code, retryable, message }) => say({ code, retryable, message });
      await cursor((c) => c.transaction(async (t) => { await t.query(USERS); await kill(); })).catch(told);
      await cursor(async (c) => { await beginAndKill(c); await c.execute('COMMIT'); }).catch(told);
    `)).toEqual(endedWith(...Array(2).fill({ code: 'QUERY', retryable: false, message: expect.stringMatching(/^TransactionContext Error: Failed to commit/) })));
  });

  test('a bootstrap step that begins one and leaves it open', async () => {
    expect(await run(`
      registerBootstrapStep('begun', { run: async (connection) => {
        await connection.run('BEGIN');
        await connection.run(USERS);
        await kill();
      } });
      await cursor((c) => c.query(USERS));
      await outcome(cursor((c) => c.bootstrap('begun')).then(() => 1));
      await outcome(cursor((c) => c.bootstrap('sql')));
    `)).toEqual(endedWith({ value: 1 }, { code: 'BOOTSTRAP' }));
  });
});
