import { spawnSync } from 'child_process';

/** Runs commands in a shell, one after the other, at synthesis. Their output goes to stderr, because a tool may read stdout. */
export function runCommands(hook: string, commands: string[], cwd: string): void {
  for (const command of commands) {
    // 2 is the stderr of this process.
    const { status, signal, error } = spawnSync(command, { shell: process.platform === 'win32' ? true : 'bash', cwd, stdio: ['ignore', 2, 2] });
    if (error) throw new Error(`cannot run the command "${command}" of the hook ${hook}: ${error.message}`);
    if (status !== 0) throw new Error(`the command "${command}" of the hook ${hook} ended with ${signal ?? `exit code ${status}`}, in ${cwd}`);
  }
}
