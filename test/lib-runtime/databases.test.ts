import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshRuntime, type Runtime } from './fresh-runtime';
import { rejection } from './rejection';
import { config } from './runtime-config';

let scratch: string;
let file: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'databases-'));
  file = join(scratch, 'archive.duckdb');
});
afterEach(() => rmSync(scratch, { recursive: true }));

const steps = ['one', 'two'].map((name) => ({
  name, type: 'sql', provides: [name], config: { statements: [`ATTACH ':memory:' AS ${name}`, `CREATE TABLE ${name}.t AS SELECT '${name}' AS t`] },
}));

function runtime(): Runtime {
  return freshRuntime(config({ steps, databases: { archive: { file, steps: ['one'] }, scratch: { steps: [] } } }));
}

test('each is an instance that only its own cursors share', async () => {
  const { cursor } = runtime();
  await cursor({ database: 'scratch' }, (c) => c.execute('CREATE TABLE mine AS SELECT 42 AS n'));
  expect(await cursor({ database: 'scratch' }, (c) => c.query('FROM mine'))).toEqual([{ n: 42 }]);
  expect(await rejection(cursor((c) => c.query('FROM mine')))).toMatchObject({ code: 'QUERY' });
  expect(await rejection(cursor({ database: 'archive' }, (c) => c.query('FROM mine')))).toMatchObject({ code: 'QUERY' });
});

test('one with a file is written there, and open in no other instance', async () => {
  const { cursor, session } = runtime();
  await cursor({ database: 'archive' }, (c) => c.execute('CREATE TABLE kept AS SELECT 42 AS n'));
  expect(existsSync(file)).toBe(true);
  expect(await cursor({ database: 'archive' }, (c) => c.query('FROM archive.kept'))).toEqual([{ n: 42 }]);
  expect(await rejection(session((s) => s.attach(file)))).toMatchObject({ code: 'FILE_IN_USE' });
});

test('a database with a broken file is opened again, with what was committed', async () => {
  const { cursor } = runtime();
  await cursor({ database: 'archive' }, (c) => c.execute('CREATE TABLE kept AS SELECT 42 AS n'));
  const registry = (globalThis as any)[Symbol.for('cdk-duckdb-lambda.registry.v1')];
  (await registry.shared.get('archive')).markBroken();
  const answers = await Promise.all([1, 2].map(() => cursor({ database: 'archive' }, (c) => c.query('FROM kept'))));
  expect(answers).toEqual([[{ n: 42 }], [{ n: 42 }]]);
});

test('its cursors trigger its own steps only', async () => {
  const { cursor } = runtime();
  expect(await cursor({ database: 'archive' }, (c) => c.query('FROM one.t'))).toEqual([{ t: 'one' }]);
  expect(await rejection(cursor({ database: 'archive' }, (c) => c.query('FROM two.t')))).toMatchObject({ code: 'QUERY' });
  expect(await rejection(cursor({ database: 'archive' }, (c) => c.bootstrap('two')))).toMatchObject({
    code: 'BOOTSTRAP', message: 'unknown bootstrap step "two"; declared are: "one"',
  });
  expect(await rejection(cursor({ database: 'scratch' }, (c) => c.query('FROM one.t')))).toMatchObject({ code: 'QUERY' });
  expect(await cursor((c) => c.query('FROM one.t UNION ALL FROM two.t ORDER BY t'))).toEqual([{ t: 'one' }, { t: 'two' }]);
});

test('one that is not declared is an error that lists those that are', async () => {
  const { cursor } = runtime();
  expect(await rejection(cursor({ database: 'archives' }, (c) => c.query('SELECT 1')))).toMatchObject({
    code: 'CONFIG', message: 'the database "archives" is not declared; declared are: "default", "archive", "scratch"; declare it with the prop databases',
  });
});

test('the default one can be declared too', async () => {
  const { cursor } = freshRuntime(config({ steps, databases: { default: { file, steps: [] } } }));
  await cursor((c) => c.execute('CREATE TABLE kept AS SELECT 42 AS n'));
  expect(existsSync(file)).toBe(true);
  expect(await rejection(cursor((c) => c.query('FROM one.t')))).toMatchObject({ code: 'QUERY' });
});

test('in the init phase the steps of all of them run', async () => {
  const declared = JSON.parse(config({ steps, databases: { archive: { file, steps: ['one'] } } }).DUCKDB_LAMBDA_CONFIG);
  const { cursor } = freshRuntime({
    DUCKDB_LAMBDA_CONFIG: JSON.stringify({ ...declared, mode: 'eager' }), AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
  });
  await (globalThis as any)[Symbol.for('cdk-duckdb-lambda.init.v1')];
  const attached = 'SELECT database_name AS name FROM duckdb_databases() WHERE database_name IN (\'one\', \'two\') ORDER BY name';
  expect(await cursor({ database: 'archive', bootstrap: [] }, (c) => c.query(attached))).toEqual([{ name: 'one' }]);
  expect(await cursor({ bootstrap: [] }, (c) => c.query(attached))).toEqual([{ name: 'one' }, { name: 'two' }]);
});
