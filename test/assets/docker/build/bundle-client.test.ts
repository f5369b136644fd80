import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../../../bed';
import { temporaryDirectory } from '../../../temporary-directory';

const SCRIPT = join(repositoryRoot, 'assets', 'docker', 'build', 'bundle-client.mjs');
const INSTALLED = join(repositoryRoot, 'node_modules', '@duckdb');

/** A project with a client of its own, which may be changed. */
interface Project {
  readonly directory: string;
  readonly client: string;
}

/** A project whose client is bundled, and what its bundling said. */
let bundled: Project;
let said: string;

beforeAll(() => {
  bundled = newProject();
  said = bundle(bundled);
});

/** A new project whose client is a copy of another. */
function newProject(source = INSTALLED): Project {
  const directory = temporaryDirectory();
  const packages = join(directory, 'node_modules', '@duckdb');
  mkdirSync(packages, { recursive: true });
  for (const name of ['node-api', 'node-bindings']) cpSync(join(source, name), join(packages, name), { recursive: true });
  for (const name of readdirSync(INSTALLED).filter((each) => each.startsWith('node-bindings-'))) symlinkSync(join(INSTALLED, name), join(packages, name));
  return { directory, client: join(packages, 'node-api') };
}

const copyOf = ({ client }: Project) => newProject(dirname(client));

function bundle({ client }: Project, arch = process.arch): string {
  return spawnSync(process.execPath, [SCRIPT, client, arch], { encoding: 'utf8' }).stderr;
}

const MADE = ['modules.cache', 'modules.code.js', 'modules.js', 'modules.with-gc.cache'];
const filesMade = ({ client }: Project) => readdirSync(join(client, 'lib')).filter((name) => name.startsWith('modules.')).sort();

/** What a module of the project prints. */
function evaluate({ directory }: Project, source: string): any {
  writeFileSync(join(directory, 'main.mjs'), source);
  return JSON.parse(execFileSync(process.execPath, [join(directory, 'main.mjs')], { encoding: 'utf8' }));
}

/** Every file of the client, with the names that it exports to an ES module. */
const EXPORTS = `
  import { readdirSync } from 'node:fs';
  const lib = new URL('node_modules/@duckdb/node-api/lib/', import.meta.url);
  const files = readdirSync(lib, { recursive: true }).filter((name) => name.endsWith('.js') && !name.startsWith('modules.')).sort();
  const names = {};
  for (const file of files) names[file] = Object.keys(await import(new URL(file, lib)));
  console.log(JSON.stringify(names));
`;

test('every file exports the same names as before', () => {
  const before = evaluate(newProject(), EXPORTS);
  expect(said).toBe('');
  expect(Object.keys(before).length).toBeGreaterThan(100);
  expect(before['index.js']).toContain('DuckDBInstance');
  expect(evaluate(bundled, EXPORTS)).toEqual(before);
});

test('import, require and a path into the package give the same classes, of one file', () => {
  expect(evaluate(bundled, `
    import { createRequire } from 'node:module';
    import api, { DuckDBInstance, listValue } from '@duckdb/node-api';
    import { DuckDBInstance as deep } from '@duckdb/node-api/lib/DuckDBInstance.js';
    const require = createRequire(import.meta.url);
    const connection = await (await DuckDBInstance.create()).connect();
    const value = (await (await connection.run('SELECT [1, 2] AS list')).getRows())[0][0];
    console.log(JSON.stringify({
      same: [api.DuckDBInstance, deep, require('@duckdb/node-api').DuckDBInstance, require('@duckdb/node-api/lib/DuckDBInstance').DuckDBInstance]
        .map((each) => each === DuckDBInstance),
      value: value.constructor.name,
      equal: String(value) === String(listValue([1, 2])),
      version: require('@duckdb/node-api/package.json').version,
      compiled: Object.keys(require.cache).filter((file) => file.includes('node-api')).length,
    }));
  `)).toEqual({
    same: [true, true, true, true],
    value: 'DuckDBListValue',
    equal: true,
    version: JSON.parse(readFileSync(join(bundled.client, 'package.json'), 'utf8')).version,
    compiled: 4, // the package, the file that is imported by its path, the one that all is in, and the description
  });
});

test('where it cannot be evaluated, it fails each time', () => {
  const project = copyOf(bundled);
  rmSync(join(dirname(project.client), 'node-bindings'), { recursive: true });
  expect(evaluate(project, `
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    const attempt = () => { try { return Object.keys(require('@duckdb/node-api')); } catch (error) { return error.message.split('\\n')[0]; } };
    console.log(JSON.stringify([attempt(), attempt()]));
  `)).toEqual(Array(2).fill("Cannot find module '@duckdb/node-bindings'"));
});

test('the same client gives the same bytes; its licence stays', () => {
  const made = ({ client }: Project) => MADE.map((name) => createHash('sha256').update(readFileSync(join(client, 'lib', name))).digest('hex'));
  const once = made(bundled);
  // At the same path, which is in V8's compiled form.
  for (const name of ['node-api', 'node-bindings']) cpSync(join(INSTALLED, name), join(dirname(bundled.client), name), { recursive: true });
  MADE.forEach((name) => rmSync(join(bundled.client, 'lib', name)));
  bundle(bundled);
  expect(made(bundled)).toEqual(once);
  expect(readFileSync(join(bundled.client, 'LICENSE'), 'utf8')).toBe(readFileSync(join(INSTALLED, 'node-api', 'LICENSE'), 'utf8'));
});

test.each([[[]], [['--expose-gc']]])('V8 takes the compiled code, with the flags %j', (flags) => {
  const script = `
    const { Script } = require('node:vm');
    const rejected = [];
    require('node:vm').Script = class extends Script {
      constructor(...args) { super(...args); rejected.push(this.cachedDataRejected); }
    };
    require('@duckdb/node-api');
    console.log(JSON.stringify(rejected));
  `;
  expect(execFileSync(process.execPath, [...flags, '--eval', script], { cwd: bundled.directory, encoding: 'utf8' })).toBe('[false]\n');
});

test('code that was compiled by another Node.js is not taken, and does no harm', () => {
  const project = copyOf(bundled);
  const compiled = join(project.client, 'lib', 'modules.cache');
  const bytes = readFileSync(compiled);
  bytes[4] = 255 - bytes[4]; // in the hash of V8's version
  writeFileSync(compiled, bytes);
  expect(evaluate(project, "import { version } from '@duckdb/node-api'; console.log(JSON.stringify(version()));")).toMatch(/^v\d/);
});

test('nothing is compiled for another architecture than this one\'s', () => {
  const project = newProject();
  bundle(project, process.arch === 'arm64' ? 'x64' : 'arm64');
  expect(filesMade(project)).toEqual(['modules.code.js', 'modules.js']);
});

test.each([
  ['require(name)', 'const name = "./sql"; exports.sql = require(name);'],
  ['import(', 'exports.sql = import("./sql.js");'],
  ['__dirname', 'exports.directory = __dirname;'],
  ['String.raw', 'exports.raw = String.raw`—`;'],
  ['which is not there', 'exports.other = require("./other");'],
])('a client with an unexpected structure stays as it is: %s', (_, source) => {
  const project = newProject();
  const index = join(project.client, 'lib', 'index.js');
  writeFileSync(join(project.client, 'lib', 'new.js'), source);
  const before = readFileSync(index, 'utf8');
  expect(bundle(project)).toMatch(/^DuckDB's client is not put into one file: new\.js (?:uses|requires) /);
  expect(readFileSync(index, 'utf8')).toBe(before);
  expect(filesMade(project)).toEqual([]);
});

describe('the native half', () => {
  const BINARY = `@duckdb/node-bindings-linux-${process.arch}/duckdb.node`;
  const onLinux = process.platform === 'linux' ? test : test.skip;
  const mainOf = ({ client }: Project) => join(dirname(client), 'node-bindings', 'duckdb.js');
  const EXPORTED = `
    import { createRequire } from 'node:module';
    import * as imported from '@duckdb/node-bindings';
    const required = createRequire(import.meta.url)('@duckdb/node-bindings');
    console.log(JSON.stringify({ imported: Object.keys(imported), open: typeof required.open, same: imported.default === required }));
  `;

  onLinux('is required by its own name, without a look at the C library, and exports the same', () => {
    const before = evaluate(newProject(), EXPORTED);
    const main = readFileSync(mainOf(bundled), 'utf8');
    expect(main).toContain(`require("${BINARY}")`);
    expect(main).not.toContain('detect-libc');
    expect(before.open).toBe('function');
    expect(evaluate(bundled, EXPORTED)).toEqual(before);
  });

  onLinux.each([
    ['other exports', (text: string) => text.replace(/^module\.exports = (.*);$/m, 'module.exports = Object.create($1);')],
    ['another way to the binary', (text: string) => text.replace(/require\('(.*?)'\)/g, 'require(`$1`)')],
  ])('stays as it is if its structure is unexpected: %s', (_, change) => {
    const project = newProject();
    const changed = change(readFileSync(mainOf(project), 'utf8'));
    writeFileSync(mainOf(project), changed);
    expect(bundle(project)).toContain("DuckDB's client looks for its binary itself");
    expect(readFileSync(mainOf(project), 'utf8')).toBe(changed);
  });
});
