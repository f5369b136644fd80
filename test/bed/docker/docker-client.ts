import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

let client: string | undefined;

/** The first `docker` in PATH that can build with BuildKit. An earlier one may lack the buildx plug-in. */
export function dockerClient(): string | undefined {
  client ??= (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'docker')).find(hasBuildKit);
  return client;
}

/** Clients before version 23 have BuildKit built in. */
function hasBuildKit(path: string): boolean {
  if (!existsSync(path)) return false;
  const major = Number(/version (\d+)/.exec(output(path, '--version') ?? '')?.[1]);
  return major < 23 || output(path, 'buildx', 'version') !== undefined;
}

function output(command: string, ...args: string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? stdout : undefined;
}

/** Whether an engine answers now. */
export function engineAnswers(): boolean {
  const path = dockerClient();
  return path !== undefined && output(path, 'version', '--format', '{{.Server.Version}}') !== undefined;
}
