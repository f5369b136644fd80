import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { isTransient, mayPass } from '../../../lib-runtime/diagnosis/transient';
import { startPgBouncer } from '../../bed';
import { describeWith } from '../../bed/require';
import { makeCertificates } from '../../bed/servers/certificates';
import { temporaryDirectory } from '../../temporary-directory';
import { type PostgresBed, startPostgresBed } from '../bootstrap/postgres/postgres-bed';
import { freshRuntime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { says } from '../says';

const USERS = 'SELECT count(*) AS n FROM pg_replica.users';

describeWith(['postgres', 'aws'], 'what never passes is no error to be tried again', () => {
  let bed: PostgresBed;
  beforeAll(async () => { bed = await startPostgresBed(); });
  afterAll(() => bed?.stop());

  const start = async (...steps: object[]) => freshRuntime(await bed.environment(steps));
  const failure = async (...steps: object[]) => rejection((await start(...steps)).cursor((c) => c.query(USERS)));
  const sqlStep = (statement: string) => ({ name: 'sql', type: 'sql', provides: ['pg_replica'], config: { statements: [statement] } });
  const reloadHba = async (text: string) => {
    const loaded = async () => Number((await bed.postgres.query('SELECT extract(epoch FROM pg_conf_load_time()) AS at'))[0].at);
    const before = await loaded();
    writeFileSync(join(bed.postgres.dataDir, 'pg_hba.conf'), text);
    await bed.postgres.query('SELECT pg_reload_conf()');
    while (await loaded() === before) await sleep(20);
  };
  const never = { code: 'BOOTSTRAP', retryable: false };

  test('the database does not exist', async () => {
    const error = await failure(bed.step({ database: 'none' }));
    expect(error).toMatchObject(never);
    says('POSTGRESQL.unknownDatabase', error.message);
    says('POSTGRES_EXTENSION.cannotConnect', error.message);
    says('LIBPQ.portFailed', error.message);
  });

  test('there are no AWS credentials, for a parameter, an IAM token or S3', async () => {
    const environment = {
      ...await bed.environment([
        bed.step(), bed.step({ password: undefined, iam: true, catalog: 'pg_iam' }, 'iam'),
        { name: 'role', type: 's3', config: { scopes: ['s3://lake/'], assumeRole: 'arn:aws:iam::123456789012:role/reader' } },
      ]),
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/none',
      AWS_SHARED_CREDENTIALS_FILE: '/none',
    };
    const { cursor } = freshRuntime(environment);
    for (const step of ['postgres', 'iam', 'role']) {
      const error = await rejection(cursor((c) => c.bootstrap(step)));
      expect(error).toMatchObject(never);
      says('AWS_SDK.noCredentials', error.message);
    }
  });

  test('a step may be tried again by hand though it never passes: the same error', async () => {
    const { cursor } = await start(bed.step({ database: 'none' }));
    expect(await rejection(cursor((c) => c.bootstrap('postgres')))).toMatchObject(never);
    expect(await rejection(cursor((c) => c.query(USERS)))).toMatchObject(never);
  });

  test('the role may not log in, or not connect to the database', async () => {
    await bed.setPassword('idle', 'a password');
    await bed.postgres.query('ALTER ROLE idle NOLOGIN');
    const step = bed.step({ user: 'idle', password: { ssm: '/postgres/idle' } });
    const noLogin = await failure(step);
    expect(noLogin).toMatchObject(never);
    says('POSTGRESQL.noLogin', noLogin.message);
    await bed.postgres.query('ALTER ROLE idle LOGIN; REVOKE CONNECT ON DATABASE app FROM PUBLIC');
    try {
      const denied = await failure(step);
      expect(denied).toMatchObject(never);
      says('POSTGRESQL.databaseDenied', denied.message);
    } finally {
      await bed.postgres.query('GRANT CONNECT ON DATABASE app TO PUBLIC');
    }
  });

  test('of a database that is attached already: the statement\'s own error', async () => {
    await bed.setPassword('later', 'a password');
    const { cursor } = await start(bed.step({ user: 'later', password: { ssm: '/postgres/later' } }));
    const outcome = async (change: string) => {
      await cursor((c) => c.query(USERS));
      await bed.postgres.query(change);
      await bed.postgres.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'later'");
      return rejection(cursor((c) => c.query(USERS)));
    };
    const full = await outcome('ALTER ROLE later CONNECTION LIMIT 0');
    expect(full).toMatchObject({ code: 'QUERY', retryable: true, message: expect.stringContaining('too many connections') });
    await bed.postgres.query('ALTER ROLE later CONNECTION LIMIT -1');
    const refused = await outcome('ALTER ROLE later NOLOGIN');
    expect(refused).toMatchObject({ code: 'QUERY', retryable: false, message: expect.stringContaining('is not permitted to log in') });
  });

  test('no entry of pg_hba.conf, one that rejects, or a role that a trusting server does not know', async () => {
    const { port } = bed.postgres;
    const hba = readFileSync(join(bed.postgres.dataDir, 'pg_hba.conf'), 'utf8');
    await reloadHba('hostssl app rejected all reject\nhostssl app unknown all trust\nhostssl all all all scram-sha-256\n');
    try {
      await bed.setPassword('rejected', 'a password');
      const rejected = await failure(bed.step({ user: 'rejected', password: { ssm: '/postgres/rejected' } }));
      expect(rejected).toMatchObject(never);
      says('POSTGRESQL.hbaRejects', rejected.message);
      const unknown = await failure(bed.step({ user: 'unknown' }));
      expect(unknown).toMatchObject(never);
      says('POSTGRESQL.unknownRole', unknown.message);
      const error = await failure(bed.step({ tls: 'disable' }));
      expect(error).toMatchObject({ ...never, message: expect.stringContaining(`port ${port} failed: FATAL:`) });
      says('POSTGRESQL.noHbaEntry', error.message);
      expect(error.message).toMatch(/\n\nhint: the server's pg_hba\.conf has no entry for this address/);
    } finally {
      await reloadHba(hba);
    }
  });

  test('the certificate is of another authority, of another host, or the authority cannot be read', async () => {
    const directory = temporaryDirectory();
    await makeCertificates(directory, ['localhost']);
    const wrong = await failure(bed.step({ tls: 'verify-full', caFile: join(directory, 'ca.crt') }));
    expect(wrong).toMatchObject(never);
    says('LIBPQ.certificateOfAnotherAuthority', wrong.message);
    expect(wrong.message).toMatch(/\n\nhint: the server's certificate comes from another authority than those in the step's caFile/);
    const ca = join(bed.postgres.dataDir, 'ca.crt');
    const address = await failure(bed.step({ host: '127.0.0.2', tls: 'verify-full', caFile: ca }));
    expect(address).toMatchObject({ ...never, message: expect.stringContaining('host name "127.0.0.2"') });
    says('LIBPQ.certificateOfAnotherHost', address.message);
    writeFileSync(join(directory, 'empty.crt'), '');
    const unreadable = await failure(bed.step({ tls: 'verify-full', caFile: join(directory, 'empty.crt') }));
    expect(unreadable).toMatchObject(never);
    says('LIBPQ.unreadableRootCertificate', unreadable.message);
  });

  test('a setting that the server does not know, or does not take', async () => {
    const attach = (options: string, more = '') => sqlStep(`CREATE TEMPORARY SECRET s (TYPE postgres, HOST '127.0.0.1', PORT '${bed.postgres.port}', DATABASE 'app', USER 'postgres',
      PASSWORD 'test-bed', OPTIONS '${options}'${more}); ATTACH '' AS pg_replica (TYPE postgres, SECRET s)`);
    const unknown = await failure(attach('-c no_such=1'));
    const invalid = await failure(attach('-c statement_timeout=soon'));
    const missing = await failure(attach('', ", SSLMODE 'verify-full', SSLROOTCERT '/none.crt'"));
    for (const error of [unknown, invalid, missing]) expect(error).toMatchObject(never);
    says('POSTGRESQL.unknownParameter', unknown.message);
    says('POSTGRESQL.invalidParameter', invalid.message);
    says('LIBPQ.noRootCertificate', missing.message);
  });

  test.each([
    ['SELEC 1', /Parser Error: syntax error/],
    ["ATTACH '/none/x.duckdb' AS pg_replica (READ_ONLY)", /Cannot open/],
    ["CREATE TABLE x AS FROM read_csv('/none/x.csv')", /No files found/],
  ])('a SqlStep with %s', async (statement, message) => {
    expect(await failure(sqlStep(statement))).toMatchObject({ ...never, message: expect.stringMatching(message) });
  });

  test('what passes stays so, and what the server says of a statement does not', async () => {
    expect(await failure(bed.step({ port: 1 }))).toMatchObject({ code: 'BOOTSTRAP', retryable: true, message: expect.stringContaining('Connection refused') });
    const { cursor } = await start(bed.step());
    await cursor((c) => c.query(USERS));
    const pg = (sql: string) => cursor((c) => c.query(`FROM postgres_query('pg_replica', '${sql.replaceAll("'", "''")}')`));
    expect(await rejection(pg('SELECT 1/0'))).toMatchObject({ code: 'QUERY', retryable: false, message: expect.stringContaining('division by zero') });
    expect(await rejection(pg('SELECT no_such FROM users'))).toMatchObject({ code: 'QUERY', retryable: false });
    says('POSTGRES_EXTENSION.unknownDatabase', (await rejection(cursor((c) => c.query("FROM postgres_query('nowhere', 'SELECT 1')")))).message);
  });

  test('a lock that another holds passes', async () => {
    await bed.postgres.query("ALTER ROLE reader SET lock_timeout = '50ms'; CREATE TABLE locked AS SELECT 1 AS v");
    const { cursor } = await start(bed.step());
    await cursor((c) => c.query(USERS));
    const error = rejection(cursor(async (c) => {
      for (;;) await c.query('FROM pg_replica.locked');
    }));
    await bed.postgres.query('BEGIN; LOCK TABLE locked; SELECT pg_sleep(2); COMMIT');
    expect(await error).toMatchObject({ code: 'QUERY', retryable: true });
    says('POSTGRESQL.lockTimeout', (await error).message);
  });

  test('such words in data or in SQL mean nothing', async () => {
    const { cursor } = await start(bed.step());
    for (const words of ['server closed the connection unexpectedly', '503 SlowDown', 'Unable to connect to Postgres']) {
      expect(await rejection(cursor((c) => c.query(`SELECT '${words}'::INTEGER`)))).toMatchObject({ code: 'QUERY', retryable: false });
    }
  });
});

describeWith(['postgres', 'aws', 'pgbouncer'], 'PgBouncer', () => {
  let bed: PostgresBed;
  let bouncer: Awaited<ReturnType<typeof startPgBouncer>>;
  beforeAll(async () => {
    bed = await startPostgresBed();
    bouncer = await startPgBouncer(bed.postgres);
  });
  afterAll(() => Promise.all([bouncer?.stop(), bed?.stop()]));

  test('it refuses the statement timeout: the error says to send none, and then it answers', async () => {
    const { cursor } = freshRuntime(await bed.environment([bed.step({ port: bouncer.port, tls: 'disable' })]));
    const error = await rejection(cursor((c) => c.query(USERS)));
    expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: false });
    says('PGBOUNCER.startupParameter', error.message);
    expect(error.message).toContain('hint: PgBouncer does not accept a statement timeout at connection: set disableStatementTimeout: true in the PostgresStep');
    const { cursor: without } = freshRuntime(await bed.environment([bed.step({ port: bouncer.port, tls: 'disable', disableStatementTimeout: true })]));
    expect(await without((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
  });

  test('it does not know the database: no error to be tried again', async () => {
    const { cursor } = freshRuntime(await bed.environment([bed.step({ port: bouncer.port, tls: 'disable', disableStatementTimeout: true, database: 'none' })]));
    const error = await rejection(cursor((c) => c.query(USERS)));
    expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: false });
    says('PGBOUNCER.unknownDatabase', error.message);
  });

  test('it does not speak TLS, but TLS is required: the error is not retryable', async () => {
    const { cursor } = freshRuntime(await bed.environment([bed.step({ port: bouncer.port, disableStatementTimeout: true })]));
    const error = await rejection(cursor((c) => c.query(USERS)));
    expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: false });
    says('LIBPQ.tlsUnsupported', error.message);
  });
});

describeWith(['postgres', 'aws'], 'an ATTACH by connection string', () => {
  let bed: PostgresBed;
  beforeAll(async () => { bed = await startPostgresBed(); });
  afterAll(() => bed?.stop());

  test('it says which statements work, and they do', async () => {
    const { cursor } = freshRuntime(await bed.environment([]));
    const string = `host=127.0.0.1 port=${bed.postgres.port} dbname=app user=postgres password=test-bed`;
    const error = await rejection(cursor((c) => c.execute(`ATTACH '${string}' AS db (TYPE postgres)`)));
    expect(error).toMatchObject({ code: 'QUERY', retryable: false });
    const [secret, attach] = /hint: .*?(CREATE TEMPORARY SECRET .*?); (ATTACH .*?\))\. For DuckLake/s.exec(error.message)!.slice(1);
    const values: Record<string, string> = { HOST: '127.0.0.1', DATABASE: 'app', USER: 'postgres' };
    const given = secret!.replace(/(HOST|DATABASE|USER) '\.\.\.'/g, (_, name: string) => `${name} '${values[name]}'`).replace('5432', String(bed.postgres.port));
    await cursor(async (c) => {
      await c.execute(given, { password: 'test-bed' });
      await c.execute(attach!);
      expect(await c.queryOne('SELECT count(*) AS n FROM db.users')).toEqual({ n: 1000 });
      expect(JSON.stringify(await c.query('FROM duckdb_databases()'))).not.toContain('test-bed');
    });
  });

  test.each([
    (port: number) => `host=127.0.0.1 port=${port} dbname=none user=postgres password=in-a-string`, (port: number) => `postgres://postgres:in-a-url@127.0.0.1:${port}/none`,
  ])('its password is in no error, also of a step', async (string) => {
    const { cursor } = freshRuntime(await bed.environment([{
      name: 'own',
      type: 'sql',
      provides: ['own'],
      config: {
        statements: [
          'CREATE TEMPORARY SECRET none (TYPE postgres)', `ATTACH '${string(bed.postgres.port)}' AS own (TYPE postgres, SECRET none)`,
        ],
      },
    }]));
    for (const sql of ['FROM own.t', `CREATE TEMPORARY SECRET mine (TYPE postgres); ATTACH '${string(bed.postgres.port)}' AS db (TYPE postgres, SECRET mine)`]) {
      const error = await rejection(cursor((c) => c.execute(sql)));
      expect(['BOOTSTRAP', 'QUERY']).toContain(error.code);
      expect(error.message).toContain('Unable to connect to Postgres');
      expect(inspect(error)).not.toMatch(/in-a-(?:string|url)/);
    }
  });
});

test('what nobody knows: a statement is not tried again, a step is', () => {
  expect([isTransient('IO Error: something new'), mayPass('IO Error: something new')]).toEqual([false, true]);
  expect([isTransient('fetch failed'), mayPass('fetch failed')]).toEqual([false, true]);
  expect([isTransient('Parser Error: x'), mayPass('Parser Error: x')]).toEqual([false, false]);
});
