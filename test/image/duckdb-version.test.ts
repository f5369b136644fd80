import * as fs from 'fs';
import * as path from 'path';
import { DEFAULT_NODE_API_VERSION, duckdbVersionOf, resolveNodeApiVersion } from '../../src/image/duckdb-version';
import { temporaryDirectory } from '../temporary-directory';

let project: string;
let entry: string;

beforeEach(() => {
  project = temporaryDirectory();
  entry = path.join(project, 'src', 'handler.ts');
});

function lockFile(name: string, content: string): string {
  const file = path.join(project, name);
  fs.writeFileSync(file, content);
  return file;
}

function install(version: string): string {
  const directory = path.join(project, 'node_modules', '@duckdb', 'node-api');
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ name: '@duckdb/node-api', version }));
  return path.join(directory, 'package.json');
}

test('a project that names no version gets the tested default', () => {
  expect(resolveNodeApiVersion({ entry })).toBe(DEFAULT_NODE_API_VERSION);
});

test('the prop decides where the project names none', () => {
  expect(resolveNodeApiVersion({ entry, nodeApiVersion: '1.4.5-r.1' })).toBe('1.4.5-r.1');
});

test('what is installed beside the handler decides', () => {
  install('1.5.4-r.1');
  expect(resolveNodeApiVersion({ entry })).toBe('1.5.4-r.1');
});

test.each([
  ['package-lock.json', '{"lockfileVersion":3,"packages":{"node_modules/@duckdb/node-api":{"version":"1.5.4-r.1"}}}'],
  ['npm-shrinkwrap.json', '{"lockfileVersion":3,"packages":{"node_modules/@duckdb/node-api":{"version":"1.5.4-r.1"}}}'],
  ['yarn.lock', '# yarn lockfile v1\n\n"@duckdb/node-api@^1.5.0-r.1":\n  version "1.5.4-r.1"\n  resolved "x"\n'],
  ['yarn.lock', '__metadata:\n  version: 8\n\n"@duckdb/node-api@npm:^1.5.0-r.1":\n  version: 1.5.4-r.1\n  resolution: "x"\n'],
  ['pnpm-lock.yaml', 'lockfileVersion: \'9.0\'\npackages:\n\n  \'@duckdb/node-api@1.5.4-r.1\':\n    resolution: {integrity: x}\n'],
  ['pnpm-lock.yaml', 'lockfileVersion: \'6.0\'\npackages:\n\n  /@duckdb/node-api@1.5.4-r.1:\n    resolution: {integrity: x}\n'],
])('reads the version that %s pins', (name, content) => {
  expect(resolveNodeApiVersion({ entry, lockFile: lockFile(name, content) })).toBe('1.5.4-r.1');
});

test.each([
  ['package-lock.json', '{"lockfileVersion":3,"packages":{"":{}}}'],
  ['yarn.lock', '# yarn lockfile v1\n'],
  ['pnpm-lock.yaml', 'lockfileVersion: \'9.0\'\n'],
])('a %s that does not know the client decides nothing', (name, content) => {
  expect(resolveNodeApiVersion({ entry, lockFile: lockFile(name, content) })).toBe(DEFAULT_NODE_API_VERSION);
});

test.each([
  ['packages/app/node_modules', '1.5.4-r.1'],
  ['packages/other/node_modules', '1.5.5-r.5'],
])('in a workspace the version that the entry would get decides: %s', (place, expected) => {
  const client = (version: string) => ({ version });
  const lock = lockFile('package-lock.json', JSON.stringify({
    packages: { 'node_modules/@duckdb/node-api': client('1.5.5-r.5'), [`${place}/@duckdb/node-api`]: client('1.5.4-r.1') },
  }));
  expect(resolveNodeApiVersion({ entry: path.join(project, 'packages', 'app', 'src', 'handler.ts'), lockFile: lock })).toBe(expected);
});

test.each([
  ['yarn.lock', '"@duckdb/node-api@^1.4.0":\n  version "1.4.5-r.1"\n\n"@duckdb/node-api@^1.5.0":\n  version "1.5.4-r.1"\n'],
  ['pnpm-lock.yaml', 'packages:\n  \'@duckdb/node-api@1.4.5-r.1\':\n    x: y\n  \'@duckdb/node-api@1.5.4-r.1\':\n    x: y\n'],
])('where a %s has several versions, what is installed decides', (name, content) => {
  install('1.5.4-r.1');
  expect(resolveNodeApiVersion({ entry, lockFile: lockFile(name, content) })).toBe('1.5.4-r.1');
});

test('a lock file that does not lie above the entry is read from its root', () => {
  const lock = lockFile('package-lock.json', '{"packages":{"node_modules/@duckdb/node-api":{"version":"1.5.4-r.1"}}}');
  expect(resolveNodeApiVersion({ entry: path.join(temporaryDirectory(), 'handler.ts'), lockFile: lock })).toBe('1.5.4-r.1');
});

test('a lock file of a Windows checkout is read, and one of npm 6', () => {
  expect(resolveNodeApiVersion({ entry, lockFile: lockFile('yarn.lock', '"@duckdb/node-api@^1.5.0":\r\n  version "1.5.4-r.1"\r\n') })).toBe('1.5.4-r.1');
  const old = lockFile('package-lock.json', '{"lockfileVersion":1,"dependencies":{"@duckdb/node-api":{"version":"1.5.3-r.1"}}}');
  expect(resolveNodeApiVersion({ entry, lockFile: old })).toBe('1.5.3-r.1');
});

test('a lock file with merge markers is named', () => {
  const lock = lockFile('package-lock.json', '<<<<<<< HEAD\n{}');
  expect(() => resolveNodeApiVersion({ entry, lockFile: lock })).toThrow(`cannot read ${lock}: `);
});

test('sources that disagree are an error that says which file says what', () => {
  const lock = lockFile('package-lock.json', '{"packages":{"node_modules/@duckdb/node-api":{"version":"1.5.4-r.1"}}}');
  const installed = install('1.5.3-r.1');
  expect(() => resolveNodeApiVersion({ entry, lockFile: lock, nodeApiVersion: '1.5.5-r.5' })).toThrow(
    `the versions of @duckdb/node-api differ: the prop nodeApiVersion says 1.5.5-r.5, ${lock} says 1.5.4-r.1, ${installed} says 1.5.3-r.1`);
});

test.each(['1.5.5', '^1.5.5-r.5', 'latest', ''])('"%s" is not an exact version', (nodeApiVersion) => {
  expect(() => resolveNodeApiVersion({ entry, nodeApiVersion })).toThrow(`nodeApiVersion "${nodeApiVersion}" is not an exact version`);
});

test('the client\'s version holds DuckDB\'s', () => {
  expect(duckdbVersionOf('1.5.5-r.5')).toBe('1.5.5');
});
