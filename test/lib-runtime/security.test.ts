import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { type PostgresBed, startPostgresBed } from './bootstrap/postgres/postgres-bed';
import { runScript, valuesOf } from './built-runtime';
import { freshRuntime, type Runtime } from './fresh-runtime';
import { rejection } from './rejection';
import { repositoryRoot } from '../bed';
import { describeWith } from '../bed/require';

const text = readFileSync(join(repositoryRoot, 'docs/security.md'), 'utf8');

// What each test shows stands in docs/security.md.
describeWith(['postgres', 'aws'], 'what SQL can do to PostgreSQL', () => {
  let bed: PostgresBed;
  beforeAll(async () => { bed = await startPostgresBed(); });
  afterAll(() => bed?.stop());

  const start = async (changes: object = {}) => freshRuntime(await bed.environment([bed.step(changes)]));
  const execute = ({ cursor }: Runtime, sql: string) => cursor((c) => c.execute(`CALL postgres_execute('pg_replica', '${sql.replaceAll("'", "''")}')`));
  const written = (sql: string) => `COMMIT; BEGIN READ WRITE; ${sql}; COMMIT`;

  test('READ_ONLY is not a wall: postgres_execute writes what the role may write, also past a macro of its name', async () => {
    await bed.postgres.query('GRANT INSERT, DELETE ON users TO reader');
    const runtime = await start();
    await execute(runtime, written("INSERT INTO users VALUES (-1, 'written')"));
    expect(await bed.postgres.query('SELECT name FROM users WHERE id = -1')).toEqual([{ name: 'written' }]);
    await runtime.cursor((c) => c.execute("CREATE MACRO postgres_execute(a, b) AS TABLE SELECT 'no'"));
    await runtime.cursor((c) => c.execute(`CALL system.main.postgres_execute('pg_replica', '${written('DELETE FROM users WHERE id = -1')}')`));
    expect(await bed.postgres.query('SELECT name FROM users WHERE id = -1')).toEqual([]);
    expect((await rejection(runtime.cursor((c) => c.execute('DROP FUNCTION system.main.postgres_execute')))).message).toContain('Cannot drop internal catalog entry');
  });

  test('a second ATTACH without READ_ONLY has the same secret', async () => {
    await bed.postgres.query('GRANT INSERT, DELETE ON users TO reader');
    const { cursor } = await start();
    await cursor(async (c) => {
      await c.query('SELECT count(*) FROM pg_replica.users');
      await c.execute("ATTACH '' AS again (TYPE postgres, SECRET postgres)");
      await c.execute("INSERT INTO again.users VALUES (-2, 'written')");
    });
    expect(await bed.postgres.query('DELETE FROM users WHERE id = -2 RETURNING name')).toEqual([{ name: 'written' }]);
  });

  test('the password can be sent to another server', async () => {
    const received = new Promise<string>((resolve) => {
      const server = createServer((socket: Socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => {
          // AuthenticationCleartextPassword.
          socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
          socket.once('data', (answer) => {
            resolve(answer.subarray(5, -1).toString());
            socket.destroy();
            server.close();
          });
        });
      }).listen(0, '127.0.0.1', async () => {
        const { cursor } = await start();
        await cursor((c) => c.query('SELECT count(*) FROM pg_replica.users'));
        const { port } = server.address() as AddressInfo;
        await cursor((c) => c.execute(`ATTACH 'host=127.0.0.1 port=${port} sslmode=disable' AS x (TYPE postgres, SECRET postgres)`)).catch(() => undefined);
      });
    });
    expect(await received).toBe("it's $ecret");
  });

  test('the role of the documentation reads all that it should, and writes nothing', async () => {
    const [, statements] = /```sql\n(CREATE ROLE reader [^]*?)```/.exec(text)!;
    await bed.postgres.query('CREATE ROLE app_owner; GRANT CREATE ON SCHEMA public TO app_owner; GRANT CREATE ON DATABASE app TO app_owner');
    const sql = statements!.replace(/\breader\b/g, 'documented').replace("'from your secret'", "'a password'");
    await bed.postgres.query(sql);
    await bed.setPassword('documented', 'a password');
    // The bed's own grant reaches further.
    await bed.postgres.query('REVOKE pg_read_all_data FROM documented');
    await bed.postgres.query('SET ROLE app_owner; CREATE TABLE later AS SELECT 7 AS v');
    const runtime = await start({ user: 'documented', password: { ssm: '/postgres/documented' } });
    expect(await runtime.cursor((c) => c.queryOne('SELECT (SELECT count(*) FROM pg_replica.users) AS n, (SELECT v FROM pg_replica.later) AS v'))).toEqual({ n: 1000, v: 7 });
    expect((await runtime.cursor((c) => c.query('SHOW TABLES FROM pg_replica.public'))).map(({ name }) => name)).toEqual(expect.arrayContaining(['users', 'later']));
    for (const statement of [
      'CREATE TABLE t (i int)', 'CREATE TEMP TABLE t (i int)', 'CREATE SCHEMA mine', 'CREATE VIEW v AS SELECT 1', 'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
      "INSERT INTO users VALUES (-1, 'x')", 'UPDATE users SET id = id', 'DELETE FROM users', 'TRUNCATE users', 'DROP TABLE users', 'ALTER TABLE users ADD x int',
      'LOCK TABLE users IN EXCLUSIVE MODE', 'SELECT lo_create(4242)', 'SELECT lo_creat(-1)', "SELECT lo_from_bytea(0, '')", 'CREATE ROLE other', 'SET ROLE app_owner',
    ]) {
      const error = await rejection(execute(runtime, written(statement)));
      expect([statement, error.message]).toEqual([statement, expect.stringMatching(/ERROR: {2}(?:permission denied|must be owner)/)]);
    }
  });

  test('no GRANT keeps a role from changing its own password', async () => {
    await bed.setPassword('changed', 'a password');
    const runtime = await start({ user: 'changed', password: { ssm: '/postgres/changed' } });
    await execute(runtime, written("ALTER ROLE changed PASSWORD 'another one'"));
    await expect(bed.postgres.query('SELECT 1', { user: 'changed', password: 'a password' })).rejects.toThrow(/password authentication failed/);
  });
});

describe('what SQL can do to those that follow on the shared instance', () => {
  test('a macro takes the place of a built-in function, a view that of a file; not in a session', async () => {
    const { cursor, session } = freshRuntime();
    await cursor((c) => c.execute('CREATE MACRO abs(x) AS 42; CREATE VIEW "s3://bucket/file.parquet" AS SELECT \'another\' AS v'));
    expect(await cursor((c) => c.queryOne("SELECT abs(-1) AS a, v FROM 's3://bucket/file.parquet'"))).toEqual({ a: 42, v: 'another' });
    expect(await session((s) => s.queryOne('SELECT abs(-1) AS a'))).toEqual({ a: 1 });
  });

  test('once logging is on, the text of statements is everybody\'s, and what is bound is not', async () => {
    const { cursor } = freshRuntime();
    await cursor((c) => c.execute('CALL enable_logging()'));
    await cursor((c) => c.query("SELECT 'a literal' AS v"));
    await cursor((c) => c.query('SELECT $v AS v', { v: 'a parameter' }));
    const seen = JSON.stringify(await cursor((c) => c.query('FROM duckdb_logs()')));
    expect(seen).toContain('a literal');
    expect(seen).not.toContain('a parameter');
  });

  test('logging to a file that cannot be written ends the process', async () => {
    const { code, stderr } = await runScript(`
      import { cursor } from 'cdk-duckdb-lambda/runtime';
      for (const sql of ["CALL enable_logging(level = 'trace', storage = 'file', storage_path = '/proc/none')", 'SELECT 1', 'SELECT 1']) {
        await cursor((c) => c.query(sql)).catch(() => undefined);
      }`);
    expect(code).not.toBe(0);
    expect(stderr).toContain('terminate called after throwing');
  });

  test('single values and lists are outside of the memory limit', async () => {
    const [values] = await valuesOf(`
      import { session } from 'cdk-duckdb-lambda/runtime';
      const answer = await session({ memory: 40 }, (s) => s.queryOne("SELECT length(repeat('x', 100000000)) AS text, len(range(10000000)) AS numbers"));
      console.log(JSON.stringify(answer));`);
    expect(values).toEqual({ text: 100_000_000, numbers: 10_000_000 });
  });
});
