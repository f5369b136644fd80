import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { bedPath } from '..';
import { withLock } from './lock';

describe('withLock', () => {
  const name = `test-${process.pid}`;

  it('lets one in at a time, and the next one after a failure', async () => {
    const events: string[] = [];
    const first = withLock(name, async () => {
      events.push('first in');
      await sleep(200);
      events.push('first out');
      throw new Error('failed');
    });
    const second = withLock(name, async () => { events.push('second in'); });
    await expect(first).rejects.toThrow('failed');
    await second;
    expect(events).toEqual(['first in', 'first out', 'second in']);
  });

  it('takes over from a holder that has ended', async () => {
    mkdirSync(bedPath('locks'), { recursive: true });
    writeFileSync(bedPath('locks', name), '1 1');
    expect(await withLock(name, async () => 'in', 5000)).toBe('in');
  });

  it('gives up after its time limit', async () => {
    await withLock(name, async () => {
      await expect(withLock(name, async () => 'in', 200)).rejects.toThrow('waited 200 ms');
    });
  });
});
