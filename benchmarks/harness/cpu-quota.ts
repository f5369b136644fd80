import { accessSync, constants, existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
const PERIOD_US = 100_000;
/** Longer than the period: after it a process finds its quota unused. */
export const REST_MS = 150;

/** Processes that together get so much CPU and no more, as a container or a Lambda function. */
export interface CpuQuota {
  /** With all its threads. */
  add(pid: number): void;
  /** Its processes must be gone. */
  remove(): void;
}

/** Why processes cannot be given a quota here; undefined where they can. */
export function whyNoCpuQuota(): string | undefined {
  try {
    accessSync(parent(), constants.W_OK);
    return undefined;
  } catch {
    return 'CPU quotas are given by control groups, as root on Linux';
  }
}

/** A new quota of so many CPUs, which may be a part of one. */
export function cpuQuota(cpus: number): CpuQuota {
  const directory = join(parent(), `benchmark-${process.pid}-${cpus.toFixed(2)}`);
  const quota = Math.round(cpus * PERIOD_US);
  mkdirSync(directory, { recursive: true });
  if (isSecondVersion()) {
    writeFileSync(join(directory, 'cpu.max'), `${quota} ${PERIOD_US}`);
  } else {
    writeFileSync(join(directory, 'cpu.cfs_period_us'), `${PERIOD_US}`);
    writeFileSync(join(directory, 'cpu.cfs_quota_us'), `${quota}`);
  }
  return {
    add: (pid) => writeFileSync(join(directory, 'cgroup.procs'), `${pid}`),
    remove: () => rmdirSync(directory),
  };
}

function isSecondVersion(): boolean {
  return existsSync(join(ROOT, 'cgroup.controllers'));
}

function parent(): string {
  return isSecondVersion() ? ROOT : join(ROOT, 'cpu');
}
