import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Names a process by its id and start time, because ids are used again; undefined where no such process lives. */
export function processIdentity(pid: number): string | undefined {
  const started = existsSync('/proc/self/stat') ? startedByProc(pid) : startedByPs(pid);
  return started && `${pid} ${started}`;
}

export function isAlive(identity: string): boolean {
  return processIdentity(pidOf(identity)) === identity;
}

export function pidOf(identity: string): number {
  return Number(identity.split(' ', 1)[0]);
}

function startedByProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

function startedByPs(pid: number): string | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', `${pid}`], { encoding: 'utf8', timeout: 5000 });
  return stdout.trim() || undefined;
}
