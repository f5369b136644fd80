import { existsSync, readdirSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isWorkerThread, refuseFileInWorkerThread } from './worker-threads';
import { FileInUseError } from '../base/errors';

/** `md:`, `ducklake:`, `s3://`: not a file that two instances could corrupt. */
const SCHEME = /^(?!file:)\w{2,}:/i;
/** The file itself, its write-ahead log, and the remains of an interrupted checkpoint. */
const ENDINGS = ['', '.wal', '.wal.checkpoint', '.wal.recovery'];

/** A database begins with three headers of 4 KiB each (https://duckdb.org/docs/stable/internals/storage). A shorter file does not contain data. */
const HEADERS_BYTES = 3 * 4096;

/** An instance's claim on a file. */
interface Claim {
  readonly owner: object;
  /** Whether it is DETACHed. A transaction that was open at that time may still write to the file. */
  readonly detached: boolean;
}

const FILES = Symbol.for('cdk-duckdb-lambda.files.v1');
const claims: Map<string, Claim> = ((globalThis as { [FILES]?: Map<string, Claim> })[FILES] ??= new Map());

/**
 * Records that `owner`, an instance of this process, has the database file at `path` open.
 *
 * DuckDB locks a file against other processes, but not against another instance in its own process: both open it, and corrupt it.
 * Throws `FILE_IN_USE`, and `CONFIG` in a worker thread.
 */
export function claimFile(path: string, owner: object): void {
  refuseFileInWorkerThread(path);
  const file = realPath(path);
  if (isForeign(file, owner)) {
    throw new FileInUseError(`the database file "${path}" is open in another instance of this process, and opening it twice would corrupt it: ` +
      'DETACH it there and end the transactions that use it, or close the session or DuckDB that has it');
  }
  claims.set(file, { owner, detached: false });
}

/** Records that `owner` has exactly `paths` open. Returns the paths that another instance has open. */
export function recordFiles(paths: readonly string[], owner: object): readonly string[] {
  const files = new Map(paths.filter((path) => !isRemote(path)).map((path) => [realPath(path), path]));
  for (const [file, claim] of claims) {
    if (claim.owner !== owner || files.has(file)) continue;
    if (isOpen(file)) claims.set(file, { owner, detached: true });
    else claims.delete(file);
  }
  const foreign = [...files.keys()].filter((file) => isForeign(file, owner) || isWorkerThread());
  for (const file of files.keys()) if (!foreign.includes(file)) claims.set(file, { owner, detached: false });
  return foreign.map((file) => files.get(file)!);
}

/** Records that `owner` is closed and has no file open any more. */
export function releaseFiles(owner: object): void {
  for (const [file, claim] of claims) if (claim.owner === owner) claims.delete(file);
}

/** Whether an instance of this process has the file at `path` open. */
export function isClaimed(path: string): boolean {
  return isForeign(realPath(path), {});
}

/** Whether `path` does not name a file of this machine: `s3://bucket/x.duckdb`, `md:sales`. */
export function isRemote(path: string): boolean {
  return SCHEME.test(path);
}

/** Removes a database file and its companion files. */
export function removeDatabase(path: string): void {
  for (const ending of ENDINGS) rmSync(`${path}${ending}`, { force: true });
}

/** The `paths` that do not exist: a failed opening may remove the files that it creates there. */
export function missingFiles(paths: readonly string[]): readonly string[] {
  return paths.map(withoutScheme).filter((path) => !existsSync(path));
}

/**
 * Removes those of `paths` that have not become databases, for example because the disk was full. DuckDB would never accept them.
 *
 * The caller has checked before that they did not exist.
 */
export function removeUnfinished(paths: readonly string[]): void {
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isFile() && stat.size < HEADERS_BYTES) rmSync(path, { force: true });
  }
}

function withoutScheme(path: string): string {
  return path.replace(/^file:\/\//, '');
}

function isForeign(file: string, owner: object): boolean {
  const claim = claims.get(file) ?? claims.get(otherNameOf(file) ?? '');
  return claim !== undefined && claim.owner !== owner && !(claim.detached && !isOpen(file));
}

/** The name under which a file with several names (hard links) is claimed. */
function otherNameOf(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined || stat.nlink < 2) return undefined;
  return [...claims.keys()].find((name) => {
    const other = statSync(name, { throwIfNoEntry: false });
    return other?.ino === stat.ino && other.dev === stat.dev;
  });
}

/** Whether this process has `file` open; false if the system does not say. */
function isOpen(file: string): boolean {
  try {
    return readdirSync('/proc/self/fd').some((descriptor) => target(descriptor) === file);
  } catch {
    return false;
  }
}

function target(descriptor: string): string | undefined {
  try {
    return readlinkSync(join('/proc/self/fd', descriptor));
  } catch {
    // The file was closed after the list was read.
    return undefined;
  }
}

/** One name for each file, however the path is written. The file may not exist yet. */
function realPath(path: string): string {
  const absolute = resolve(withoutScheme(path));
  try {
    return realpathSync(absolute);
  } catch {
    return join(realDirectory(dirname(absolute)), basename(absolute));
  }
}

function realDirectory(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}
