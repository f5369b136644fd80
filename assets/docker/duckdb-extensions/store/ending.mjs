import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set();

const ending = new AbortController();

/** Aborted when a signal ends the process: child processes end with it. */
export const ended = ending.signal;

/**
 * Has signals end the process without leaving anything behind.
 *
 * Handled, a signal also waits for what is written at that moment, so that no file is half there.
 */
export function endOnSignals() {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(name, () => {
      ending.abort();
      folders.forEach(remove);
      // As shells say it. Raising the signal again would not end the first process of a container.
      process.exit(128 + constants.signals[name]);
    });
  }
}

/** Runs a function with a folder of its own, which is gone afterwards, however that ends. */
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
