import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Availability } from '../availability';
import { dockerClient, engineAnswers } from './docker-client';
import { bedPath } from '../paths';
import { aptInstall, canInstallPackages } from '../process/apt';

const KEEPER_SOCKET = '\0cdk-duckdb-lambda-test-bed-engine';
const DEADLINE_MS = 90_000;


/** Whether there is a Docker engine, or this process may start one. Starts nothing. */
export function dockerAvailability(): Availability {
  if (canStartEngine() || engineAnswers()) return { available: true };
  return {
    available: false,
    reason: dockerClient() === undefined
      ? 'no Docker client with BuildKit in PATH: install Docker, or its buildx plug-in'
      : 'no Docker engine answers: start Docker, or run as root on Debian, where the test bed starts one',
  };
}

function canStartEngine(): boolean {
  return process.env.DOCKER_HOST === undefined && canInstallPackages();
}

let engine: Promise<void> | undefined;

/** Finds the machine's Docker engine, or starts one that lives until the last process that uses it is gone. */
export async function ensureEngine(): Promise<void> {
  engine ??= findOrStartEngine().catch((error) => { engine = undefined; throw error; });
  return engine;
}

async function findOrStartEngine(): Promise<void> {
  const availability = dockerAvailability();
  if (!availability.available) throw new Error(availability.reason);
  if (!canStartEngine()) return;
  if (await joinKeeper(10_000) === 'ready' || engineAnswers()) return;

  await aptInstall(['docker.io'], () => existsSync('/usr/sbin/dockerd'));
  // Debian 13 has them in packages of their own.
  await aptInstall(['docker-cli', 'docker-buildx'], () => dockerClient() !== undefined);
  const deadline = Date.now() + DEADLINE_MS;
  for (let failed = false; !failed && Date.now() < deadline;) {
    startKeeper(() => { failed = true; });
    await sleep(200);
    if (await joinKeeper(deadline - Date.now()) === 'ready') return;
  }
  throw new Error(`the Docker engine did not start: see ${logFile()}`);
}

/** If several keepers start at the same time, all but the first end at once, without failure. */
function startKeeper(onFailure: () => void): void {
  mkdirSync(bedPath('log'), { recursive: true });
  const keeper = spawn(process.execPath, [join(__dirname, 'engine-keeper.mjs'), bedPath('docker'), logFile()], { detached: true, stdio: 'ignore' });
  keeper.once('exit', (code) => { if (code !== 0) onFailure(); });
  keeper.unref();
}

const logFile = () => bedPath('log', 'dockerd.log');

/** The connection stays open until this process ends. The keeper knows its users by their connections. */
async function joinKeeper(timeoutMs: number): Promise<'ready' | 'absent'> {
  return new Promise((resolve) => {
    const socket: Socket = connect(KEEPER_SOCKET);
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    const settle = (state: 'ready' | 'absent') => { clearTimeout(timer); resolve(state); };
    socket.once('data', () => { socket.unref(); settle('ready'); });
    socket.once('error', () => settle('absent'));
    socket.once('close', () => settle('absent'));
  });
}
