import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { bedPath } from '../paths';
import { isAlive, processIdentity } from './process-identity';

/** Runs `fn` while no other process holds the lock of this name; the lock of a killed process is taken over. */
export async function withLock<T>(name: string, fn: () => Promise<T>, timeoutMs = 600_000): Promise<T> {
  mkdirSync(bedPath('locks'), { recursive: true });
  const lock = bedPath('locks', name);
  const deadline = Date.now() + timeoutMs;
  while (!tryTake(lock)) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${lock}: remove it if nothing else uses the test bed`);
    removeIfStale(lock);
    await sleep(50);
  }
  try {
    return await fn();
  } finally {
    rmSync(lock);
  }
}

/** A link, unlike a new file or directory, appears together with the name of its holder. */
function tryTake(lock: string): boolean {
  const mine = `${lock}.${process.pid}`;
  writeFileSync(mine, processIdentity(process.pid)!);
  try {
    linkSync(mine, lock);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(mine);
  }
}

/** Only one process at a time removes, so none removes a lock that was taken after it looked. */
function removeIfStale(lock: string): void {
  const breaking = `${lock}.breaking`;
  try {
    mkdirSync(breaking);
  } catch {
    return;
  }
  try {
    if (!isAlive(readFileSync(lock, 'utf8'))) rmSync(lock);
  } catch {
    // released meanwhile
  } finally {
    rmSync(breaking, { recursive: true });
  }
}
