import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bedPath } from '../paths';
import { isAlive, pidOf, processIdentity } from './process-identity';

/**
 * A directory for the files of a running component. It names the process that started the component and the component's own process, so
 * that exactly the leftovers of a killed run are ended and removed.
 */
export function newRunDirectory(component: string): string {
  mkdirSync(bedPath('run'), { recursive: true });
  sweepRunDirectories();
  const directory = mkdtempSync(bedPath('run', `${component}-`));
  writeFileSync(join(directory, 'owner'), processIdentity(process.pid)!);
  return directory;
}

export function recordProcess(directory: string, pid: number): void {
  const identity = processIdentity(pid);
  if (identity !== undefined) writeFileSync(join(directory, 'process'), identity);
}

export interface RunningComponent {
  readonly component: string;
  readonly directory: string;
  readonly owner: string;
  readonly process?: string;
}

export function runningComponents(): RunningComponent[] {
  return entries(bedPath('run')).flatMap((name) => {
    const directory = bedPath('run', name);
    const owner = contents(join(directory, 'owner'));
    if (owner === undefined) return [];
    return [{ component: name.replace(/-[^-]*$/, ''), directory, owner, process: contents(join(directory, 'process')) }];
  });
}

/** Ends and removes what ended processes have left behind. */
export function sweepRunDirectories(): void {
  for (const { directory, owner, process: recorded } of runningComponents()) {
    if (isAlive(owner)) continue;
    if (recorded !== undefined && isAlive(recorded)) process.kill(pidOf(recorded), 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function contents(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
