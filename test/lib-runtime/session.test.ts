import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runScript, valuesOf } from './built-runtime';
import { freshRuntime, type Runtime } from './fresh-runtime';
import { rejection } from './rejection';
import { config } from './runtime-config';
import { signedExtensions } from './signed-extensions';
import type { Session } from '../../lib-runtime';
import { startS3 } from '../bed/servers/s3';

const SLOW = 'SELECT count(*) AS n FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 0';

let runtime: Runtime;
let scratch: string;
beforeEach(() => {
  runtime = freshRuntime();
  scratch = mkdtempSync(join(tmpdir(), 'session-'));
});
afterEach(() => rmSync(scratch, { recursive: true }));

test('nothing leaks into the shared instance: settings, files, tables, secrets', async () => {
  const { cursor, session } = runtime;
  const seen = () => cursor(async (c) => [
    await c.query("SELECT current_setting('errors_as_json') AS v, current_setting('threads') AS threads"),
    await c.query('SELECT database_name FROM duckdb_databases() WHERE NOT internal'),
    await c.query('SELECT table_name FROM duckdb_tables()'),
  ]);
  const before = await seen();
  await session({ settings: { threads: 1 } }, async (s) => {
    await s.attach(join(scratch, 'evals.duckdb'));
    await s.execute('SET GLOBAL errors_as_json = true; CREATE TABLE leaked AS SELECT 1; CREATE TABLE evals.kept AS SELECT 2 AS i');
    expect(await s.query('FROM evals.kept')).toEqual([{ i: 2 }]);
    expect(await s.queryOne("SELECT current_setting('threads') AS threads")).toEqual({ threads: 1 });
    expect(await seen()).toEqual(before);
  });
  expect(await seen()).toEqual(before);
});

test('what a session wrote into a file is there for the next one', async () => {
  const file = join(scratch, 'kept.duckdb');
  await runtime.session(async (s) => {
    await s.attach(file, { as: 'kept' });
    await s.execute('CREATE TABLE kept.t AS SELECT 42 AS answer');
  });
  await runtime.session(async (s) => {
    await s.attach(file, { as: 'it is "quoted"', readOnly: true });
    expect(await s.query('FROM "it is ""quoted""".t')).toEqual([{ answer: 42 }]);
    expect(await rejection(s.execute('CREATE TABLE "it is ""quoted""".u AS SELECT 1'))).toMatchObject({ message: expect.stringContaining('read-only') });
  });
});

describe('a bare name', () => {
  const fileOf = async (s: Session) => (await s.queryOne<{ path: string }>("SELECT path FROM duckdb_databases() WHERE database_name = 'evaluations'"))!.path;

  test('is the session\'s own file: the next session starts with an empty file of that name, and nothing is left behind', async () => {
    for (let i = 0; i < 3; i++) {
      const file = await runtime.session(async (s) => {
        await s.attach('evaluations.duckdb');
        await s.execute('CREATE TABLE evaluations.scores AS SELECT range AS id FROM range(1000)');
        expect(existsSync(`${await fileOf(s)}.wal`)).toBe(true);
        return fileOf(s);
      });
      expect(file.startsWith(tmpdir())).toBe(true);
      expect(dirname(file)).not.toBe(tmpdir());
      expect(existsSync(dirname(file))).toBe(false);
    }
  });

  test('is there for the session as long as it lasts', async () => {
    await using s = await runtime.session();
    await s.attach('evaluations.duckdb');
    await s.execute('CREATE TABLE evaluations.t AS SELECT 1 AS i; DETACH evaluations');
    await s.attach('evaluations.duckdb', { as: 'again', readOnly: true });
    expect(await s.query('FROM again.t')).toEqual([{ i: 1 }]);
  });

  test('of two sessions at once is two files', async () => {
    await using one = await runtime.session();
    await using two = await runtime.session();
    await Promise.all([one, two].map(async (s, i) => {
      await s.attach('evaluations.duckdb');
      await s.execute(`CREATE TABLE evaluations.t AS SELECT ${i} AS i`);
    }));
    expect(await one.query('FROM evaluations.t')).toEqual([{ i: 0 }]);
    expect(await two.query('FROM evaluations.t')).toEqual([{ i: 1 }]);
  });

  test('leaves nothing where the session failed, was given up, or had ended before', async () => {
    let file = '';
    await rejection(runtime.session(async (s) => {
      await s.attach('evaluations.duckdb');
      file = await fileOf(s);
      throw new Error('the handler failed');
    }));
    expect(existsSync(dirname(file))).toBe(false);
    const controller = new AbortController();
    await rejection(runtime.session({ signal: controller.signal }, async (s) => {
      await s.attach('evaluations.duckdb');
      file = await fileOf(s);
      setTimeout(() => controller.abort(), 20);
      await s.query(SLOW);
    }));
    while (existsSync(dirname(file))) await sleep(20);
    const before = readdirSync(dirname(dirname(file)));
    const ended = await runtime.session();
    await ended.close();
    expect(await rejection(ended.attach('evaluations.duckdb'))).toMatchObject({ code: 'CLOSED' });
    expect(readdirSync(dirname(dirname(file)))).toEqual(before);
  });

  test('left behind by a process that was killed, is removed by the next', async () => {
    const script = (then: string) => `
      import { session } from 'cdk-duckdb-lambda/runtime';
      await session(async (s) => {
        await s.attach('evaluations.duckdb');
        console.log(JSON.stringify(await s.queryOne("SELECT path FROM duckdb_databases() WHERE database_name = 'evaluations'")));
        ${then}
      });`;
    const { stdout } = await runScript(script("process.kill(process.pid, 'SIGKILL')"), { env: { TMPDIR: scratch } });
    const { path } = JSON.parse(stdout);
    expect(existsSync(path)).toBe(true);
    await valuesOf(script(''), { env: { TMPDIR: scratch } });
    expect(existsSync(dirname(path))).toBe(false);
  });
});

test('an absolute path is the user\'s file, and stays', async () => {
  const file = join(scratch, 'evals.duckdb');
  for (const i of [1, 2]) {
    await runtime.session(async (s) => {
      await s.attach(i === 1 ? file : `file://${file}`, { as: 'evals' });
      await s.execute(`CREATE TABLE evals.t${i} AS SELECT 1`);
      expect(await s.query("SELECT count(*) AS n FROM duckdb_tables() WHERE database_name = 'evals'")).toEqual([{ n: i }]);
    });
  }
  expect(existsSync(file)).toBe(true);
});

test.each(['../x.duckdb', 'a/b.duckdb', './x.duckdb', 'a/', '..', '.', '', 42, undefined])('attach(%j) is refused, with what to write instead', async (file) => {
  await using s = await runtime.session();
  const error = await rejection(s.attach(file as string));
  expect(error).toMatchObject({ code: 'CONFIG', retryable: false });
  expect(error.message).toBe(`attach got ${JSON.stringify(file)}, expected a bare name such as "x.duckdb" for a file that is removed with the session, ` +
    `an absolute path such as "${tmpdir()}/x.duckdb" for one that stays, or a URL`);
});

test('a database in memory is attached under the name that it is given', async () => {
  await using s = await runtime.session();
  await s.attach(':memory:', { as: 'scratch' });
  await s.execute('CREATE TABLE scratch.t AS SELECT 1');
  expect(await rejection(s.attach(':memory:'))).toMatchObject({ code: 'CONFIG', message: expect.stringContaining("{ as: 'scratch' }") });
});

test('a database in S3 is read, by several sessions at once', async () => {
  const [s3, baked] = await Promise.all([startS3(), signedExtensions('httpfs')]);
  try {
    mkdirSync(join(s3.dir, 'lake'));
    const made = join(scratch, 'base.duckdb');
    await runtime.session(async (s) => {
      await s.attach(made);
      await s.execute('CREATE TABLE base.t AS SELECT 42 AS answer');
    });
    copyFileSync(made, join(s3.dir, 'lake', 'base.duckdb'));
    runtime = freshRuntime({
      DUCKDB_EXTENSIONS_DIR: baked,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: s3.region,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      ...config({ extensions: ['httpfs'], steps: [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/'] } }] }),
    });
    await using one = await runtime.session();
    await using two = await runtime.session();
    for (const s of [one, two]) {
      await s.attach('s3://lake/base.duckdb', { readOnly: true });
      expect(await s.query('FROM base.t')).toEqual([{ answer: 42 }]);
    }
  } finally {
    await s3.stop();
  }
});

test('close(), twice, and await using', async () => {
  const s = await runtime.session();
  await s.close();
  await s.close();
  expect(await rejection(s.query('SELECT 1'))).toMatchObject({ code: 'CLOSED', message: 'this session is closed: open another one' });
  expect(await rejection(s.attach('x.duckdb'))).toMatchObject({ code: 'CLOSED' });
  await using other = await runtime.session({ bootstrap: [] });
  expect(await other.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a settings mistake is a typed error, and the session\'s memory is given back', async () => {
  for (let i = 0; i < 20; i++) {
    expect(await rejection(runtime.session({ settings: { no_such_setting: 1 } }))).toMatchObject({ code: 'CONFIG' });
    expect(await rejection(runtime.session({ bootstrap: ['s9'] }))).toMatchObject({ code: 'BOOTSTRAP' });
  }
  expect(await rejection(runtime.session({ settings: { memory_limit: '1GB' } }))).toMatchObject({ code: 'CONFIG', message: expect.stringContaining('{ memory: MiB }') });
  expect(await rejection(runtime.session({ settings: { allow_unsigned_extensions: true } }))).toMatchObject({ code: 'CONFIG' });
  expect(await rejection(runtime.session({ memory: -1 }))).toMatchObject({ code: 'CONFIG' });
});

test('a signal ends it at once, and frees its file when DuckDB has settled', async () => {
  const file = join(scratch, 'a.duckdb');
  const controller = new AbortController();
  let late = false;
  const error = await rejection(runtime.session({ signal: controller.signal }, async (s) => {
    await s.attach(file);
    setTimeout(() => {
      // Timers keep their order however busy the machine is.
      setTimeout(() => late = true, 200);
      controller.abort();
    }, 50);
    await s.query(SLOW);
  }));
  expect(late).toBe(false);
  expect(error).toMatchObject({ code: 'ABORTED', message: expect.stringContaining('SELECT count(*)') });
  const attach = () => runtime.session((s) => s.attach(file)).then(() => 'attached', ({ code }) => code);
  let outcome = await attach();
  for (; outcome === 'FILE_IN_USE'; outcome = await attach()) await sleep(20);
  expect(outcome).toBe('attached');
});

test('a signal that aborts while the session opens leaves nothing open', async () => {
  for (const delay of [0, 5, 10, 20]) {
    const controller = new AbortController();
    const opening = rejection(runtime.session({ signal: controller.signal }, async (s) => s.query(SLOW)));
    await sleep(delay);
    controller.abort();
    expect(await opening).toMatchObject({ code: 'ABORTED' });
  }
  await sleep(200);
  // Nothing holds memory: all but the least of it can be had.
  await runtime.session({ memory: 512 }, (s) => s.query('SELECT 1'));
});

describe('one file in two instances of the process', () => {
  let file: string;
  beforeEach(() => file = join(scratch, 'shared.duckdb'));

  test('raw, both succeed and corrupt it: here the second is refused until the first has let go', async () => {
    await using one = await runtime.session();
    await using two = await runtime.session();
    await one.attach(file, { as: 'f' });
    await one.execute('CREATE TABLE f.t AS SELECT 1 AS i');
    const refused = await rejection(two.attach(file, { as: 'f' }));
    expect(refused).toMatchObject({ code: 'FILE_IN_USE', name: 'FileInUseError', retryable: true });
    expect(refused.message).toContain(`"${file}" is open in another instance of this process`);
    await one.execute('DETACH f');
    await two.attach(file, { as: 'f' });
    expect(await two.query('FROM f.t')).toEqual([{ i: 1 }]);
    expect(await rejection(one.attach(file))).toMatchObject({ code: 'FILE_IN_USE' });
    await two.close();
    await one.attach(file);
  });

  test.each([
    ['ATTACH \'%\' AS g'],
    ['ATTACH \'%\''],
    ['attach or replace \'%\' as g'],
    ['ATTACH IF NOT EXISTS \'%\' AS g (READ_ONLY)'],
    ['/* a comment */ ATTACH -- and another\n \'%\' AS g'],
    ['ATTACH $$%$$ AS g'],
    ['ATTACH $x$%$x$ AS g'],
    ['ATTACH e\'%\' AS g'],
    ['ATTACH \'file://%\' AS g'],
    ['SELECT \'; ATTACH\'; ATTACH \'%\' AS g (TYPE duckdb)'],
  ])('is refused by the statement %j too', async (statement) => {
    await using one = await runtime.session();
    await one.attach(file, { as: 'f' });
    const sql = statement.replace('%', file);
    expect(await rejection(runtime.cursor((c) => c.execute(sql)))).toMatchObject({ code: 'FILE_IN_USE' });
    await one.close();
    await runtime.cursor((c) => c.execute(`${sql}; DETACH ${sql.includes(' g') ? 'g' : 'shared'}`));
  });

  test('through a link, and by another way to the same directory', async () => {
    symlinkSync(scratch, `${scratch}-link`);
    await using one = await runtime.session();
    await one.attach(file, { as: 'f' });
    expect(await rejection(runtime.session((s) => s.attach(join(`${scratch}-link`, 'shared.duckdb'))))).toMatchObject({ code: 'FILE_IN_USE' });
    expect(await rejection(runtime.session((s) => s.attach(`${scratch}/../${scratch.split('/').at(-1)}/shared.duckdb`)))).toMatchObject({ code: 'FILE_IN_USE' });
    rmSync(`${scratch}-link`);
  });

  test('attached by the client\'s own connection, it is noticed', async () => {
    await using one = await runtime.session();
    await one.withConnection(async (connection) => {
      await connection.run(`ATTACH '${file}' AS f`);
    });
    expect(await rejection(runtime.session((s) => s.attach(file)))).toMatchObject({ code: 'FILE_IN_USE' });
    expect(await rejection(runtime.session(async (s) => s.withConnection(async (connection) => {
      await connection.run(`ATTACH '${file}' AS f`);
    })))).toMatchObject({ code: 'FILE_IN_USE' });
  });

  test('an ATTACH that fails leaves no claim', async () => {
    await using one = await runtime.session();
    await rejection(one.execute(`ATTACH '${file}' AS f (NO_SUCH_OPTION 1)`));
    await runtime.session((s) => s.attach(file));
  });

  test('several attached by the client\'s own connection are all detached again', async () => {
    await using one = await runtime.session();
    await using two = await runtime.session();
    const files = [file, `${file}.second`];
    for (const [i, name] of files.entries()) await one.attach(name, { as: `f${i}` });
    expect(await rejection(two.withConnection(async (connection) => {
      for (const [i, name] of files.entries()) await connection.run(`ATTACH '${name}' AS f${i}`);
    }))).toMatchObject({ code: 'FILE_IN_USE' });
    expect(await two.query('SELECT path FROM duckdb_databases() WHERE path IS NOT NULL')).toEqual([]);
  });

  // Its owner may go on writing to it; what another instance writes meanwhile is lost.
  test('detached under an open transaction, it is free when that has ended', async () => {
    await using writer = await runtime.cursor();
    await writer.execute(`ATTACH '${file}' AS f; CREATE TABLE f.t AS SELECT 1 AS i; BEGIN; INSERT INTO f.t VALUES (2)`);
    await runtime.cursor((c) => c.execute('DETACH f'));
    const read = () => runtime.session(async (s) => {
      await s.attach(file, { as: 'f' });
      return s.query('FROM f.t');
    });
    expect(await rejection(read())).toMatchObject({ code: 'FILE_IN_USE', message: expect.stringContaining('end the transactions that use it') });
    await writer.execute('COMMIT');
    expect(await read()).toEqual([{ i: 1 }, { i: 2 }]);
  });

  test('within one instance it is DuckDB\'s own error; a database in memory, or a file that is not DuckDB\'s, belongs to no instance', async () => {
    await using one = await runtime.session();
    await one.attach(file, { as: 'f' });
    expect(await rejection(one.attach(file, { as: 'g' }))).toMatchObject({ code: 'QUERY', duckdbType: 'Binder Error' });
    await one.execute("ATTACH ':memory:' AS m; ATTACH '' AS n");
    await runtime.session((s) => s.execute("ATTACH ':memory:' AS m; ATTACH '' AS n"));
  });
});

test('a call on a cursor from inside its own withConnection is a typed error, not a deadlock', async () => {
  await runtime.cursor(async (c) => {
    expect(await rejection(c.withConnection(() => c.query('SELECT 1')))).toMatchObject({ code: 'BUSY', name: 'BusyError' });
    expect(await c.withConnection(() => runtime.cursor((other) => other.query('SELECT 1 AS one')))).toEqual([{ one: 1 }]);
    expect(await c.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describe('closed from inside its own withConnection: the callback\'s query is interrupted, and the close does not wait for itself', () => {
  const later = () => sleep(5);

  test.each([['at once', async () => undefined], ['later', later]])('a cursor, %s', async (_, before) => {
    const error = await rejection(runtime.cursor((c) => c.withConnection(async (connection) => {
      await before();
      const running = connection.run(SLOW);
      await c.close();
      await running;
    })));
    expect(error).toMatchObject({ code: 'CLOSED' });
  });

  test.each([['at once', async () => undefined], ['later', later]])('a session and a DuckDB, %s', async (_, before) => {
    const database = new runtime.DuckDB();
    await runtime.session((s) => s.withConnection(async () => {
      await before();
      await s.close();
    }));
    await database.cursor((c) => c.withConnection(async () => {
      await before();
      await database.destroy();
    }));
    expect(runtime.memoryBudget().shares).toBe(0);
  });
});

test('bootstrap: what is not declared is a typed error', async () => {
  const { session } = freshRuntime(config({}));
  expect(await rejection(session((s) => s.bootstrap('postgres')))).toMatchObject({
    code: 'BOOTSTRAP', message: 'unknown bootstrap step "postgres"; declared are: none',
  });
});
