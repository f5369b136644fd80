import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exec } from '../exec/exec.mjs';
import { runCommand } from '../exec/run-command.mjs';

const PROGRAM = fileURLToPath(new URL('server.mjs', import.meta.url));
const RUNTIME = fileURLToPath(new URL('../../../runtime/index.mjs', import.meta.url));

/** Serves a folder of queries over HTTP on this machine: with plain DuckDB, or with the environment of a stack's function. */
export async function serve(folder, { port, caller, isStreaming, stack }) {
  if (!existsSync(RUNTIME)) throw new Error(`cannot find ${RUNTIME}: in a clone of this library, build it first with: npx projen pre-compile`);
  const args = [folder, port, isStreaming ? 'stream' : 'buffer', ...Object.entries(caller).map(([property, value]) => `${property}=${value}`)];
  const command = [process.execPath, PROGRAM, ...args];
  await (stack === undefined ? runCommand(command, process.env) : exec({ ...stack, command }));
}
