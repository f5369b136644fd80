import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set();

const ending = new AbortController();

/** Aborts when a signal ends the process, and ends child processes with it. */
export const ended = ending.signal;

/**
 * Makes signals end the process without leaving files behind.
 *
 * A handled signal waits until a synchronous write has finished, so that no file is incomplete.
 */
export function endOnSignals() {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(name, () => {
      ending.abort();
      folders.forEach(remove);
      // The exit code of shells. Raising the signal again would not end the first process of a container.
      process.exit(128 + constants.signals[name]);
    });
  }
}

/** Runs a function with a temporary folder, which is removed afterwards, however the function ends. */
export async function withTemporaryFolder(run) {
  const folder = mkdtempSync(join(tmpdir(), 'duckdb-extensions-'));
  folders.add(folder);
  try {
    return await run(folder);
  } finally {
    remove(folder);
  }
}

function remove(folder) {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true });
}
