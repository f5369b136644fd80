import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, run } from '../bed';
import { temporaryDirectory } from '../temporary-directory';

/** Packs the library as it is published, and returns the tarball. */
export async function packLibrary(): Promise<string> {
  const destination = temporaryDirectory();
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', destination], { cwd: repositoryRoot });
  return join(destination, JSON.parse(stdout)[0].filename);
}

/** An empty project in a folder of its own that has installed the tarball and other packages. */
export async function newProject(tarball: string, packages: { readonly [name: string]: string }, ...folders: string[]): Promise<string> {
  const project = join(temporaryDirectory(), ...folders);
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{"private":true}');
  const named = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball, ...named], { cwd: project, timeoutMs: 300_000 });
  return project;
}
