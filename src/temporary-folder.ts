import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

/** A folder that is removed when the process ends, unless it was removed before. */
export interface TemporaryFolder {
  readonly folder: string;
  remove(): void;
}

/** The folders that are not removed yet. */
const folders = new Set<string>();

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Makes a folder in the temporary directory of the operating system. */
export function makeTemporaryFolder(): TemporaryFolder {
  listen();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-duckdb-lambda-'));
  folders.add(folder);
  return { folder, remove: () => remove(folder) };
}

function remove(folder: string): void {
  folders.delete(folder);
  fs.rmSync(folder, { recursive: true, force: true });
}

process.once('exit', removeAll);

function removeAll(): void {
  folders.forEach(remove);
}

let listening = false;

/**
 * Removes the folders when a signal ends the process.
 *
 * Listens only until the event loop runs. By then, a signal from the meantime has arrived, and the folders are no longer needed. Afterwards,
 * this library does not handle signals.
 */
function listen(): void {
  if (listening) return;
  listening = true;
  SIGNALS.forEach((signal) => process.once(signal, end));
  setImmediate(() => {
    removeAll();
    SIGNALS.forEach((signal) => process.removeListener(signal, end));
    listening = false;
  });
}

function end(signal: NodeJS.Signals): void {
  removeAll();
  // If other listeners exist, they decide what the signal means.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
