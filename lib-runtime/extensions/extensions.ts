import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { ExtensionError, messageOf } from '../base/errors';
import { loadBindings } from '../client/client';
import { traced } from '../observe/tracing';

/** The manifest that the image build wrote beside the extensions that it verified. */
interface Manifest {
  readonly version: number;
  readonly duckdbVersion: string;
  readonly platform: string;
  readonly extensions: ReadonlyArray<{ readonly name: string; readonly size: number }>;
  /** The implementation of motherduck beside its wrapper. */
  readonly motherduckExtVersion?: string;
}

/** Settings into which httpfs copies the environment's AWS credentials when it is loaded; `duckdb_settings()` would show them to any SQL. */
export const COPIED_CREDENTIALS = ['s3_access_key_id', 's3_secret_access_key', 's3_session_token'];

/** The sticky bit: only the owner of an entry in such a directory can rename or remove it. */
const STICKY_BIT = 0o1000;

/** The source of extensions: baked into the image, or DuckDB's own network install. */
export interface ExtensionSource {
  /** The baked directory; undefined on a laptop. */
  readonly directory: string | undefined;
  /**
   * Whether DuckDB's signature check may be skipped.
   *
   * DuckDB hashes the whole file at each LOAD (httpfs: 46 ms instead of 3). The image build has checked the same signature. The runtime skips
   * the check if the manifest is for this version and platform, lists the files as they are, and this process cannot change them.
   */
  readonly trusted: boolean;
  /** The implementation of motherduck that is baked beside its wrapper, if there is one. */
  readonly motherduckVersion?: string;
}

/** Finds the baked extensions through `DUCKDB_EXTENSIONS_DIR`. Throws `EXTENSION` if it names a directory that does not exist. */
export function findExtensions(env: NodeJS.ProcessEnv, names: readonly string[], verify: boolean): ExtensionSource {
  const declared = env.DUCKDB_EXTENSIONS_DIR;
  if (declared === undefined || declared === '') return { directory: undefined, trusted: false };
  if (!existsSync(declared)) {
    throw new ExtensionError(`DUCKDB_EXTENSIONS_DIR is "${declared}", and there is no such directory: create it with npx duckdb-extensions install --target ` +
      `${declared}, or unset the variable to let DuckDB install extensions over the network`);
  }
  // Links are resolved once, here, so that the checked file is also the loaded one.
  const directory = realpathSync(declared);
  const manifest = readManifest(directory);
  return {
    directory,
    trusted: !verify && names.length > 0 && isTrusted(directory, manifest, names),
    motherduckVersion: manifest?.motherduckExtVersion,
  };
}

/** LOADs `names` in order. Throws an `EXTENSION` error that says which file is missing, and what to do. */
export async function loadExtensions(connection: DuckDBConnection, source: ExtensionSource, names: readonly string[]): Promise<void> {
  // DuckDB's extension motherduck is a wrapper that downloads its implementation, unless this variable names one beside it.
  if (source.motherduckVersion !== undefined) process.env.motherduck_ext_version ??= source.motherduckVersion;
  for (const name of names) {
    const { directory } = source;
    await traced('load', () => ({ extension: name }), () => (directory === undefined ? installAndLoad(connection, name) : loadBaked(connection, directory, name)));
  }
}

async function loadBaked(connection: DuckDBConnection, directory: string, name: string): Promise<void> {
  const file = extensionFile(directory, name);
  if (!existsSync(file)) {
    throw new ExtensionError(`extension "${name}" is not baked: no ${file}; add DuckDbExtension.core('${name}') to the function's ` +
      '`extensions` and deploy it again');
  }
  try {
    await connection.run(`LOAD '${file.replaceAll("'", "''")}'`);
  } catch (cause) {
    throw new ExtensionError(`cannot load the baked extension "${name}": ${messageOf(cause)}; build the image again, or check it with: ` +
      `duckdb-extensions verify --target ${directory}`, { cause });
  }
}

/** For local development: DuckDB's own install, once, into the user's home. */
async function installAndLoad(connection: DuckDBConnection, name: string): Promise<void> {
  const missing = await connection.run(`LOAD ${name}`).then(() => undefined, messageOf);
  if (missing === undefined) return;
  console.debug(`duckdb extension "${name}" is not installed here: installing it once, from DuckDB's repository`);
  try {
    await connection.run(`INSTALL ${name}`);
    await connection.run(`LOAD ${name}`);
  } catch (cause) {
    throw new ExtensionError(`extension "${name}" is not installed (${firstLine(missing)}) and cannot be downloaded ` +
      `(${firstLine(messageOf(cause))}); run once with network access, or set DUCKDB_EXTENSIONS_DIR to a directory made with: ` +
      `${installCommand(name)} (with --source pypi, from PyPI)`, { cause });
  }
}

/** The command that installs an extension for this machine into `directory`. */
export function installCommand(name: string, directory = 'DIR'): string {
  return `npx duckdb-extensions install --version ${duckDbVersion().slice(1)} --platform ${platform()} --target ${directory} ${name}`;
}

function isTrusted(directory: string, manifest: Manifest | undefined, names: readonly string[]): boolean {
  if (manifest === undefined || `v${manifest.duckdbVersion}` !== duckDbVersion() || manifest.platform !== platform()) return false;
  const files = names.map((name) => extensionFile(directory, name));
  const areWhole = files.every((file, index) => {
    const entry = manifest.extensions.find((extension) => extension.name === names[index]);
    // Without the check, a truncated file would not fail to load: it would crash the process.
    return entry !== undefined && existsSync(file) && statSync(file).size === entry.size && realpathSync(file) === file;
  });
  return areWhole && [...new Set(files.flatMap(ancestry))].every(isBeyondOurReach);
}

function readManifest(directory: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')) as Manifest;
    const { version, extensions } = manifest;
    return version === 1 && Array.isArray(extensions) && extensions.every((entry) => typeof entry?.name === 'string') ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Whether this process can neither change the file nor make it writable. */
function isBeyondOurReach(path: string): boolean {
  const stat = statSync(path);
  const isOurs = stat.uid === process.getuid?.();
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS' || !isOurs;
  }
  // In a sticky directory, such as /tmp, only an entry's owner can replace it. Each entry's owner is checked separately.
  return !isOurs && stat.isDirectory() && Math.floor(stat.mode / STICKY_BIT) % 2 === 1;
}

/** The file, and each directory above it. A process that can write to one of them can replace the file. */
function ancestry(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...ancestry(parent)];
}

/** The path of an extension's file, in a directory as the image build makes it. */
export function extensionFile(directory: string, name: string): string {
  return join(directory, duckDbVersion(), platform(), `${name}.duckdb_extension`);
}

/** DuckDB's version with a leading v, as in the directories' names. */
function duckDbVersion(): string {
  return loadBindings().library_version();
}

/** DuckDB's name for this platform (https://duckdb.org/docs/stable/dev/building/overview). */
function platform(): string {
  const system = process.platform === 'darwin' ? 'osx' : process.platform === 'win32' ? 'windows' : process.platform;
  return `${system}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
