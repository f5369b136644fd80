import { spawnSync } from 'child_process';

/** Runs commands in a shell, one after the other, at synthesis; what they print goes to stderr, as stdout may be the tool's own. */
export function runCommands(hook: string, commands: string[], cwd: string): void {
  for (const command of commands) {
    // 2 is the stderr of this process.
    const { status, signal, error } = spawnSync(command, { shell: process.platform === 'win32' ? true : 'bash', cwd, stdio: ['ignore', 2, 2] });
    if (error) throw new Error(`cannot run the command "${command}" of the hook ${hook}: ${error.message}`);
    if (status !== 0) throw new Error(`the command "${command}" of the hook ${hook} ended with ${signal ?? `exit code ${status}`}, in ${cwd}`);
  }
}
