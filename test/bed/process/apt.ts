import { existsSync } from 'node:fs';
import { run } from './command';
import { withLock } from './lock';

/** Whether this process may add packages to the machine: root, on Debian or a relative of it. */
export function canInstallPackages(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

/** Installs packages unless their programs exist. */
export async function aptInstall(packages: readonly string[], isThere: () => boolean): Promise<void> {
  if (isThere()) return;
  await withLock('apt', async () => {
    if (isThere()) return;
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update', '-q'], { env, timeoutMs: 300_000 });
    await run('apt-get', ['install', '-q', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...packages], { env, timeoutMs: 300_000 });
  });
}
