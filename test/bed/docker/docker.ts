import { dockerClient } from './docker-client';
import { ensureEngine } from './docker-engine';
import { run, type CommandOptions, type CommandOutput } from '../process/command';

/** Runs a Docker command that has BuildKit, within a time limit. Starts an engine if there is none. */
export async function docker(args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
  await ensureEngine();
  return run(dockerClient()!, args, { ...options, env: { DOCKER_BUILDKIT: '1', ...options.env } });
}
