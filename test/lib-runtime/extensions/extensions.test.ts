import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cursor } from '../../../lib-runtime';
import { findExtensions } from '../../../lib-runtime/extensions/extensions';
import { bedPath } from '../../bed/paths';
import { temporaryDirectory } from '../../temporary-directory';
import { runScript, valuesOf } from '../built-runtime';
import { freshRuntime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { DUCKDB_VERSION, extensionFile, signedExtensions } from '../signed-extensions';

/** nobody: like Lambda's user, it cannot write where the image's files are. */
const NOBODY = 65534;

let baked: string;
let scratch: string;

beforeAll(async () => {
  baked = await signedExtensions('httpfs', 'tpch');
  scratch = mkdtempSync(join(tmpdir(), 'extensions-'));
  chmodSync(scratch, 0o755);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A script that reports how the extensions of an instance were loaded, then what a tampered file meets. */
const PROBE = `
  import { cursor } from 'cdk-duckdb-lambda/runtime';
  const attempt = (c, sql) => c.execute(sql).then(() => 'done', (error) => error.message.split('\\n')[0]);
  console.log(JSON.stringify(await cursor(async (c) => ({
    loaded: (await c.query("SELECT extension_name AS name FROM duckdb_extensions() WHERE loaded AND extension_name IN ('httpfs', 'tpch')")).map((row) => row.name),
    allowed: (await c.queryOne("SELECT current_setting('allow_unsigned_extensions') AS value")).value,
    tampered: await attempt(c, "LOAD '" + process.env.TAMPERED + "'"),
    reopened: await attempt(c, 'SET allow_unsigned_extensions = true'),
    pragma: await attempt(c, 'PRAGMA allow_unsigned_extensions = true'),
    reset: await attempt(c, 'RESET allow_unsigned_extensions'),
    tamperedAgain: await attempt(c, "LOAD '" + process.env.TAMPERED + "'"),
  }))));
`;

const CLOSED_WINDOW = {
  allowed: false,
  tampered: expect.stringContaining('signature is either missing or invalid and unsigned extensions are disabled'),
  reopened: expect.stringContaining('Cannot change allow_unsigned_extensions setting while database is running'),
  pragma: expect.stringContaining('Cannot change allow_unsigned_extensions setting while database is running'),
  reset: expect.any(String),
  tamperedAgain: expect.stringContaining('signature is either missing or invalid and unsigned extensions are disabled'),
};

/** An extension with one byte of its body changed: footer and all else are as DuckDB made them. */
function tampered(name: string): string {
  const copy = join(scratch, `${name}.duckdb_extension`);
  copyFileSync(extensionFile(baked, name), copy);
  const middle = Math.floor(readFileSync(copy).length / 2);
  const bytes = readFileSync(copy).subarray(middle, middle + 1);
  writeSync(openSync(copy, 'r+'), Buffer.from([255 - bytes[0]!]), 0, 1, middle);
  return copy;
}

describe('where the image has baked them and this process cannot write', () => {
  test('they are loaded without the signature check, and the window is closed before any public call', async () => {
    // Tampered with but listed with its size: only a load without a check can take it.
    const unchecked = copyOfBaked('unchecked', (directory) => copyFileSync(tampered('tpch'), extensionFile(directory, 'tpch')));
    const env = { DUCKDB_EXTENSIONS_DIR: unchecked, TAMPERED: tampered('httpfs'), ...config({ extensions: ['tpch'] }) };
    expect(await valuesOf(PROBE, { env, uid: NOBODY })).toEqual([{ loaded: ['tpch'], ...CLOSED_WINDOW }]);
  });

  test('verifyExtensionsAtRuntime keeps the check', async () => {
    const unchecked = copyOfBaked('verified', (directory) => copyFileSync(tampered('tpch'), extensionFile(directory, 'tpch')));
    const env = { DUCKDB_EXTENSIONS_DIR: unchecked, TAMPERED: tampered('httpfs'), ...config({ extensions: ['tpch'], verifyExtensions: true }) };
    const { code, stderr } = await runScript(PROBE, { env, uid: NOBODY });
    expect(code).not.toBe(0);
    expect(stderr).toContain('cannot load the baked extension "tpch"');
  });

  test.each([
    ['a manifest for another version', (directory: string) => rewriteManifest(directory, { duckdbVersion: '1.5.4' })],
    ['a manifest for another platform', (directory: string) => rewriteManifest(directory, { platform: 'linux_riscv64' })],
    ['a manifest that does not list the extension', (directory: string) => rewriteManifest(directory, { extensions: [] })],
    ['no manifest', (directory: string) => rmSync(join(directory, 'manifest.json'))],
    ['a file of another size', (directory: string) => truncateSync(extensionFile(directory, 'tpch'), 17_000_000)],
  ])('%s keeps the check', async (_, change) => {
    const directory = copyOfBaked('changed', (copy) => {
      copyFileSync(tampered('tpch'), extensionFile(copy, 'tpch'));
      change(copy);
    });
    const env = { DUCKDB_EXTENSIONS_DIR: directory, ...config({ extensions: ['tpch'] }) };
    const { stderr } = await runScript(PROBE, { env, uid: NOBODY });
    expect(stderr).toMatch(/cannot load the baked extension "tpch"/);
  });

  test('the baked implementation of motherduck is named, so that its LOAD downloads nothing', async () => {
    const directory = copyOfBaked('motherduck', (copy) => rewriteManifest(copy, { motherduckExtVersion: '1a2b3c' }));
    const script = "import { cursor } from 'cdk-duckdb-lambda/runtime'; await cursor((c) => c.query('SELECT 1')); "
      + 'console.log(JSON.stringify(process.env.motherduck_ext_version));';
    expect(await valuesOf(script, { env: { DUCKDB_EXTENSIONS_DIR: directory }, uid: NOBODY })).toEqual(['1a2b3c']);
  });

  function copyOfBaked(name: string, change: (directory: string) => void): string {
    // Under the repository: everything above it belongs to its owner, while /tmp can be written by anyone.
    const directory = bedPath(`runtime-extensions-${name}-${process.pid}`);
    rmSync(directory, { recursive: true, force: true });
    cpSync(baked, directory, { recursive: true });
    change(directory);
    copies.push(directory);
    return directory;
  }
  const copies: string[] = [];
  afterEach(() => copies.splice(0).forEach((directory) => rmSync(directory, { recursive: true, force: true })));
});

describe('where this process can write', () => {
  test('the check stays on: a tampered file is refused', async () => {
    const directory = join(scratch, 'writable');
    cpSync(baked, directory, { recursive: true });
    copyFileSync(tampered('tpch'), extensionFile(directory, 'tpch'));
    const { cursor } = freshRuntime({ DUCKDB_EXTENSIONS_DIR: directory, ...config({ extensions: ['tpch'] }) });
    const error = await rejection(cursor((c) => c.query('SELECT 1')));
    expect(error).toMatchObject({ code: 'EXTENSION', name: 'ExtensionError' });
    expect(error.message).toMatch(/cannot load the baked extension "tpch": .*signature/s);
  });

  test('signed files are loaded, and the window is closed', async () => {
    const env = { DUCKDB_EXTENSIONS_DIR: baked, TAMPERED: tampered('tpch'), ...config({ extensions: ['httpfs'] }) };
    expect(await valuesOf(PROBE, { env })).toEqual([{ loaded: ['httpfs'], ...CLOSED_WINDOW }]);
  });
});

test('no cursor that was asked for while the instance is being made can run before the lock', async () => {
  const { cursor } = freshRuntime({ DUCKDB_EXTENSIONS_DIR: baked, ...config({ extensions: ['httpfs'] }) });
  const values = await Promise.all(Array.from({ length: 16 }, () => cursor((c) => c.queryOne("SELECT current_setting('allow_unsigned_extensions') AS v"))));
  expect(values).toEqual(Array(16).fill({ v: false }));
});

test('settings that forbid a LOAD or the lock take effect after both: set before, a tampered extension could be loaded', async () => {
  const { cursor } = freshRuntime({
    DUCKDB_EXTENSIONS_DIR: baked,
    ...config({ extensions: ['httpfs'], settings: { lock_configuration: true, enable_external_access: false } }),
  });
  expect(await cursor((c) => c.queryOne(`
    SELECT current_setting('lock_configuration') AS locked, current_setting('enable_external_access') AS access, current_setting('allow_unsigned_extensions') AS unsigned,
      current_setting('httpfs_connection_caching') AS httpfs`))).toEqual({ locked: true, access: false, unsigned: false, httpfs: true });
});

test('sessions and DuckDBs have the extensions too, and their window is closed', async () => {
  const { session, DuckDB } = freshRuntime({ DUCKDB_EXTENSIONS_DIR: baked, ...config({ extensions: ['httpfs'] }) });
  await using database = new DuckDB();
  for (const run of [session, database.cursor.bind(database)]) {
    await run(async (c: Cursor) => {
      expect(await c.queryOne("SELECT loaded FROM duckdb_extensions() WHERE extension_name = 'httpfs'")).toEqual({ loaded: true });
      expect(await rejection(c.execute(`LOAD '${tampered('tpch')}'`))).toMatchObject({ message: expect.stringContaining('signature is either missing or invalid') });
      expect(await rejection(c.execute('SET allow_unsigned_extensions = true'))).toMatchObject({ duckdbType: 'Invalid Input Error' });
    });
  }
});

test('with a baked directory DuckDB neither installs nor loads by itself', async () => {
  const { cursor } = freshRuntime({ DUCKDB_EXTENSIONS_DIR: baked, ...config({ extensions: [] }) });
  const error = await rejection(cursor((c) => c.query("FROM read_csv('https://127.0.0.1:1/a.csv')")));
  expect(error.message).toContain('requires the extension httpfs to be loaded');
  // By name it is found, offline.
  expect(await cursor(async (c) => {
    await c.execute('LOAD httpfs');
    return c.query("SELECT loaded FROM duckdb_extensions() WHERE extension_name = 'httpfs'");
  })).toEqual([{ loaded: true }]);
});

test('an extension that is not baked is an error that says where it was looked for and what to do', async () => {
  const { cursor } = freshRuntime({ DUCKDB_EXTENSIONS_DIR: baked, ...config({ extensions: ['spatial'] }) });
  const error = await rejection(cursor((c) => c.query('SELECT 1')));
  expect(error.code).toBe('EXTENSION');
  expect(error.message).toBe(`extension "spatial" is not baked: no ${extensionFile(baked, 'spatial')}; add DuckDbExtension.core('spatial') to ` +
    "the function's `extensions` and deploy it again");
});

test('without a baked directory it is installed over the network; where that fails, the error says what was looked for and where', async () => {
  const home = join(scratch, 'home');
  mkdirSync(home);
  const script = `
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    console.debug = (...texts) => console.log(JSON.stringify({ debug: texts.join(' ') }));
    const error = await cursor((c) => c.query('SELECT 1')).catch((e) => e);
    console.log(JSON.stringify({ code: error.code, message: error.message }));
  `;
  const env = { HOME: home, ...config({ extensions: ['httpfs'], settings: { http_proxy: 'http://127.0.0.1:1' } }) };
  const [debug, error] = await valuesOf(script, { env: { ...env, http_proxy: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' } });
  expect(debug).toEqual({ debug: 'duckdb extension "httpfs" is not installed here: installing it once, from DuckDB\'s repository' });
  expect(error.code).toBe('EXTENSION');
  expect(error.message).toContain(`${home}/.duckdb/extensions/v${DUCKDB_VERSION}`);
  expect(error.message).toMatch(/cannot be downloaded .*httpfs\.duckdb_extension\.gz/);
  expect(error.message).toContain(`npx duckdb-extensions install --version ${DUCKDB_VERSION}`);
}, 90_000);

test('what a project has installed is loaded without the network', async () => {
  const home = join(scratch, 'installed');
  cpSync(join(baked, `v${DUCKDB_VERSION}`), join(home, `.duckdb/extensions/v${DUCKDB_VERSION}`), { recursive: true });
  const script = `
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    console.log(JSON.stringify(await cursor((c) => c.query("SELECT loaded FROM duckdb_extensions() WHERE extension_name = 'tpch'"))));
  `;
  expect(await valuesOf(script, { env: { HOME: home, ...config({ extensions: ['tpch'] }) } })).toEqual([[{ loaded: true }]]);
});

function rewriteManifest(directory: string, change: object): void {
  const file = join(directory, 'manifest.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...change }));
}

test.each(['null', '[]', '{"version":1,"extensions":[null]}', '{"version":1,"extensions":{}}', '{"version":1,"extensions":[{}]}', '{'])(
  'an invalid manifest makes nothing trusted, and is not an error: %s', async (manifest) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'manifest.json'), manifest);
    expect(findExtensions({ DUCKDB_EXTENSIONS_DIR: directory }, ['httpfs'], false)).toEqual({ directory, trusted: false, motherduckVersion: undefined });
  });
