import * as fs from 'fs';
import * as path from 'path';
import { resolveNodeApiVersion } from '../../src/image/duckdb-version';
import { stageNodeModules } from '../../src/node-modules/node-modules';
import { run } from '../bed';
import { temporaryDirectory } from '../temporary-directory';

/** What each package manager wrote for the same workspace. */
const WORKSPACES: [name: string, lockFile: string, link: string][] = [
  ['npm', 'package-lock.json', '*'],
  ['yarn1', 'yarn.lock', '*'],
  ['berry', 'yarn.lock', 'workspace:*'],
  ['pnpm8', 'pnpm-lock.yaml', 'workspace:*'],
  ['pnpm', 'pnpm-lock.yaml', 'workspace:*'],
];

let root: string;

beforeEach(() => {
  root = temporaryDirectory();
});

function write(name: string, content: object): string {
  const file = path.join(root, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(content));
  return file;
}

/** The workspace's package.json files and its lock file; nothing is installed. */
function workspace(name: string, lockFile: string, link: string): { entry: string; depsLockFile: string } {
  write('package.json', { private: true, workspaces: ['packages/*'], dependencies: { 'ansi-styles': '^4.0.0' } });
  write('packages/shared/package.json', { name: '@acme/shared', version: '1.0.0', dependencies: { '@duckdb/node-api': '1.5.5-r.5' } });
  write('packages/app/package.json', {
    name: '@acme/app',
    version: '1.0.0',
    dependencies: {
      '@acme/shared': link,
      '@node-rs/crc32': '^1.10.0',
      'chalk': '^2.4.0',
      'crc-alias': 'npm:is-odd@^3.0.0',
      '@duckdb/node-api': '1.5.4-r.1',
      'use-sync-external-store': '1.2.0',
      'react': '18.2.0',
    },
  });
  const depsLockFile = path.join(root, lockFile);
  fs.copyFileSync(path.join(__dirname, '..', 'fixtures', 'workspaces', name, lockFile), depsLockFile);
  return { entry: path.join(root, 'packages', 'app', 'src', 'handler.ts'), depsLockFile };
}

/** What a package.json says of itself, by its folder in node_modules. */
function installed(directory: string): { [place: string]: string } {
  const manifests = fs.readdirSync(path.join(directory, 'node_modules'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(?:(?:.*\/)?node_modules\/)?(?:@[^/]+\/)?[^/@.]+\/package\.json$/.test(name));
  return Object.fromEntries(manifests.sort().map((name) => {
    const manifest = JSON.parse(fs.readFileSync(path.join(directory, 'node_modules', name), 'utf8'));
    return [path.dirname(name), `${manifest.name}@${manifest.version}`];
  }));
}

describe.each(WORKSPACES)('a workspace of %s', (name, lockFile, link) => {
  test('its lock file decides what npm installs, for another platform', async () => {
    const target = path.join(temporaryDirectory(), 'modules');
    stageNodeModules(['@node-rs/crc32', 'ansi-styles', 'chalk', 'crc-alias', 'react', 'use-sync-external-store'], workspace(name, lockFile, link), target);
    await run('npm', ['install', '--prefix', target, '--ignore-scripts', '--no-audit', '--no-fund', '--legacy-peer-deps', '--prefer-offline',
      '--os=linux', '--cpu=arm64', '--libc=glibc'], { timeoutMs: 120_000 });
    expect(installed(target)).toMatchObject({
      '@node-rs/crc32': '@node-rs/crc32@1.10.8',
      '@node-rs/crc32-linux-arm64-gnu': '@node-rs/crc32-linux-arm64-gnu@1.10.8',
      'ansi-styles': 'ansi-styles@4.3.0',
      'chalk': 'chalk@2.4.2',
      'chalk/node_modules/ansi-styles': 'ansi-styles@3.2.1',
      'crc-alias': 'is-odd@3.0.1',
      'has-flag': 'has-flag@3.0.0',
      'is-number': 'is-number@6.0.0',
      'react': 'react@18.2.0',
      'use-sync-external-store': 'use-sync-external-store@1.2.0',
    });
    expect(fs.readdirSync(path.join(target, 'node_modules', '@node-rs')).sort()).toEqual(['crc32', 'crc32-linux-arm64-gnu']);
  }, 120_000);

  test('what none of the packages needs is not in the image\'s lock file', () => {
    const target = path.join(temporaryDirectory(), 'modules');
    stageNodeModules(['chalk'], workspace(name, lockFile, link), target);
    const { packages } = JSON.parse(fs.readFileSync(path.join(target, 'package-lock.json'), 'utf8'));
    expect(Object.keys(packages).map((place) => place.replace('node_modules/', '')).sort()).toEqual(
      ['', 'ansi-styles', 'chalk', 'color-convert', 'color-name', 'escape-string-regexp', 'has-flag', 'supports-color']);
  });

  test('a package of the workspace itself can only be bundled', () => {
    const project = workspace(name, lockFile, link);
    // Of yarn 1 the lock file does not know it, but its installation does.
    fs.mkdirSync(path.join(root, 'node_modules', '@acme'), { recursive: true });
    fs.symlinkSync(path.join(root, 'packages', 'shared'), path.join(root, 'node_modules', '@acme', 'shared'));
    expect(() => stageNodeModules(['@acme/shared'], project, path.join(root, 'modules'))).toThrow(
      'bundling.nodeModules includes "@acme/shared", which the project has from a folder, a repository or a patch: only packages from a registry');
  });

  test('each of its packages has DuckDB\'s client in the version of its own', () => {
    const { entry, depsLockFile } = workspace(name, lockFile, link);
    expect(resolveNodeApiVersion({ entry, lockFile: depsLockFile })).toBe('1.5.4-r.1');
    expect(resolveNodeApiVersion({ entry: path.join(root, 'packages', 'shared', 'index.ts'), lockFile: depsLockFile })).toBe('1.5.5-r.5');
  });
});

describe('without a lock file', () => {
  test('what is installed beside the handler decides', () => {
    write('node_modules/sharp/package.json', { name: 'sharp', version: '0.33.5' });
    const target = path.join(root, 'modules');
    stageNodeModules(['sharp'], { entry: path.join(root, 'src', 'handler.ts') }, target);
    expect(fs.readdirSync(target)).toEqual(['package.json']);
    expect(JSON.parse(fs.readFileSync(path.join(target, 'package.json'), 'utf8')).dependencies).toEqual({ sharp: '0.33.5' });
  });

  test.each([
    ['sharp', 'bundling.nodeModules lists "sharp", which neither the lock file nor the node_modules of the handler\'s project has: install it with: npm install sharp'],
    ['sharp@1', 'bundling.nodeModules lists "sharp@1", which is not a package name'],
    ['@duckdb/node-api', 'bundling.nodeModules lists "@duckdb/node-api", which is always in the image: remove it'],
    ['cdk-duckdb-lambda', 'bundling.nodeModules lists "cdk-duckdb-lambda", which is always in the image: remove it'],
  ])('%s is refused', (name, message) => {
    expect(() => stageNodeModules([name], { entry: path.join(root, 'handler.ts') }, path.join(root, 'modules'))).toThrow(message);
  });
});

test.each([
  ['package-lock.json', '{"packages":{"node_modules/x":{"version":"1.0.0","resolved":"git+ssh://git@example.com/x.git#1"}}}'],
  ['yarn.lock', '"x@git+https://example.com/x.git":\n  version "1.0.0"\n  resolved "git+https://example.com/x.git#1"\n'],
  ['yarn.lock', 'x@acme/x:\n  version "1.0.0"\n  resolved "https://codeload.github.com/acme/x/tar.gz/1"\n'],
  ['yarn.lock', '"x@patch:x@npm%3A1.0.0#./x.patch":\n  version: 1.0.0\n  resolution: "x@patch:x@npm%3A1.0.0#./x.patch"\n'],
  ['pnpm-lock.yaml', 'dependencies:\n  x:\n    specifier: 1.0.0\n    version: 1.0.0(patch_hash=1)\npackages:\n  x@1.0.0:\n    resolution: {integrity: y}\n'],
  ['pnpm-lock.yaml', 'dependencies:\n  x:\n    specifier: acme/x\n    version: https://codeload.github.com/acme/x/tar.gz/1\n'],
])('a package of %s that no registry has as it is is refused, not taken from one under its name', (name, content) => {
  const depsLockFile = path.join(root, name);
  fs.writeFileSync(depsLockFile, content);
  expect(() => stageNodeModules(['x'], { entry: path.join(root, 'handler.ts'), depsLockFile }, path.join(root, 'modules'))).toThrow(
    'bundling.nodeModules includes "x", which the project has from a folder, a repository or a patch');
});

test('a version that the project has forced on a package stays', async () => {
  const lock = (version: string) => `# yarn lockfile v1\n\n\nsupports-color@^5.3.0:\n  version "5.5.0"\n  dependencies:\n    has-flag "^3.0.0"\n\nhas-flag@^3.0.0:\n  version "${version}"\n`;
  write('package.json', { dependencies: { 'supports-color': '^5.3.0' }, resolutions: { 'has-flag': '4.0.0' } });
  const depsLockFile = path.join(root, 'yarn.lock');
  fs.writeFileSync(depsLockFile, lock('4.0.0'));
  const target = path.join(root, 'modules');
  stageNodeModules(['supports-color'], { entry: path.join(root, 'handler.ts'), depsLockFile }, target);
  await run('npm', ['install', '--prefix', target, '--no-audit', '--no-fund', '--legacy-peer-deps', '--prefer-offline'], { timeoutMs: 120_000 });
  expect(installed(target)).toEqual({ 'has-flag': 'has-flag@4.0.0', 'supports-color': 'supports-color@5.5.0' });
}, 120_000);
