import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND } from './command';
import { duckdb } from '../../../assets/docker/versions.json';
import type { Availability } from '../../bed/availability';
import { bedPath, repositoryRoot } from '../../bed/paths';
import { describeIf } from '../../bed/require';

export interface Release {
  readonly version: string;
  readonly platform: string;
}

/** What the tests install for, whatever this machine is; only LOAD needs the machine's own platform. */
export const TESTED: Release = { version: duckdb, platform: 'linux_amd64' };
export const OTHER_VERSION: Release = { ...TESTED, version: '1.5.4' };
export const OTHER_PLATFORM: Release = { ...TESTED, platform: 'linux_arm64' };

/** This machine, by DuckDB's name. */
export const THIS_MACHINE: Release = {
  ...TESTED, platform: `${process.platform === 'darwin' ? 'osx' : process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`,
};

/** The extensions of most tests: a small one with DuckDB's stable C interface, a larger one with that of C++. */
const DOWNLOADS: readonly [string, Release][] = [
  ['odbc_scanner', TESTED], ['inet', TESTED], ['inet', OTHER_VERSION], ['inet', OTHER_PLATFORM],
];

/** Where a directory holds an extension. */
export function extensionFile(directory: string, name: string, { version, platform }: Release = TESTED): string {
  return join(directory, `v${version}`, platform, `${name}.duckdb_extension`);
}

/** The bytes of DuckDB's own, signed binary. */
export function officialExtension(name: string, release: Release = TESTED): Buffer {
  return readFileSync(extensionFile(officialDirectory([name], release), name, release));
}

/** A directory that holds DuckDB's own, signed binaries, downloaded once from PyPI. */
export function officialDirectory(names: readonly string[], release: Release = TESTED): string {
  const directory = bedPath('official-extensions', `${release.version}-${release.platform}`);
  const missing = names.filter((name) => !existsSync(extensionFile(directory, name, release)));
  if (missing.length > 0) {
    // The keys of the tested version verify those of its neighbours too. Of motherduck only the wrapper is wanted.
    run(process.execPath, [COMMAND, 'install', '--version', release.version, '--platform', release.platform, '--target', directory,
      '--source', 'pypi', '--libduckdb', libduckdb(), '--allow-download', '--motherduck-version-url', 'http://127.0.0.1:1', ...missing]);
  }
  return directory;
}

/** The libduckdb of a Linux platform, whatever this machine is. */
export function libduckdb(platform: string = TESTED.platform): string {
  const bindings = `node-bindings-${platform === 'linux_arm64' ? 'linux-arm64' : 'linux-x64'}`;
  const installed = join(repositoryRoot, 'node_modules/@duckdb', bindings, 'libduckdb.so');
  if (existsSync(installed)) return installed;
  const directory = bedPath('libduckdb', platform);
  const file = join(directory, 'package/libduckdb.so');
  if (!existsSync(file)) {
    const { version } = JSON.parse(readFileSync(join(repositoryRoot, 'node_modules/@duckdb/node-api/package.json'), 'utf8'));
    mkdirSync(directory, { recursive: true });
    run('npm', ['pack', '--pack-destination', directory, `@duckdb/${bindings}@${version}`]);
    run('tar', ['-xzf', join(directory, `duckdb-${bindings}-${version}.tgz`), '-C', directory]);
  }
  return file;
}

/** A suite that needs DuckDB's own binaries, which are downloaded now if need be. */
export function describeWithOfficialExtensions(name: string, suite: () => void): void {
  describeIf(downloads(), name, suite);
}

function downloads(): Availability {
  try {
    [TESTED, OTHER_PLATFORM].forEach(({ platform }) => libduckdb(platform));
    for (const [extension, release] of DOWNLOADS) officialDirectory([extension], release);
    return { available: true };
  } catch (error) {
    return { available: false, reason: (error as Error).message };
  }
}

function run(command: string, args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) throw new Error(error?.message ?? stderr.trim().split('\n').pop());
}
