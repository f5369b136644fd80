import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program that also runs when a stack is synthesised. */
const PROGRAM = fileURLToPath(new URL('../../runtime/check-queries.js', import.meta.url));
const CLIENT = '@duckdb/node-api';
/** More than any report, so that many errors do not end the program. */
const MAX_REPORT_BYTES = 64 * 1024 * 1024;

/** Checks a folder of queries, as a synthesis does. Prints its errors, a line for each, or that there are none. */
export function check(folder) {
  const { queries, errors, isParsed } = report(resolve(folder));
  if (errors.length > 0) {
    process.stderr.write(`${errors.join('\n')}\n`);
    process.exitCode = 1;
    return;
  }
  if (queries.length === 0) throw new Error(`${folder} has no queries: write one, such as monthly-sales.sql`);
  process.stdout.write(`${queries.length} ${queries.length === 1 ? 'query' : 'queries'} without errors${isParsed ? '' : UNPARSED}\n`);
}

const UNPARSED = `; for DuckDB's own view of their syntax and types: npm install --save-dev ${CLIENT}`;

/** What a synthesis finds in a folder: its queries, the errors, and whether DuckDB's parser has read them. */
export function report(folder) {
  if (!existsSync(PROGRAM)) throw new Error(`cannot find ${PROGRAM}: in a clone of this library, build it first with: npx projen pre-compile`);
  const client = [folder, process.cwd()].find(hasClient);
  const args = [PROGRAM, folder, ...client === undefined ? [] : [`--client=${client}`]];
  const { status, signal, error, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: MAX_REPORT_BYTES });
  if (status !== 0) throw new Error(`the check ended with ${error?.message ?? signal ?? `the exit code ${status}`}: ${stderr}`);
  return JSON.parse(stdout);
}

function hasClient(folder) {
  try {
    return Boolean(createRequire(join(folder, 'any.js')).resolve(CLIENT));
  } catch {
    return false;
  }
}
