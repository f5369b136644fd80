import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ConfigError } from '../base/errors';
import { processName, spillRoot } from '../memory/spill';

// A distinct name, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** Node.js's module. Loading it adds a millisecond to a cold start. */
const workerThreads = () => requireFromHere('node:worker_threads') as typeof import('node:worker_threads');

const LIMITS = 'cdk-duckdb-lambda does not support worker threads yet, which Lambda Managed Instances use to run Node.js functions';

/**
 * Throws `CONFIG` in a worker thread. Each thread has a separate DuckDB, which does not see the others and does not lock files against them: two
 * threads that write to one file lose rows silently.
 */
export function refuseFileInWorkerThread(path: string): void {
  if (isWorkerThread()) {
    throw new ConfigError(`the database file "${path}" cannot be opened in a worker thread: another thread could write to it at the same time, ` +
      `and rows would be lost; ${LIMITS}: keep the data in memory, or open the file in the main thread or in a separate process`);
  }
}

/** Warns, once per process, that each worker thread uses the memory of the whole process. */
export function warnInWorkerThread(env: NodeJS.ProcessEnv): void {
  if (!mayBeWorkerThread(env) || !isWorkerThread() || !isFirstToWarn()) return;
  console.warn(`DuckDB runs in a worker thread and uses as much memory as if it had the process to itself: ${LIMITS}; ` +
    'give each thread its share with the setting memory_limit; database files are refused');
}

/** Cheaper than the module of worker threads, whose loading adds a millisecond to a cold start. */
function mayBeWorkerThread(env: NodeJS.ProcessEnv): boolean {
  return env.AWS_LAMBDA_NODEJS_WORKER_COUNT !== undefined || (process.chdir as { disabled?: boolean }).disabled === true;
}

/** Whether this is not the main thread of the process. */
export function isWorkerThread(): boolean {
  return !workerThreads().isMainThread;
}

/** Threads do not share memory, but they share the file system. */
function isFirstToWarn(): boolean {
  try {
    const root = spillRoot();
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, `${processName()}.threads`), '', { flag: 'wx' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EEXIST';
  }
}
