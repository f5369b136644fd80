import { exec, execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ended } from '../store/ending.mjs';
import { DOCUMENT_BYTES } from '../store/size-limits.mjs';

const OPTIONS = { maxBuffer: DOCUMENT_BYTES, signal: ended };

/** On Windows, npm is a script that only a shell can start. Within quotes, the arguments have no special meaning for the shell. */
const start = process.platform === 'win32'
  ? (args) => promisify(exec)(['npm', ...args.map((arg) => `"${arg}"`)].join(' '), OPTIONS)
  : (args) => promisify(execFile)('npm', args, OPTIONS);

/** The output of an npm command with --json. Uses the npm client, because it knows the user's registry, credentials and proxy. */
export async function npm(command, ...args) {
  try {
    return JSON.parse((await start([command, '--json', ...args])).stdout);
  } catch (error) {
    throw new Error(`npm ${command}: ${reason(error)}`, { cause: error });
  }
}

function reason({ stdout, message }) {
  try {
    return JSON.parse(stdout).error.summary.replace(/\.$/, '');
  } catch {
    return message.split('\n')[0];
  }
}
