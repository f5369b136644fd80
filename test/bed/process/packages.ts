import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aptInstall, canInstallPackages } from './apt';
import type { Availability } from '../availability';
import { run } from './command';
import { madeOnce } from './made-once';

/** Exact npm packages, installed beside the project and never into it; returns their `node_modules`. */
export async function npmPackages(name: string, packages: readonly string[], options: readonly string[] = []): Promise<string> {
  const directory = await madeOnce(name, [...packages, ...options], async (target) => {
    await writeFile(join(target, 'package.json'), '{ "private": true }\n');
    await run('npm', ['install', '--save-exact', '--no-audit', '--no-fund', ...options, ...packages], { cwd: target, timeoutMs: 300_000 });
  });
  return join(directory, 'node_modules');
}

/** Exact Python packages in a virtual environment of their own, whose directory is returned; `options` are those of `pip install`. */
export async function pythonPackages(name: string, packages: readonly string[], options: readonly string[] = []): Promise<string> {
  // Programs keep what Python compiles, also where the environment forbids it: the CDK's modules alone take 15 s.
  delete process.env.PYTHONDONTWRITEBYTECODE;
  return madeOnce(name, [...packages, ...options], async (target) => {
    await aptInstall(['python3-venv'], pythonMakesEnvironments);
    await run('python3', ['-m', 'venv', target]);
    const install = ['install', '--quiet', '--disable-pip-version-check', ...options, ...packages];
    await run(join(target, 'bin/pip'), install, { cwd: target, timeoutMs: 300_000 });
  });
}

export function pythonAvailability(): Availability {
  if (canInstallPackages() || pythonMakesEnvironments()) return { available: true };
  return { available: false, reason: 'python3 cannot make a virtual environment: install Python 3 with its venv module' };
}

function pythonMakesEnvironments(): boolean {
  return spawnSync('python3', ['-c', 'import ensurepip, venv'], { timeout: 20_000 }).status === 0;
}
