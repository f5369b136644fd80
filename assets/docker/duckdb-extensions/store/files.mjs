import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const EPOCH = new Date(0);

const LOCK_TAKEN_OVER_AFTER_MS = 10_000;

/** Writes a complete file or none: to a temporary file beside it, flushed, then renamed. */
export function writeAtomically(file, bytes) {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    const descriptor = openSync(temporary, 'wx', 0o644);
    try {
      writeFileSync(descriptor, bytes);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    chmodSync(temporary, 0o644);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw cannotWrite(file, error);
  }
}

/** Creates a directory and its parents, with modes that do not depend on the user's umask. */
export function makeDirectory(directory) {
  try {
    const first = mkdirSync(directory, { recursive: true });
    for (let made = directory; first && made.length >= first.length; made = dirname(made)) chmodSync(made, 0o755);
  } catch (error) {
    throw cannotWrite(directory, error);
  }
}

/** Sets the times of files and directories to the epoch, so that the same inputs give the same layer of an image. */
export function resetTimes(paths) {
  for (const path of paths) utimesSync(path, EPOCH, EPOCH);
}

/** Removes incomplete files of a killed process. */
export function removeLeftovers(directory) {
  for (const name of readdirSync(directory)) {
    const pid = /^\..+\.(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(join(directory, name), { force: true });
  }
}

/** Runs a function of a few milliseconds while no other process holds the same lock file. */
export async function withLock(lock, run) {
  while (!acquire(lock)) await sleep(20);
  try {
    return run();
  } finally {
    rmSync(lock, { force: true });
  }
}

function acquire(lock) {
  try {
    closeSync(openSync(lock, 'wx'));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw cannotWrite(lock, error);
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
    // Left by a killed process, because no function under the lock takes nearly that long.
    if (since !== undefined && Date.now() - since > LOCK_TAKEN_OVER_AFTER_MS) rmSync(lock, { force: true });
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

const REASONS = {
  ENOSPC: 'no space is left on the device; free some space and run the command again',
  EDQUOT: 'the disk quota is used up; free some space and run the command again',
  EACCES: 'permission denied; choose another --target',
  EROFS: 'the file system is read-only; choose another --target',
  ENOTDIR: 'a file is where a directory should be; choose another --target',
  EEXIST: 'a file is where a directory should be; choose another --target',
};

function cannotWrite(file, error) {
  return new Error(`cannot write ${file}: ${REASONS[error.code] ?? error.message}`, { cause: error });
}
