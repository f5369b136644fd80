import { dockerClient } from './docker-client';
import { ensureEngine } from './docker-engine';
import { run, type CommandOptions, type CommandOutput } from '../process/command';

/** Runs a Docker command that has BuildKit, on an engine that is started where there is none, within a time limit. */
export async function docker(args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
  await ensureEngine();
  return run(dockerClient()!, args, { ...options, env: { DOCKER_BUILDKIT: '1', ...options.env } });
}
