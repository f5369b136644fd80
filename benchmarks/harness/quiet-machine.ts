import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const WINDOW_MS = 100;
const IDLE_SHARE = 0.9;

/**
 * Waits until the machine is idle, for a limited time. Other load is then part of the measurements, for all contenders.
 *
 * Returns whether it is.
 */
export async function untilQuiet(limitMs = 2_000): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  for (let before = cpuTimes(); ;) {
    await sleep(WINDOW_MS);
    const now = cpuTimes();
    if (now.idle - before.idle >= IDLE_SHARE * (now.all - before.all)) return true;
    if (Date.now() >= deadline) return false;
    before = now;
  }
}

function cpuTimes(): { readonly idle: number; readonly all: number } {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  return { idle: sum(times.map(({ idle }) => idle)), all: sum(times.flatMap((each) => Object.values(each))) };
}
