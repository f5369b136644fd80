import { lambdaBaseImage, type BaseImage } from './docker/base-image';
import { engineAnswers } from './docker/docker-client';
import { dockerAvailability } from './docker/docker-engine';
import { CONTAINER_HOST } from './docker/lambda';
import type { BackgroundProcess } from './process/background-process';
import { isAlive } from './process/process-identity';
import { runningComponents } from './process/run-directory';
import { startAws } from './servers/aws';
import { startMiniStack } from './servers/ministack';
import { startPostgres } from './servers/postgres';
import { startS3 } from './servers/s3';

const USAGE = `usage: test/bed/cli.ts up [docker] [s3] [aws] [ministack] [postgres] | status
  up       starts components (all by default), prints how to reach them, and stops them at Ctrl-C
  status   lists what runs now`;

const STARTERS: Record<string, () => Promise<BaseImage | BackgroundProcess>> = {
  docker: lambdaBaseImage,
  s3: startS3,
  aws: startAws,
  ministack: () => startMiniStack(),
  postgres: startPostgres,
};

async function up(names: readonly string[]): Promise<void> {
  const started = [];
  for (const name of names) {
    const component = await STARTERS[name]();
    started.push(component);
    console.log(name, component);
  }
  console.log(`containers reach these ports at ${CONTAINER_HOST}; Ctrl-C stops everything`);
  await interrupted();
  for (const component of started) {
    if ('stop' in component) await component.stop();
  }
}

async function interrupted(): Promise<void> {
  const alive = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  clearInterval(alive);
}

function status(): void {
  const docker = dockerAvailability();
  console.log('docker:', engineAnswers() ? 'running' : docker.available ? 'can be started' : docker.reason);
  for (const { component, process: recorded, directory } of runningComponents()) {
    if (recorded !== undefined && isAlive(recorded)) console.log(`${component}: process ${recorded.split(' ')[0]}, ${directory}`);
  }
}

async function main([command, ...names]: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !(name in STARTERS));
  if (unknown !== undefined) throw new Error(`unknown component "${unknown}"\n${USAGE}`);
  if (command === 'up') return up(names.length > 0 ? names : Object.keys(STARTERS));
  if (command === 'status') return status();
  throw new Error(USAGE);
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
