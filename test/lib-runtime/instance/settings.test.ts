import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import type { Cursor } from '../../../lib-runtime';
import { deriveSettings } from '../../../lib-runtime/instance/settings';
import { lambdaMemoryLimit } from '../../../lib-runtime/memory/limits';
import { bytesOf } from '../../../lib-runtime/memory/sizes';
import { runScript, valuesOf } from '../built-runtime';
import { freshRuntime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';

const INPUT = {
  env: {}, tempDirectory: '/t', limits: { memoryBytes: 2 ** 30, spillBytes: 2 ** 31 }, extensionDirectory: undefined, unsigned: false, attachesCatalogs: false, uploads: undefined, overrides: {},
};
/** Where instances spill, each in a directory of its own. */
const SPILL = join(tmpdir(), `duckdb_spill_${process.getuid!()}`);
const read = (names: string[]) => `SELECT ${names.map((name) => `current_setting('${name}') AS ${name}`).join(', ')}`;

describe('memory: 0.7 of what 200 MiB for the rest leave', () => {
  test.each([[256, 39], [512, 218], [1769, 1098], [3008, 1965], [10240, 7028], [128, 32]])('%i MB: %i MiB', (memory, limit) => {
    expect(lambdaMemoryLimit({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory) })).toBe(limit * 1024 * 1024);
  });
  test('outside Lambda as much as DuckDB would take', async () => {
    expect(lambdaMemoryLimit({})).toBeUndefined();
    const { cursor } = freshRuntime();
    const row = await cursor((c) => c.queryOne<{ memory_limit: string }>(read(['memory_limit'])));
    expect(bytesOf(row!.memory_limit, 0)! / totalmem()).toBeCloseTo(0.8, 1);
  });
});

describe('threads: one for each vCPU, at least one', () => {
  test.each([[256, '1'], [1769, '1'], [1770, '2'], [3538, '2'], [10240, '6']])('%i MB: %s', (memory, threads) => {
    expect(deriveSettings({ ...INPUT, env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory) } }).atOpen.threads).toBe(threads);
  });
});

test('an override wins, wherever it takes effect; lock_configuration is last', () => {
  const { atOpen, last } = deriveSettings({
    ...INPUT,
    env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769' },
    overrides: { lock_configuration: 'true', memory_limit: '1GB', threads: '3', timezone: 'Europe/Zurich' },
  });
  // A memory_limit is the process's: the budget has read it, and what it left for this instance counts.
  expect(atOpen).toMatchObject({ memory_limit: '1048576KiB', threads: '3' });
  expect(last.timezone).toBe('Europe/Zurich');
  expect(Object.keys(last).at(-1)).toBe('lock_configuration');
});

describe('names that DuckDB does not know', () => {
  const setting = "SELECT current_setting('catalog_error_max_schemas') AS schemas";
  const step = { name: 'lake', type: 'sql', provides: ['lake'], config: { statements: ["ATTACH ':memory:' AS lake; CREATE TABLE lake.invoices (i INT)"] } };

  test.each<[string, Parameters<typeof config>[0], number]>([
    ['with a catalog step, no catalog is searched for similar ones', { steps: [step] }, 0],
    ['unless the user wants it', { steps: [step], settings: { catalog_error_max_schemas: 7 } }, 7],
    ['without one, DuckDB searches as it does', { steps: [{ name: 'macros', type: 'sql', config: { statements: ['CREATE MACRO f(x) AS x'] } }] }, 100],
  ])('%s', async (_, parts, schemas) => {
    expect(await freshRuntime(config(parts)).session((s) => s.queryOne(setting))).toEqual({ schemas });
  });

  test('similar ones are still suggested from where DuckDB looks', async () => {
    const message = (sql: string) => freshRuntime(config({ steps: [step] })).session(async (s) => {
      await s.execute('CREATE TABLE orders (i INT); FROM lake.invoices');
      return (await rejection(s.query(sql))).message;
    });
    expect(await message('FROM ordrs')).toContain('Did you mean "orders"?');
    expect(await message('FROM lake.invoics')).toContain('Did you mean "invoices"?');
    expect(await message('FROM invoics')).not.toContain('"lake.invoices"');
  });
});

test('in a function: limits, directories, time zone, no persistent secrets', async () => {
  const { cursor } = freshRuntime({ AWS_LAMBDA_FUNCTION_NAME: 'f', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048' });
  jest.spyOn(console, 'log').mockImplementation();
  const settings = await cursor((c) => c.queryOne<Record<string, string>>(
    read(['memory_limit', 'threads', 'home_directory', 'secret_directory', 'temp_directory', 'TimeZone', 'allow_persistent_secrets', 'max_temp_directory_size'])));
  expect(settings).toMatchObject({
    memory_limit: '1.2 GiB', threads: 2, home_directory: tmpdir(), TimeZone: 'UTC', allow_persistent_secrets: false,
  });
  expect(settings!.secret_directory).toMatch(new RegExp(`^${tmpdir()}/`));
  expect(settings!.temp_directory).toMatch(new RegExp(`^${SPILL}/${process.pid}\\.`));
  expect(settings!.max_temp_directory_size).toMatch(/^[\d.]+ [GMT]iB$/);
});

test('a temp_directory of the user\'s is where each instance has its own; what else is in it is left alone', async () => {
  const root = mkdtempSync(join(tmpdir(), 'spill-'));
  const others = join(root, '999999999.1-1-abcdef');
  mkdirSync(others);
  const { cursor, session } = freshRuntime(config({ settings: { temp_directory: root } }));
  const directory = (c: Cursor) => c.queryOne<{ temp_directory: string }>(read(['temp_directory']));
  const own = await Promise.all([cursor(directory), session(directory)]);
  expect(new Set(own.map((row) => row!.temp_directory)).size).toBe(2);
  for (const row of own) expect(row!.temp_directory).toMatch(new RegExp(`^${root}/${process.pid}\\.`));
  expect(existsSync(others)).toBe(true);
  rmSync(root, { recursive: true });
});

test('the spill limit is enforced, as it is SET after the opening', async () => {
  const { cursor } = freshRuntime(config({ settings: { memory_limit: '50MB', max_temp_directory_size: '10MB', threads: 1 } }));
  const error = await rejection(cursor((c) => c.query('SELECT max(a) FROM (SELECT range AS a, hash(range) AS h FROM range(10000000) ORDER BY h)')));
  expect(error.message).toMatch(/max_temp_directory_size|failed to offload/i);
});

test('a setting that DuckDB does not know, or refuses, is named', async () => {
  const { cursor } = freshRuntime(config({ settings: { no_such_setting: 1 } }));
  expect(await rejection(cursor((c) => c.query('SELECT 1')))).toMatchObject({
    code: 'CONFIG', message: expect.stringMatching(/^cannot set "no_such_setting" to "1": .*unrecognized configuration parameter/),
  });
});

test('lock_configuration can be among the settings', async () => {
  const { cursor } = freshRuntime(config({ settings: { lock_configuration: true, threads: 1 } }));
  expect(await cursor((c) => c.queryOne(read(['threads'])))).toEqual({ threads: 1 });
  expect(await rejection(cursor((c) => c.execute('SET threads = 2')))).toMatchObject({ message: expect.stringContaining('configuration has been locked') });
});

test('in a sandbox without HOME and with nothing but /tmp to write, a sort spills', async () => {
  const script = `
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    console.log(JSON.stringify(await cursor((c) => c.queryOne('SELECT max(a) AS top FROM (SELECT range AS a, hash(range) AS h FROM range(3000000) ORDER BY h)'))));
  `;
  const env = { HOME: '', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256' };
  expect(await valuesOf(script, { env, uid: 65534 })).toEqual([{ top: 2_999_999 }]);
});

test('SIGKILL leaves spill behind: the next process clears it', async () => {
  const script = (rest: string) => `
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    ${rest}
  `;
  // A /tmp of its own: in the common one other tests spill too, and clear what is abandoned.
  const temporary = mkdtempSync(join(tmpdir(), 'killed-'));
  const root = join(temporary, basename(SPILL));
  const spill = () => readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'));
  const env = { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256', TMPDIR: temporary };
  const killed = await runScript(script(`
    import { readdirSync } from 'node:fs';
    setInterval(() => {
      const mine = readdirSync(${JSON.stringify(root)}).find((name) => name.startsWith(process.pid + '.'));
      if (mine && readdirSync(${JSON.stringify(root)} + '/' + mine).length > 0) process.kill(process.pid, 'SIGKILL');
    }, 5);
    await cursor((c) => c.query('SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY hash(range)) AS r FROM range(20000000))'));
  `), { env });
  expect(killed.code).toBeNull();
  expect(spill().length).toBeGreaterThan(0);
  await runScript(script("await cursor((c) => c.query('SELECT 1'));"), { env });
  expect(spill()).toEqual([]);
  rmSync(temporary, { recursive: true });
});

test('the spill of a killed predecessor is cleared, also under our own number, another process\'s is not', async () => {
  mkdirSync(SPILL, { recursive: true });
  const [killed, namesake, alive] = [`999999999.${Date.now()}-1`, `${process.pid}.1-1`, `${process.ppid}.1-1`].map((name) => join(SPILL, name)) as [string, string, string];
  for (const directory of [killed, namesake, alive]) {
    // There at once, with what is in it: another process may clear what is abandoned at any time.
    const prepared = mkdtempSync(join(tmpdir(), 'spill-'));
    writeFileSync(join(prepared, 'duckdb_temp_storage_DEFAULT-0.tmp'), 'spill');
    renameSync(prepared, directory);
  }
  const { cursor } = freshRuntime();
  await cursor((c) => c.query('SELECT 1'));
  expect([killed, namesake, alive].map((directory) => existsSync(directory))).toEqual([false, false, true]);
  rmSync(alive, { recursive: true });
});

test('an instance that could not be made leaves no directory behind', async () => {
  const ours = () => readdirSync(SPILL).filter((name) => name.startsWith(`${process.pid}.`));
  const before = ours();
  const { cursor } = freshRuntime(config({ settings: { no_such_setting: 1 } }));
  await rejection(cursor((c) => c.query('SELECT 1')));
  expect(ours()).toEqual(before);
});

test.each([
  [{ threads: '0' }, 'cannot set "threads" to "0": '],
  [{ threads: 'many' }, 'cannot set "threads" to "many": '],
  [{ allow_persistent_secrets: 'perhaps' }, 'cannot set "allow_persistent_secrets" to "perhaps": '],
  [{ memory_limit: 'much' }, '"much" is not a size'],
  [{ max_temp_directory_size: '-1' }, '"-1" is not a size'],
  [{ default_order: 'sideways' }, 'cannot set "default_order" to "sideways": '],
  [{ no_such_setting: '1' }, 'cannot set "no_such_setting" to "1": '],
  [{ temp_directory: '/proc/nowhere' }, 'the setting "temp_directory" is "/proc/nowhere", which cannot be used: '],
  [{ temp_directory: __filename }, `the setting "temp_directory" is "${__filename}", which cannot be used: `],
  [{ temp_directory: 'a\0b' }, 'the setting "temp_directory" is "a\0b", which cannot be used: '],
])('%j: the error names the setting', async (settings, message) => {
  const { cursor } = freshRuntime({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512', ...config({ settings }) });
  const error = await rejection(cursor((c) => c.query('SELECT 1')));
  expect(error).toMatchObject({ code: 'CONFIG', retryable: false, message: expect.stringContaining(message) });
});

test('of a session\'s own settings too, and a file that cannot be opened is not taken for a setting', async () => {
  const { session, DuckDB } = freshRuntime({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512', ...config({ settings: { threads: '1' } }) });
  expect(await rejection(session({ settings: { threads: 0 } }))).toMatchObject({ code: 'CONFIG', message: expect.stringContaining('cannot set "threads" to "0"') });
  const name = 'no-database.duckdb';
  writeFileSync(join(tmpdir(), name), 'this is no database, by any means');
  await using database = new DuckDB({ dbName: name });
  expect(await rejection(database.cursor())).toMatchObject({ code: 'FATAL' });
  rmSync(join(tmpdir(), name));
});
