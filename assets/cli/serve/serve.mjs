import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { report } from '../check.mjs';
import { exec } from '../exec/exec.mjs';
import { runCommand } from '../exec/run-command.mjs';

const PROGRAM = fileURLToPath(new URL('server.mjs', import.meta.url));
const RUNTIME = fileURLToPath(new URL('../../../runtime/index.mjs', import.meta.url));

/** Serves a folder of queries over HTTP on this machine: with plain DuckDB, or with the environment of a stack's function. */
export async function serve(folder, { port, caller, isStreaming, stack }) {
  if (!existsSync(RUNTIME)) throw new Error(`cannot find ${RUNTIME}: in a clone of this library, build it first with: npx projen pre-compile`);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new Error(`the folder of the queries "${folder}" does not exist`);
  // A query with errors is a 404 or a 500, which does not tell them.
  for (const error of report(resolve(folder)).errors) process.stderr.write(`${error}\n`);
  const args = [folder, port, isStreaming ? 'stream' : 'buffer', ...Object.entries(caller).map(([property, value]) => `${property}=${value}`)];
  const command = [process.execPath, PROGRAM, ...args];
  await (stack === undefined ? runCommand(command, process.env) : exec({ ...stack, command }));
}
