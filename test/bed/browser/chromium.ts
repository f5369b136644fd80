import { spawnSync } from 'node:child_process';
import type { Availability } from '../availability';
import { aptInstall, canInstallPackages } from '../process/apt';

const PROGRAMS = ['chromium', 'google-chrome'];

/** The browser of this machine, if it has one. */
export const chromiumProgram = () => PROGRAMS.find((program) => spawnSync(program, ['--version'], { timeout: 20_000 }).status === 0);

const isThere = () => chromiumProgram() !== undefined;

export function chromiumAvailability(): Availability {
  if (canInstallPackages() || isThere()) return { available: true };
  return { available: false, reason: `needs a browser: install ${PROGRAMS.join(' or ')}` };
}

export const installChromium = () => aptInstall(['chromium'], isThere);
