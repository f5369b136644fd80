import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PostgresBed, startPostgresBed } from './postgres-bed';
import { startPostgres, type PostgresServer } from '../../../bed';
import { describeWith } from '../../../bed/require';
import { valuesOf } from '../../built-runtime';
import { freshRuntime } from '../../fresh-runtime';
import { rejection } from '../../rejection';

const USERS = 'SELECT count(*) AS n FROM pg_replica.users';

describeWith(['postgres', 'aws'], 'PostgreSQL as a bootstrap step', () => {
  let bed: PostgresBed;

  beforeAll(async () => { bed = await startPostgresBed(); });
  afterAll(() => bed?.stop());
  beforeEach(async () => {
    bed.ssm.requests.length = 0;
    bed.ssm.fault = () => undefined;
    await bed.setPassword('reader', "it's $ecret");
  });

  const start = async (...steps: object[]) => freshRuntime(await bed.environment(steps.length > 0 ? steps : [bed.step()]));

  test('a cursor reads a replica\'s table, as in the article', async () => {
    const { cursor } = await start();
    const rows = await cursor((c) => c.query('SELECT * FROM pg_replica.users ORDER BY id LIMIT 10'));
    expect(rows).toHaveLength(10);
    expect(rows[0]).toEqual({ id: 1, name: 'user 1' });
  });

  test('nothing is asked of SSM or PostgreSQL until a query needs them; then once, however many need them at that moment', async () => {
    const { cursor } = await start(bed.step({ applicationName: 'counted' }));
    await cursor((c) => c.query('SELECT 1'));
    expect([bed.ssm.requests.length, await bed.connections('counted')]).toEqual([0, 0]);
    const counts = await Promise.all(Array.from({ length: 5 }, () => cursor((c) => c.queryOne(USERS))));
    expect(counts).toEqual(Array(5).fill({ n: 1000 }));
    expect(bed.ssm.requests).toEqual(['{"Name":"/postgres/reader","WithDecryption":true}']);
    await cursor((c) => c.queryOne(USERS));
    expect(bed.ssm.requests).toHaveLength(1);
  });

  test.each([
    'SELECT 1 -- FROM pg_replica.users', "SELECT 'pg_replica.users' AS text, coalesce(NULL, 'pg_replica')", 'SELECT pg_replica.x FROM (SELECT 1 AS x) AS pg_replica', 'WITH pg_replica AS (SELECT 1) FROM pg_replica',
    'DETACH DATABASE IF EXISTS pg_replica',
  ])('nor by a statement that has its catalog\'s name in another place: %s', async (sql) => {
    const { cursor } = await start(bed.step({ applicationName: 'unnamed' }));
    await cursor((c) => c.query(sql));
    expect([bed.ssm.requests.length, await bed.connections('unnamed')]).toEqual([0, 0]);
  });

  test.each([
    ['id = 5', true],
    ['id IN (5, 7)', true],
    ['id = 5 OR id = 9', true],
    ["name LIKE 'user 55%'", true],
    ["lower(name) = 'user 5'", false],
    ['id % 2 = 1', false],
    ["id = 5 OR name = 'user 9'", false],
  ])('whether PostgreSQL filters the rows, as the documentation says: %s', async (condition, isPushed) => {
    const { cursor } = await start();
    const [plan] = await cursor((c) => c.query<{ explain_value: string }>(`EXPLAIN FROM pg_replica.users WHERE ${condition}`));
    // The filters of the scan.
    expect(plan!.explain_value.includes('Filters:')).toBe(isPushed);
  });

  test.each([
    ["FROM postgres_query('pg_replica', 'SELECT 42 AS x')", [{ x: 42 }]],
    ["SELECT count(*) AS n FROM postgres_query($$PG_replica$$, 'SELECT 1 FROM users')", [{ n: 1000 }]],
    ['SELECT "PG_REPLICA".public.users.id FROM pg_replica.users WHERE id = 1', [{ id: 1 }]],
    ["FROM query('SELECT count(*) AS n FROM pg_replica.users')", [{ n: 1000 }]],
  ])('it is attached when the text names it: %s', async (sql, rows) => {
    const { cursor } = await start(bed.step({ schema: 'public' }));
    expect(await cursor((c) => c.query(sql))).toEqual(rows);
  });

  test.each([
    ['FROM pg_replica.users AT (VERSION => 1)', /does not support time travel/], ['DROP TABLE IF EXISTS pg_replica.users', /read-only/], ['DROP TABLE IF EXISTS pg_replica.public.users', /read-only/],
    ['DROP VIEW pg_replica.users', /users/], ['FROM pg_replica.snapshots()', /snapshots/],
  ])('also if the error of a statement without it would not name it, or there would be none: %s', async (sql, message) => {
    const { cursor } = await start(bed.step({ applicationName: 'quiet', schema: 'public' }));
    expect(await rejection(cursor((c) => c.query(sql)))).toMatchObject({ code: 'QUERY', message: expect.stringMatching(message) });
    expect(await bed.connections('quiet')).toBeGreaterThan(0);
  });

  test('while it is down, a statement that has its name in another place answers, and one that would silently do nothing fails', async () => {
    const { cursor } = await start(bed.step({ port: 1 }));
    await cursor((c) => c.execute("CREATE TABLE t AS SELECT {'x': 1} AS pg_replica"));
    expect(await cursor((c) => c.query('SELECT pg_replica.x FROM t'))).toEqual([{ x: 1 }]);
    for (const sql of ['DROP TABLE IF EXISTS pg_replica.users', 'FROM pg_replica.users AT (VERSION => 1)', 'FROM pg_replica.f()']) {
      expect(await rejection(cursor((c) => c.query(sql)))).toMatchObject({ code: 'BOOTSTRAP', retryable: true, message: expect.stringContaining('Connection refused') });
    }
  });

  test('a schema that is not there is looked up once, by the attachment itself', async () => {
    const { cursor } = await start(bed.step());
    let runs = 0;
    const count = () => { runs += 1; };
    subscribe('tracing:cdk-duckdb-lambda:bootstrap:start', count);
    const error = await rejection(cursor((c) => c.query('FROM pg_replica.nowhere.t')));
    expect(error.message).toContain('there is no catalog or schema "nowhere"; the catalogs, nearest first, are: "memory", "pg_replica" (of the bootstrap step "postgres")');
    // Neither the host nor the login.
    for (const known of ['127.0.0.1', String(bed.postgres.port), 'reader']) expect(error.message).not.toContain(known);
    unsubscribe('tracing:cdk-duckdb-lambda:bootstrap:start', count);
    expect(runs).toBe(1);
  });

  test.each([[{}, false], [{ catalog_error_max_schemas: 100 }, true]])('an unknown name asks PostgreSQL for its tables, with the settings %j: %j', async (settings, isAsked) => {
    const { cursor } = freshRuntime(await bed.environment([bed.step({ applicationName: 'listing' })], { settings }));
    await cursor((c) => c.query(USERS));
    const lastAsked = async () => (await bed.postgres.query("SELECT max(query_start)::text AS at FROM pg_stat_activity WHERE application_name = 'listing'"))[0].at;
    for (const sql of ['FROM nothing_like_it', 'SELECT nothing_like_it(1)']) {
      await cursor((c) => c.query(USERS));
      const before = await lastAsked();
      await rejection(cursor((c) => c.query(sql)));
      expect([sql, await lastAsked() !== before]).toEqual([sql, isAsked]);
    }
  });

  test.each([
    [{}, ['connect_timeout=5', 'tcp_user_timeout=5000', 'keepalives=1', 'keepalives_idle=30', 'application_name=cdk-duckdb-lambda', 'options=-c statement_timeout=30000']],
    [
      { connectTimeoutSeconds: 3, tcpUserTimeoutSeconds: 4, keepaliveSeconds: 60, statementTimeoutSeconds: 20, applicationName: 'reports' },
      ['connect_timeout=3', 'tcp_user_timeout=4000', 'keepalives=1', 'keepalives_idle=60', 'application_name=reports', 'options=-c statement_timeout=20000'],
    ],
  ])('how it connects, given %j', async (changes, expected) => {
    const { cursor } = await start(bed.step(changes));
    await cursor((c) => c.query(USERS));
    const secret = await cursor((c) => c.queryOne<{ secret_string: string }>("SELECT secret_string FROM duckdb_secrets() WHERE name = 'postgres'"));
    expect(secret!.secret_string.split(';')).toEqual(expect.arrayContaining(expected));
  });

  test('in the init phase: its secret is asked for at the import, once, and the first query finds all done', async () => {
    const env = await bed.environment([bed.step()]);
    // In a process of its own, where modules are what they are in Lambda.
    const answers = await valuesOf(`
      import { cursor } from 'cdk-duckdb-lambda/runtime';
      const catalogs = await cursor({ bootstrap: [] }, (c) => c.query("SELECT database_name FROM duckdb_databases() WHERE type = 'postgres'"));
      console.log(JSON.stringify([catalogs, await cursor((c) => c.queryOne('${USERS}'))]));`,
    { env: { ...env, AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1', AWS_LAMBDA_INITIALIZATION_TYPE: 'provisioned-concurrency' } });
    expect(answers.at(-1)).toEqual([[{ database_name: 'pg_replica' }], { n: 1000 }]);
    expect(bed.ssm.requests).toHaveLength(1);
  });

  test('a replica in recovery is read like any other server, by several connections at once', async () => {
    await bed.postgres.query('CREATE TABLE big AS SELECT i, md5(i::text) AS text FROM generate_series(1, 300000) i; ANALYZE big');
    const replica = await startPostgres({ replicaOf: bed.postgres });
    try {
      const { cursor } = freshRuntime(await bed.environment([bed.step({ port: replica.port })], { settings: { threads: 4 } }));
      expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
      expect(await cursor((c) => c.queryOne('SELECT count(DISTINCT text) AS n, sum(i) AS total FROM pg_replica.big'))).toEqual({ n: 300_000, total: 45_000_150_000 });
      expect(await cursor((c) => c.transaction((t) => t.queryOne(USERS)))).toEqual({ n: 1000 });
    } finally {
      await replica.stop();
    }
  });

  test('it can only be read, also by postgres_execute', async () => {
    const { cursor } = await start();
    expect((await rejection(cursor((c) => c.execute("INSERT INTO pg_replica.users VALUES (0, 'x')")))).message).toMatch(/read-only/);
    expect((await rejection(cursor((c) => c.execute("CALL postgres_execute('pg_replica', 'DROP TABLE users')")))).message).toMatch(/read-only/i);
  });

  test('the password is in nothing that SQL can read back, in no error and in no command line', async () => {
    const { cursor } = await start();
    const seen = await cursor(async (c) => {
      await c.query("CALL enable_logging(level = 'debug')");
      await c.query(USERS);
      return JSON.stringify([
        await c.query('FROM duckdb_databases()'), await c.query('FROM duckdb_secrets()'), await c.query('FROM duckdb_settings()'),
        await c.query('FROM duckdb_logs()'), await c.query('PRAGMA database_list'),
      ]);
    });
    await bed.setPassword('reader', 'another-one', "it's $ecret");
    const { cursor: refused } = await start();
    const error = await rejection(refused((c) => c.query(USERS)));
    for (const text of [seen, error.message, error.stack!, String((error.cause as Error).stack), process.argv.join(' ')]) {
      for (const form of ["it's $ecret", "it''s $ecret"]) expect(text).not.toContain(form);
    }
  });

  test('a database and user named by a secret of RDS; what the step says wins', async () => {
    const { user: _user, password: _password, host: _host, port: _port, database: _database, ...rest } = bed.step().config as Record<string, unknown>;
    const fields = { username: 'reader', password: "it's $ecret", host: '127.0.0.1', port: bed.postgres.port, dbname: 'none' };
    bed.ssm.fault = () => ({ status: 200, body: JSON.stringify({ Parameter: { Value: JSON.stringify(fields) } }) });
    const secret = { ssm: '/rds/app' };
    const { cursor } = await start({ ...bed.step(), config: { ...rest, secret, database: 'app' } });
    expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
    const { cursor: none } = await start({ ...bed.step(), config: { ...rest, secret } });
    expect(await rejection(none((c) => c.queryOne(USERS)))).toMatchObject({
      code: 'BOOTSTRAP', message: expect.stringMatching(/^the bootstrap step "postgres" failed: .*database "none" does not exist/s),
    });
    delete (fields as Partial<typeof fields>).password;
    const { cursor: lacking } = await start({ ...bed.step(), config: { ...rest, secret } });
    expect((await rejection(lacking((c) => c.queryOne(USERS)))).message)
      .toBe('the bootstrap step "postgres" failed: the secret has no field "password", and the step does not set it either; its fields are: ' +
        '"username", "host", "port", "dbname"');
  });

  test('several at once, with schemas of their own; one that is down breaks no query of another', async () => {
    await bed.postgres.query('CREATE SCHEMA IF NOT EXISTS "Sales"; CREATE TABLE IF NOT EXISTS "Sales".orders AS SELECT 7 AS id');
    const { cursor } = await start(
      bed.step({ catalog: 'pg "one"', schema: 'public' }, 'first'), bed.step({ catalog: 'pg_two', schema: 'Sales' }, 'second one'),
      bed.step({ catalog: 'pg_down', port: 1 }, 'third'),
    );
    expect(await cursor((c) => c.queryOne('SELECT count(*) AS n, min(o.id) AS id FROM "pg ""one"""."users", pg_two.orders o'))).toEqual({ n: 1000, id: 7 });
    expect((await rejection(cursor((c) => c.query('FROM pg_down.t')))).message).toMatch(/^the bootstrap step "third" failed: .*Connection refused/s);
    // A hit of the scan is advice.
    expect(await cursor((c) => c.queryOne("SELECT count(*) AS n FROM information_schema.tables WHERE table_name = 'orders'"))).toEqual({ n: 1 });
  });

  test('each keeps as many connections as it says, also where several are attached at once', async () => {
    const small = bed.step({ catalog: 'small', maxConnections: 2 }, 'small');
    const large = bed.step({ catalog: 'large', maxConnections: 6 }, 'large');
    const { cursor } = await start(bed.step(), small, large);
    await cursor((c) => c.bootstrap('postgres', 'small', 'large'));
    const pools = await cursor((c) => c.query('SELECT catalog_name, max_connections FROM postgres_configure_pool() ORDER BY catalog_name'));
    expect(pools).toEqual([
      { catalog_name: 'large', max_connections: 6 }, { catalog_name: 'pg_replica', max_connections: 4 }, { catalog_name: 'small', max_connections: 2 },
    ]);
  });

  // What these three show stands in docs/bootstrap-steps.md.
  describe('numeric', () => {
    const PRICES = 'FROM pg_replica.prices ORDER BY id';
    beforeAll(() => bed.postgres.query(`CREATE TABLE prices (id int, free numeric, fixed numeric(10,2), wide numeric(40,5));
      INSERT INTO prices VALUES (1, 12345678901234567890.123456789, 1.25, 12345678901234567890.12345), (2, 'NaN', 'NaN', 'NaN'), (3, 'Infinity', NULL, NULL)`));

    test('with a precision of up to 38 it is exact; else a double, whose digits end, and NaN and infinity read 0', async () => {
      const { cursor } = await start();
      expect(await cursor((c) => c.query(PRICES))).toEqual([
        { id: 1, free: 12345678901234570000, fixed: '1.25', wide: 12345678901234570000 },
        { id: 2, free: 0, fixed: '0.00', wide: 0 },
        { id: 3, free: 0, fixed: null, wide: null },
      ]);
    });

    test('as text, by postgres_query, it is what the database has', async () => {
      const { cursor } = await start();
      expect(await cursor((c) => c.query("FROM postgres_query('pg_replica', 'SELECT id, free::text, fixed::text, wide::text FROM prices ORDER BY id')"))).toEqual([
        { id: 1, free: '12345678901234567890.123456789', fixed: '1.25', wide: '12345678901234567890.12345' },
        { id: 2, free: 'NaN', fixed: 'NaN', wide: 'NaN' },
        { id: 3, free: 'Infinity', fixed: null, wide: null },
      ]);
      expect(await cursor((c) => c.queryOne(`SELECT free::DECIMAL(38, 9) AS free
        FROM postgres_query('pg_replica', 'SELECT id, free::text FROM prices') WHERE id = 1`))).toEqual({ free: '12345678901234567890.123456789' });
    });

    test('by the text protocol NaN and infinity are themselves in a double, and an error in a DECIMAL', async () => {
      const { cursor } = freshRuntime(await bed.environment([bed.step()], { settings: { pg_use_text_protocol: true } }));
      expect(await cursor((c) => c.query('SELECT free FROM pg_replica.prices ORDER BY id'))).toEqual([{ free: 12345678901234567000 }, { free: NaN }, { free: Infinity }]);
      expect((await rejection(cursor((c) => c.query('SELECT fixed FROM pg_replica.prices')))).message).toContain('Could not convert string "NaN" to DECIMAL(10,2)');
    });
  });

  test('it is attached also where the settings lock the configuration', async () => {
    const { cursor } = freshRuntime(await bed.environment([bed.step()], { settings: { lock_configuration: true } }));
    expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
  });

  test('a function signs in with an IAM token, and renews it before it ends', async () => {
    const env = await bed.environment([bed.step({ password: undefined, iam: true })]);
    const role = { AWS_SESSION_TOKEN: 'a-session-token' };
    const { cursor } = freshRuntime({ ...env, ...role });
    const tokens: string[] = [];
    // PostgreSQL asks for the password in clear here, so that the test can tell what it is: only a server of RDS can check a signature.
    const { makeRdsToken } = jest.requireActual<typeof import('../../../../lib-runtime/aws/rds-token')>('../../../../lib-runtime/aws/rds-token');
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'setInterval', 'setTimeout', 'clearTimeout', 'clearInterval', 'performance', 'queueMicrotask'] });
    try {
      const now = Date.now();
      const count = async () => {
        const token = await makeRdsToken({ host: '127.0.0.1', port: String(bed.postgres.port), user: 'reader' }, process.env);
        tokens.push(token.password);
        expect(token.ends).toBe(Date.now() + 900_000);
        await bed.postgres.query(`ALTER ROLE reader PASSWORD '${token.password}'`);
        return cursor((c) => c.queryOne(USERS));
      };
      expect(await count()).toEqual({ n: 1000 });
      jest.setSystemTime(now + 13 * 60_000);
      expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
      jest.setSystemTime(now + 14 * 60_000 + 1000);
      expect(await count()).toEqual({ n: 1000 });
    } finally {
      jest.useRealTimers();
    }
    const url = new URL(`https://${tokens[0]}`);
    expect(url.host).toBe(`127.0.0.1:${bed.postgres.port}`);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      'Action': 'connect',
      'DBUser': 'reader',
      'X-Amz-Expires': '900',
      'X-Amz-Security-Token': 'a-session-token',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Credential': expect.stringMatching(/^an-access-key\/\d{8}\/eu-west-1\/rds-db\/aws4_request$/),
    });
    expect(bed.ssm.requests).toHaveLength(0);
  });

  test('verify-full: by the authority that the server has, and no other; a server without TLS is refused', async () => {
    const ca = join(bed.postgres.dataDir, 'ca.crt');
    const { cursor } = await start(bed.step({ tls: 'verify-full', caFile: ca }));
    expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
    const other = join(bed.postgres.dataDir, 'other.crt');
    const plain: PostgresServer = await startPostgres({ tls: false });
    try {
      writeFileSync(other, '');
      const { cursor: wrong } = await start(bed.step({ tls: 'verify-full', caFile: other }));
      expect((await rejection(wrong((c) => c.queryOne(USERS)))).message).toMatch(/root certificate file|certificate verify failed/);
      const { cursor: none } = await start(bed.step({ tls: 'verify-full', caFile: '/none.pem' }));
      expect((await rejection(none((c) => c.queryOne(USERS)))).message).toContain('there is no file "/none.pem"');
      const { cursor: refused } = await start(bed.step({ port: plain.port }));
      expect(await rejection(refused((c) => c.queryOne(USERS))))
        .toMatchObject({ code: 'BOOTSTRAP', retryable: false, message: expect.stringContaining('server does not support SSL, but SSL was required') });
    } finally {
      await plain.stop();
    }
  });

  test.each([
    [{ password: undefined }, /"password": undefined, expected exactly one of "password", "secret" and "iam"/],
    [{ iam: true }, /expected exactly one of/],
    [{ tls: 'prefer' }, /has "tls": "prefer", expected one of: disable, require, verify-full/],
    [{ tls: 'verify-full' }, /has "caFile": undefined, expected the file/],
    [{ port: 'abc' }, /has "port": "abc", expected a number/],
    [{ password: '/a' }, /"password" of the bootstrap step "postgres" is "\/a", expected \{"ssm": NAME\}/],
  ])('a step configured with %j is refused', async (changes, message) => {
    const { cursor } = await start(bed.step(changes));
    expect(await rejection(cursor((c) => c.query('SELECT 1')))).toMatchObject({ code: 'CONFIG', message: expect.stringMatching(message) });
  });
});
