import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordProcess } from './run-directory';

export interface BackgroundProcessOptions {
  /** Made by `newRunDirectory`; removed when the process is stopped. */
  readonly directory: string;
  readonly command: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The port that accepts connections once the process is ready. */
  readonly port: number;
  /** @default TERM */
  readonly stopSignal?: 'TERM' | 'INT';
}

export interface BackgroundProcess {
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** Starts a server that ends when it is stopped or when this process is gone, whichever comes first. */
export async function startProcess(options: BackgroundProcessOptions): Promise<BackgroundProcess> {
  const { directory, command, env, port, stopSignal = 'TERM' } = options;
  const logFile = join(directory, 'log');
  const log = openSync(logFile, 'a');
  const child = spawn(join(__dirname, 'guard.sh'), command, {
    env: { ...process.env, ...env, GUARD_STOP_SIGNAL: stopSignal },
    stdio: ['pipe', log, log],
    detached: true,
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`exit ${code ?? signal}`));
  });
  let outcome: string | undefined;
  void ended.then((how) => { outcome = how; });
  child.unref();
  const lifeline = child.stdin as Socket; // the guard ends the server when this closes, however this process ends
  lifeline.on('error', () => undefined);
  lifeline.unref();
  if (child.pid !== undefined) recordProcess(directory, child.pid);

  const stop = async () => {
    child.ref(); // so that this process does not end before it has seen the other end
    lifeline.destroy();
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };

  const deadline = Date.now() + 60_000;
  while (!await accepts(port)) {
    if (outcome === undefined && Date.now() < deadline) {
      await sleep(50);
      continue;
    }
    const printed = readFileSync(logFile, 'utf8').trim().slice(-4000);
    await stop();
    throw new Error(`"${command[0]}" did not become ready on port ${port} (${outcome ?? 'time limit of 60 s'})\n${printed}`);
  }
  return { pid: child.pid!, stop };
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
}
