import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { duckdb } from '../../assets/docker/versions.json';
import { bedPath, repositoryRoot } from '../bed/paths';
import { withLock } from '../bed/process/lock';

/** The version of DuckDB that the tests run with. */
export const DUCKDB_VERSION = duckdb;

/** DuckDB's name for this machine. */
export const PLATFORM = `${process.platform === 'darwin' ? 'osx' : process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;

/** All that any test asks for: a directory that grows under a test which copies it would fail that test. */
const ALL = ['httpfs', 'tpch', 'aws', 'postgres_scanner', 'avro', 'iceberg'];

/** A directory as the image build bakes it, with DuckDB's own signed binaries of `names`, and others. Made once, kept. */
export async function signedExtensions(...names: string[]): Promise<string> {
  const directory = bedPath('runtime-extensions');
  await withLock('runtime-extensions', async () => {
    mkdirSync(directory, { recursive: true });
    const missing = [...new Set([...ALL, ...names])].filter((name) => !baked(directory).includes(name));
    if (missing.length > 0) install(directory, missing);
  });
  return directory;
}

/** The file of one baked extension. */
export function extensionFile(directory: string, name: string): string {
  return join(directory, `v${DUCKDB_VERSION}`, PLATFORM, `${name}.duckdb_extension`);
}

function install(directory: string, names: string[]): void {
  execFileSync(process.execPath, [
    join(repositoryRoot, 'assets/docker/install-extensions.mjs'), 'install',
    '--version', DUCKDB_VERSION, '--platform', PLATFORM, '--target', directory, '--source', 'pypi', ...names,
  ], { cwd: repositoryRoot, stdio: 'pipe', timeout: 120_000 });
}

function baked(directory: string): string[] {
  const manifest = join(directory, 'manifest.json');
  if (!existsSync(manifest)) return [];
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { extensions: { name: string }[] }).extensions.map(({ name }) => name);
}
