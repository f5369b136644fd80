import { spawnSync } from 'node:child_process';
import { aptInstall, canInstallPackages } from './apt';
import type { Availability } from '../availability';

const isThere = () => ['javac', 'mvn'].every((program) => spawnSync(program, ['-version'], { timeout: 20_000 }).status === 0);

/** A JDK and Maven, for apps in Java. */
export function mavenAvailability(): Availability {
  if (canInstallPackages() || isThere()) return { available: true };
  return { available: false, reason: 'needs a JDK 17 and Maven: install javac and mvn' };
}

export const installMaven = () => aptInstall(['default-jdk-headless', 'maven'], isThere);
