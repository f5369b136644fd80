import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProcess } from './background-process';
import { freePort } from './free-port';
import { isAlive, processIdentity } from './process-identity';
import { newRunDirectory, sweepRunDirectories } from './run-directory';

async function eventually(condition: () => boolean): Promise<boolean> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(50)) {
    if (condition()) return true;
  }
  return false;
}

const serve = (port: number) => [process.execPath, '-e', `require('node:net').createServer().listen(${port})`];

describe('startProcess', () => {
  it('is ready when the port accepts, and ended and cleared away after stop', async () => {
    const directory = newRunDirectory('test');
    const port = await freePort();
    const { pid, stop } = await startProcess({ directory, command: serve(port), port });
    const identity = processIdentity(pid)!;
    expect(readFileSync(join(directory, 'process'), 'utf8')).toBe(identity);
    await stop();
    expect(isAlive(identity)).toBe(false);
    expect(existsSync(directory)).toBe(false);
  });

  it('ends a process that takes no notice of the signal', async () => {
    const directory = newRunDirectory('test');
    const port = await freePort();
    const { pid, stop } = await startProcess({ directory, command: serve(port), port });
    const identity = processIdentity(pid)!;
    process.kill(pid, 'SIGSTOP');
    await stop();
    expect(isAlive(identity)).toBe(false);
  });

  it('says what a process printed that does not start', async () => {
    const command = ['sh', '-c', 'echo "no such option" >&2; exit 3'];
    await expect(startProcess({ directory: newRunDirectory('test'), command, port: await freePort() }))
      .rejects.toThrow(/"sh" did not become ready on port \d+ \(exit 3\)\nno such option/);
  });
});

describe('a run that is killed', () => {
  it('takes its processes along', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      const child = spawn('${join(__dirname, 'guard.sh')}', ['sleep', '600'], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
      child.once('spawn', () => console.log(child.pid));`;
    const killed = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => killed.stdout.once('data', (text) => resolve(Number(text))));
    const identity = processIdentity(pid)!;
    expect(isAlive(identity)).toBe(true);
    killed.kill('SIGKILL');
    expect(await eventually(() => !isAlive(identity))).toBe(true);
  });

  it('leaves nothing that the next one does not end and remove, and nothing else is touched', async () => {
    const [mine, stale] = [newRunDirectory('test'), newRunDirectory('test')];
    const left = spawn('sleep', ['600'], { stdio: 'ignore' });
    writeFileSync(join(stale, 'owner'), '1 1');
    writeFileSync(join(stale, 'process'), processIdentity(left.pid!)!);
    writeFileSync(join(mine, 'process'), '1 1');
    sweepRunDirectories();
    expect(await eventually(() => left.signalCode === 'SIGKILL')).toBe(true);
    expect([existsSync(mine), existsSync(stale)]).toEqual([true, false]);
    rmSync(mine, { recursive: true });
  });
});
