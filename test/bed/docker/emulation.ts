import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { HOST_ARCHITECTURE } from './base-image';
import { aptInstall, canInstallPackages } from '../process/apt';
import { run } from '../process/command';
import { withLock } from '../process/lock';

const FORMATS = '/proc/sys/fs/binfmt_misc';
const INTERPRETER = '/usr/bin/qemu-aarch64-static';
/** The kernel's pattern for arm64 programs: the first bytes of the ELF header, and a mask of their significant bits. */
const MAGIC = '7f454c460201010000000000000000000200b700';
const MASK = 'ffffffffffffff00fffffffffffffffffeffffff';

/** Runs `task` while this machine can run programs for arm64, under emulation if its own architecture differs. That needs root on Debian. */
export async function withArm64<T>(task: () => Promise<T>): Promise<T> {
  if (HOST_ARCHITECTURE === 'arm64' || isEmulated()) return task();
  if (!canInstallPackages()) throw new Error('programs for arm64 do not run here: register an emulator, such as qemu-user-static, or be root on Debian');
  return withLock('emulation', async () => {
    if (isEmulated()) return task();
    await aptInstall(['qemu-user-static'], () => existsSync(INTERPRETER));
    if (!existsSync(`${FORMATS}/register`)) await run('mount', ['-t', 'binfmt_misc', 'binfmt_misc', FORMATS]);
    const escaped = (hex: string) => hex.replace(/../g, '\\x$&');
    // F: the kernel keeps the emulator open, so containers do not need it.
    if (!isEmulated()) writeFileSync(`${FORMATS}/register`, `:qemu-aarch64:M::${escaped(MAGIC)}:${escaped(MASK)}:${INTERPRETER}:F`);
    try {
      return await task();
    } finally {
      writeFileSync(`${FORMATS}/qemu-aarch64`, '-1');
    }
  });
}

function isEmulated(): boolean {
  const format = `${FORMATS}/qemu-aarch64`;
  return existsSync(format) && readFileSync(format, 'utf8').startsWith('enabled');
}
