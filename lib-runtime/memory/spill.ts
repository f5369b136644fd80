import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ConfigError, FatalError, messageOf } from '../base/errors';

/** The share of the free disk that DuckDB may fill. The handler writes to /tmp too. */
const SHARE_OF_FREE_DISK = 0.9;

interface SpillState {
  /** The prefix of this process's directories. */
  readonly owner: string;
  made: number;
  cleared: boolean;
}

const SPILL = Symbol.for('cdk-duckdb-lambda.spill.v1');
// Process ids repeat, in Lambda often exactly. Together with the start time, they do not.
const state = ((globalThis as { [SPILL]?: SpillState })[SPILL] ??= {
  owner: `${process.pid}.${Math.round(performance.timeOrigin)}`,
  made: 0,
  cleared: false,
});

/**
 * The path of a separate temp directory for one instance, in `root` or in `/tmp`. DuckDB creates it when it first spills.
 *
 * A killed process leaves its spill files behind, and Lambda keeps /tmp for the next one, so they are removed, once. Other files in a `root` of
 * the user may belong to another machine, as on EFS.
 */
export function newSpillDirectory(root: string | undefined): string {
  if (root === undefined && !state.cleared) {
    state.cleared = true;
    clearAbandonedSpill(spillRoot());
  }
  return newDirectoryIn(root ?? spillRoot(), root);
}

/** Creates a directory for a session's own files, in `/tmp`. If a killed process leaves it behind, it is removed with the spill files. */
export function makeFilesDirectory(): string {
  const directory = newDirectoryIn(spillRoot());
  mkdirSync(directory);
  return directory;
}

/** `given` is the user's setting. */
function newDirectoryIn(root: string, given?: string): string {
  makeDirectory(root, given);
  state.made += 1;
  // Does not use node:crypto, because loading it takes 4 ms.
  const random = Math.random().toString(36).slice(2, 10);
  return join(root, `${state.owner}-${state.made}-${random}`);
}

/** A name that no other process has or had. */
export function processName(): string {
  return state.owner;
}

/** Removes an instance's temp directory. DuckDB empties it on close, but not if it was killed or set aside. */
export function removeSpillDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** Bytes that all instances of the process may spill together, into `root` or `/tmp`. */
export function spillCapacity(root: string | undefined): number {
  const directory = root ?? tmpdir();
  makeDirectory(directory, root);
  const { bavail, bsize } = statfsSync(directory);
  return Math.floor(bavail * bsize * SHARE_OF_FREE_DISK);
}

/** Throws if the directory cannot be created or written: `CONFIG` if it is the user's. */
function makeDirectory(directory: string, root: string | undefined): void {
  try {
    makeWithParents(directory);
    accessSync(directory, constants.W_OK);
  } catch (cause) {
    if (root === undefined) throw new FatalError(`cannot create the directory "${directory}" for DuckDB's spill files: ${messageOf(cause)}`, { cause });
    throw new ConfigError(`the setting "temp_directory" is "${root}", which cannot be used: ${messageOf(cause)}; expected a writable directory, ` +
      'in Lambda under /tmp or on a mounted file system', { cause });
  }
}

/** Does not use mkdir's own `recursive`, which tries forever on a file system without new directories, such as /proc (Node.js 20). */
function makeWithParents(directory: string): void {
  if (!existsSync(directory)) {
    makeWithParents(dirname(directory));
    try {
      mkdirSync(directory);
    } catch (error) {
      // Another instance has created it.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  if (!statSync(directory).isDirectory()) throw new Error(`"${directory}" is not a directory`);
}

/** The directory into which all instances of this user spill by default. */
export function spillRoot(): string {
  // One directory per user, because users share /tmp on a laptop.
  return join(tmpdir(), `duckdb_spill_${process.getuid?.() ?? 'user'}`);
}

function clearAbandonedSpill(root: string): void {
  makeDirectory(root, undefined);
  for (const name of readdirSync(root)) {
    const pid = Number(name.split('.')[0]);
    const abandoned = pid === process.pid ? !name.startsWith(state.owner) : !alive(pid);
    if (abandoned) rmSync(join(root, name), { recursive: true, force: true });
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
