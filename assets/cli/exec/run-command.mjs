import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** A terminal sends this signal to the command itself. */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT'];
const FORWARDED = ['SIGTERM', 'SIGHUP', ...FROM_TERMINAL];

/** Runs a command with this process's streams, passes signals on to it, and ends like the command: with its exit code or its signal. */
export async function runCommand([command, ...args], env) {
  const child = spawn(command, args, { stdio: 'inherit', env });
  const forward = (signal) => {
    if (!(process.stdin.isTTY && FROM_TERMINAL.includes(signal))) child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  const { code, signal, error } = await new Promise((settle) => {
    child.on('error', (reason) => settle({ error: reason }));
    child.on('exit', (exitCode, endedBy) => settle({ code: exitCode, signal: endedBy }));
  });
  for (const each of FORWARDED) process.off(each, forward);
  if (error) {
    process.stderr.write(`cdk-duckdb-lambda: cannot run ${command} (${error.code})\n`);
    // Shells do the same.
    process.exitCode = error.code === 'ENOENT' ? 127 : 126;
  } else if (signal) {
    process.exitCode = 128 + constants.signals[signal];
    process.kill(process.pid, signal);
  } else {
    process.exitCode = code;
  }
}
