import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshRuntime, type Runtime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';

const sql = (name: string, statements: string[], provides?: string[]) => ({ name, type: 'sql', ...(provides && { provides }), config: { statements } });
const lake = sql('lake', ["ATTACH ':memory:' AS lake", 'CREATE TABLE lake.t AS SELECT 42 AS x', 'CREATE SEQUENCE lake.numbers'], ['lake']);

function start(...steps: object[]): Runtime {
  return freshRuntime(config({ steps: steps as [] }));
}

afterAll(() => rmSync(join(tmpdir(), `copied-${process.pid}.csv`), { force: true }));

/** Which catalogs are attached, asked without naming one. */
const attached = async ({ cursor }: Runtime) => cursor({ bootstrap: [] }, async (c) => {
  const rows = await c.query<{ database_name: string }>('FROM duckdb_databases() WHERE NOT internal ORDER BY ALL');
  return rows.map((row) => row.database_name);
});

describe('a step that provides a catalog runs when a statement lacks it', () => {
  test.each([
    'SELECT x FROM lake.t', 'SELECT x FROM LAKE.t', 'FROM lake.main.t', 'SELECT (SELECT max(x) FROM lake.t) AS x', "FROM query('FROM lake.t')",
    'WITH a AS (FROM lake.t) FROM a', 'SELECT x FROM lake.t UNION ALL SELECT 0 LIMIT 1', 'EXPLAIN FROM lake.t', 'DESCRIBE lake.t', 'SUMMARIZE lake.t',
    'CREATE TABLE copied AS FROM lake.t', 'INSERT INTO lake.t VALUES (1)', 'UPDATE lake.t SET x = 1', 'DELETE FROM lake.t', 'CREATE TABLE lake.u (i INT)',
    'CREATE VIEW lake.v AS SELECT 1', 'ALTER TABLE lake.t ADD COLUMN y INT', 'DROP TABLE lake.t', 'USE lake', "SET schema = 'lake.main'", "SET search_path = 'lake'",
    'SHOW TABLES FROM lake', `COPY lake.t TO '${tmpdir()}/copied-${process.pid}.csv'`, 'PIVOT lake.t ON x USING count(*)', "SELECT nextval('lake.numbers')", 'DROP TABLE IF EXISTS lake.t',
    'CREATE SCHEMA lake.s', 'PREPARE p AS FROM lake.t', 'SELECT 1; SELECT x FROM lake.t; SELECT 2', 'BEGIN; SELECT x FROM lake.t; COMMIT',
  ])('%s', async (statement) => {
    const runtime = start(lake);
    await runtime.cursor((c) => c.query('SELECT 1'));
    expect(await attached(runtime)).toEqual(['memory']);
    await runtime.cursor((c) => c.query(statement));
    expect(await attached(runtime)).toEqual(['lake', 'memory']);
  });

  test.each(['SHOW ALL TABLES', 'SHOW DATABASES', 'FROM information_schema.tables', 'FROM duckdb_tables()', 'FROM duckdb_databases()', 'PRAGMA database_list'])(
    'what would only be missing from the answer: %s', async (statement) => {
      expect(JSON.stringify(await start(lake).cursor((c) => c.query(statement)))).toContain('lake');
    });

  test.each(["SELECT 'lake' AS text", 'SELECT 1 AS lake', 'SELECT 1 -- FROM lake.t', 'DETACH DATABASE IF EXISTS other', 'CREATE TABLE t (i INT)'])(
    'and not otherwise: %s', async (statement) => {
      const runtime = start(lake);
      await runtime.cursor((c) => c.query(statement));
      expect(await attached(runtime)).toEqual(['memory']);
    });

  test('also in an open transaction, with parameters, and behind a view', async () => {
    const { cursor } = start(lake);
    expect(await cursor((c) => c.transaction((t) => t.queryOne('SELECT x FROM lake.t WHERE x = $1', [42])))).toEqual({ x: 42 });
    const { session } = start(lake);
    expect(await session(async (c) => {
      await c.execute('CREATE VIEW v AS FROM lake.t; DETACH lake');
      return c.queryOne('FROM v');
    })).toEqual({ x: 42 });
  });

  test('a script\'s earlier statements run once', async () => {
    const { cursor } = start(lake);
    expect(await cursor(async (c) => {
      await c.execute('CREATE SEQUENCE runs');
      return c.queryOne("SELECT nextval('runs'); SELECT x FROM lake.t; SELECT currval('runs') AS runs");
    })).toEqual({ runs: 1 });
  });

  test('a table that is not there is the statement\'s own error, and no reason to run the step again', async () => {
    const { cursor } = start(sql('counted', ["ATTACH ':memory:' AS lake", 'CREATE SEQUENCE IF NOT EXISTS runs', "SELECT nextval('runs')"], ['lake']));
    for (const _ of [1, 2]) expect(await rejection(cursor((c) => c.query('FROM lake.nothing')))).toMatchObject({ code: 'QUERY', duckdbType: 'Catalog Error' });
    expect(await cursor((c) => c.queryOne("SELECT currval('runs') AS runs"))).toEqual({ runs: 1 });
  });

  test('once, however many need it at that moment, and again after somebody detached the catalog', async () => {
    const { cursor } = start(lake);
    const x = () => cursor((c) => c.queryOne('SELECT x FROM lake.t'));
    expect(await Promise.all(Array.from({ length: 8 }, x))).toEqual(Array(8).fill({ x: 42 }));
    await cursor((c) => c.execute('DETACH lake'));
    expect(await x()).toEqual({ x: 42 });
    await cursor((c) => c.withConnection((raw) => raw.run('DETACH lake')));
    expect(JSON.stringify(await cursor((c) => c.query('SHOW ALL TABLES')))).toContain('lake');
  });

  test('by hand, and only what a cursor may use', async () => {
    const runtime = start(lake, sql('pond', ["ATTACH ':memory:' AS pond"], ['pond']));
    expect(runtime.DEFAULT_BOOTSTRAP).toEqual(['lake', 'pond']);
    await runtime.cursor({ bootstrap: ['pond'] }, async (c) => {
      expect(await rejection(c.query('FROM lake.t'))).toMatchObject({ code: 'QUERY' });
      await c.query('SHOW ALL TABLES');
    });
    expect(await attached(runtime)).toEqual(['memory', 'pond']);
    await runtime.cursor((c) => c.bootstrap('lake'));
    expect(await attached(runtime)).toEqual(['lake', 'memory', 'pond']);
    // It hides nothing that others attached.
    expect(await runtime.cursor({ bootstrap: [] }, (c) => c.queryOne('SELECT x FROM lake.t'))).toEqual({ x: 42 });
  });
});

describe('a step that fails', () => {
  const broken = sql('broken', ['CREATE TABLE made_once (i INT)', 'FROM not_there_yet', "ATTACH ':memory:' AS broken"], ['broken']);

  test('fails the statements that need it and no other, and is tried again from where it failed', async () => {
    const { cursor } = start(lake, broken);
    const error = await rejection(cursor((c) => c.query('SHOW TABLES FROM broken')));
    expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: true });
    expect(error.message).toMatch(/^the bootstrap step "broken" failed: Catalog Error: Table with name not_there_yet does not exist!/);
    expect(await cursor((c) => c.queryOne('SELECT x FROM lake.t'))).toEqual({ x: 42 });
    expect(JSON.stringify(await cursor((c) => c.query('SHOW ALL TABLES')))).toContain('lake');
    await cursor((c) => c.execute('CREATE TABLE not_there_yet (i INT)'));
    expect(await cursor((c) => c.query('SHOW TABLES FROM broken'))).toEqual([]);
  });

  test('is the error of all that wait for it', async () => {
    const { cursor } = start(broken);
    const errors = await Promise.all(Array.from({ length: 4 }, () => rejection(cursor((c) => c.query('FROM broken.t')))));
    expect(errors.map(({ code }) => code)).toEqual(Array(4).fill('BOOTSTRAP'));
    expect((await rejection(cursor((c) => c.bootstrap('broken')))).code).toBe('BOOTSTRAP');
  });
});

describe('a step that provides nothing', () => {
  test('runs before the first statement of a cursor that may use it, in order, and once', async () => {
    const { cursor } = start(sql('one', ['CREATE MACRO twice(x) AS 2 * x']), sql('two', ['CREATE MACRO fourfold(x) AS twice(twice(x))']));
    expect(await cursor({ bootstrap: [] }, (c) => c.queryOne("SELECT count(*) AS n FROM duckdb_functions() WHERE function_name = 'twice'"))).toEqual({ n: 0 });
    expect(await Promise.all([1, 2].map((x) => cursor((c) => c.queryOne('SELECT fourfold($1) AS y', [x]))))).toEqual([{ y: 4 }, { y: 8 }]);
  });

  test('fails every statement while it fails', async () => {
    const { cursor } = start(lake, sql('macros', ['CREATE MACRO f() AS (SELECT x FROM missing.t)', 'FROM missing.t']));
    for (const _ of [1, 2]) expect(await rejection(cursor((c) => c.query('SELECT 1')))).toMatchObject({ code: 'BOOTSTRAP' });
    expect(await cursor({ bootstrap: ['lake'] }, (c) => c.queryOne('SELECT 1 AS one'))).toEqual({ one: 1 });
  });

  test('may use what steps declared before it provide', async () => {
    const runtime = start(lake, sql('view', ['CREATE VIEW big AS FROM lake.t WHERE x > 1']));
    expect(await runtime.cursor((c) => c.queryOne('SELECT x FROM big'))).toEqual({ x: 42 });
    expect(await rejection(start(sql('view', ['CREATE VIEW v AS FROM lake.t']), lake).cursor((c) => c.query('SELECT 1')))).toMatchObject({ code: 'BOOTSTRAP' });
  });
});

test('a file that a step attaches belongs to its instance', async () => {
  const file = join(tmpdir(), `step-${process.pid}.duckdb`);
  try {
    const { cursor, session } = start(sql('file', [`ATTACH '${file}' AS filed`], ['filed']));
    await cursor((c) => c.execute('CREATE TABLE filed.t AS SELECT 1 AS i'));
    expect(await rejection(session((s) => s.query('FROM filed.t')))).toMatchObject({ code: 'BOOTSTRAP', cause: { code: 'FILE_IN_USE' } });
    await cursor((c) => c.execute('DETACH filed'));
    expect(await session((s) => s.query('FROM filed.t'))).toEqual([{ i: 1 }]);
  } finally {
    rmSync(file, { force: true });
  }
});

describe('a step of the user\'s own', () => {
  const step = { name: 'weather', type: 'weather', provides: ['weather'], config: { city: 'Oslo' } };

  test('is performed by what the handler registers', async () => {
    const { cursor, registerBootstrapStep } = start(lake, step);
    registerBootstrapStep('weather', {
      run: async (connection, { city }, { name, execute }) => {
        await connection.run(`ATTACH ':memory:' AS ${name}`);
        await execute('CREATE TABLE weather.t AS SELECT $city AS city, x FROM lake.t', { city });
      },
    });
    expect(await cursor((c) => c.queryOne('FROM weather.t'))).toEqual({ city: 'Oslo', x: 42 });
  });

  test('that nobody registered is an error of the queries that need it', async () => {
    const { cursor } = start(lake, step);
    expect(await rejection(cursor((c) => c.query('FROM weather.t')))).toMatchObject({
      code: 'BOOTSTRAP',
      retryable: false,
      message: 'the bootstrap step "weather" failed: it is of type "weather", which is neither built in nor registered: ' +
        "call registerBootstrapStep('weather', ...) at the top level of the handler's module",
    });
    expect(await cursor((c) => c.queryOne('SELECT x FROM lake.t'))).toEqual({ x: 42 });
  });

  test('cannot take the name of a built-in one', () => {
    const { registerBootstrapStep } = start();
    expect(() => registerBootstrapStep('postgres', { run: async () => undefined })).toThrow('the bootstrap step type "postgres" is built in');
  });
});

describe('configuration', () => {
  test.each([
    [{ statements: 'SELECT 1' }, /has "statements": "SELECT 1", expected a list of texts/],
    [{}, /has "statements": undefined, expected a list of texts/],
    [{ statements: [], secrets: { a: 'b' } }, /"secrets.a" of the bootstrap step "odd" is "b", expected \{"ssm": NAME\}/],
  ])('an SQL step configured as %j is refused', async (stepConfig, message) => {
    const { cursor } = start({ name: 'odd', type: 'sql', config: stepConfig });
    expect(await rejection(cursor((c) => c.query('SELECT 1')))).toMatchObject({ code: 'CONFIG', message: expect.stringMatching(message) });
  });
});

describe('in Lambda\'s init phase', () => {
  const LAMBDA = { AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1' };
  const broken = sql('broken', ['FROM nothing'], ['broken']);
  const initialised = async () => (globalThis as Record<symbol, unknown>)[Symbol.for('cdk-duckdb-lambda.init.v1')];
  const eager = (mode?: string) => ({ ...config({ steps: [lake, broken, { name: 'later', type: 'not-registered-yet' }] }), ...LAMBDA, ...(mode && { AWS_LAMBDA_INITIALIZATION_TYPE: mode }) });
  let warnings: jest.SpyInstance;

  beforeEach(() => { warnings = jest.spyOn(console, 'warn').mockImplementation(); });
  afterEach(() => warnings.mockRestore());

  test.each([
    ['when the stack says so', { ...eager(), DUCKDB_LAMBDA_CONFIG: JSON.stringify({ ...JSON.parse(eager().DUCKDB_LAMBDA_CONFIG), mode: 'eager' }) }],
    ['with provisioned concurrency', eager('provisioned-concurrency')],
  ])('the steps run %s; one that fails is logged, and fails nothing else', async (_, env) => {
    const runtime = freshRuntime(env);
    await initialised();
    expect(await attached(runtime)).toEqual(['lake', 'memory']);
    expect(warnings.mock.calls).toEqual([[expect.stringMatching(/^the bootstrap step "broken" failed: Catalog Error/)]]);
  });

  test('they do not otherwise', async () => {
    const runtime = freshRuntime(eager('on-demand'));
    expect(await initialised()).toBeUndefined();
    expect(await attached(runtime)).toEqual(['memory']);
  });
});
