import { spawnSync } from 'node:child_process';
import type { Availability } from '../availability';
import { aptInstall, canInstallPackages } from '../process/apt';
import { run } from '../process/command';

export function droppingAvailability(): Availability {
  if (canInstallPackages()) return { available: true };
  return { available: false, reason: 'only root can drop packets: run as root on Debian' };
}

/** Silently drops all packets to a TCP port of this machine, until the returned function is called. */
export async function dropPackets(port: number): Promise<() => Promise<void>> {
  await aptInstall(['iptables'], () => spawnSync('iptables', ['--version'], { timeout: 10_000 }).status === 0);
  const rule = ['INPUT', '--in-interface', 'lo', '--protocol', 'tcp', '--dport', `${port}`, '--jump', 'DROP'];
  await run('iptables', ['--wait', '--insert', ...rule]);
  return async () => void await run('iptables', ['--wait', '--delete', ...rule]);
}
