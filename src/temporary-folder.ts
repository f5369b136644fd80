import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

/** A folder that is gone when the process is, also where nobody has removed it. */
export interface TemporaryFolder {
  readonly folder: string;
  remove(): void;
}

/** Those not removed yet. */
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
 * Signals end the process as ever, but first the folders go.
 *
 * Only until the event loop has its turn: a signal that came meanwhile has then arrived, and what is left nobody needs. Afterwards signals are
 * not ours to handle.
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
  // Others that listen decide themselves what it means.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
