import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { FileInUseError } from './errors';

/** An instance's hold on a file. */
interface Claim {
  readonly owner: object;
  /** DETACHed, though a transaction that was open then may go on writing to it. */
  readonly detached: boolean;
}

const FILES = Symbol.for('cdk-duckdb-lambda.files.v1');
const claims: Map<string, Claim> = ((globalThis as { [FILES]?: Map<string, Claim> })[FILES] ??= new Map());

/**
 * Notes that `owner`, an instance of this process, has the database file at `path` open.
 *
 * DuckDB locks a file against other processes, not against another instance of its own: two of them both succeed, and corrupt it.
 * Throws `FILE_IN_USE`.
 */
export function claimFile(path: string, owner: object): void {
  const file = realPath(path);
  if (isForeign(file, owner)) {
    throw new FileInUseError(`the database file "${path}" is open in another instance of this process, and to open it twice would corrupt it: ` +
      'DETACH it there and end the transactions that use it, or close the session or DuckDB that has it');
  }
  claims.set(file, { owner, detached: false });
}

/** Notes that `owner` has `paths` open and nothing else. Returns those that another instance has. */
export function recordFiles(paths: readonly string[], owner: object): readonly string[] {
  const files = new Map(paths.map((path) => [realPath(path), path]));
  for (const [file, claim] of claims) {
    if (claim.owner !== owner || files.has(file)) continue;
    if (isOpen(file)) claims.set(file, { owner, detached: true });
    else claims.delete(file);
  }
  const foreign = [...files.keys()].filter((file) => isForeign(file, owner));
  for (const file of files.keys()) if (!foreign.includes(file)) claims.set(file, { owner, detached: false });
  return foreign.map((file) => files.get(file)!);
}

/** Notes that `owner` has no file open any more: it is closed. */
export function releaseFiles(owner: object): void {
  for (const [file, claim] of claims) if (claim.owner === owner) claims.delete(file);
}

function isForeign(file: string, owner: object): boolean {
  const claim = claims.get(file);
  return claim !== undefined && claim.owner !== owner && !(claim.detached && !isOpen(file));
}

/** Whether this process has `file` open; where the system does not say, not. */
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
    // Closed since it was listed.
    return undefined;
  }
}

/** One name for each file, however it was reached; it may not exist yet. */
function realPath(path: string): string {
  const absolute = resolve(path.replace(/^file:\/\//, ''));
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
