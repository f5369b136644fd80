import * as fs from 'fs';
import * as path from 'path';
import { findProject } from '../../src/handler/handler-project';
import { temporaryDirectory } from '../temporary-directory';

let root: string;
let entry: string;

beforeEach(() => {
  root = temporaryDirectory();
  entry = path.join(root, 'packages', 'app', 'src', 'handler.ts');
  fs.mkdirSync(path.dirname(entry), { recursive: true });
});

function touch(...names: string[]): string {
  const file = path.join(root, ...names);
  fs.writeFileSync(file, '{}');
  return file;
}

test.each(['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock'])('of a workspace the root is where its %s lies', (name) => {
  const lockFile = touch(name);
  touch('packages', 'app', 'package.json');
  expect(findProject(entry)).toEqual({ root, lockFile });
});

test('without a lock file the root is where the nearest package.json lies', () => {
  touch('packages', 'app', 'package.json');
  expect(findProject(entry)).toEqual({ root: path.join(root, 'packages', 'app'), lockFile: undefined });
});

test('without either it is the entry\'s own folder', () => {
  expect(findProject(entry).root).toBe(path.dirname(entry));
});

test('projectRoot decides the root, and leaves the lock file', () => {
  const lockFile = touch('yarn.lock');
  const projectRoot = path.join(root, 'packages');
  expect(findProject(entry, { projectRoot })).toEqual({ root: projectRoot, lockFile });
  expect(findProject(entry, { projectRoot: path.relative(process.cwd(), projectRoot) }).root).toBe(projectRoot);
});

test('a projectRoot beside the entry is refused', () => {
  expect(() => findProject(entry, { projectRoot: temporaryDirectory() })).toThrow(/^the entry ".*handler\.ts" is not in the projectRoot ".*": name a folder above it/);
});

test('depsLockFilePath decides the lock file; where it lies above the entry, the root too', () => {
  const lockFile = touch('yarn.lock');
  touch('packages', 'package-lock.json');
  expect(findProject(entry, { depsLockFilePath: lockFile })).toEqual({ root, lockFile });

  const elsewhere = path.join(temporaryDirectory(), 'yarn.lock');
  fs.writeFileSync(elsewhere, '');
  touch('packages', 'app', 'package.json');
  expect(findProject(entry, { depsLockFilePath: elsewhere })).toEqual({ root: path.join(root, 'packages', 'app'), lockFile: elsewhere });
});

test.each([
  ['missing/yarn.lock', `cannot find the lock file of depsLockFilePath, "missing/yarn.lock": looked for ${path.resolve('missing', 'yarn.lock')}`],
  ['deps.txt', 'depsLockFilePath is "deps.txt", which is not a package manager\'s lock file: expected one named package-lock.json'],
])('an invalid depsLockFilePath is refused: %s', (depsLockFilePath, message) => {
  expect(() => findProject(entry, { depsLockFilePath })).toThrow(message);
});
