import { cpus } from 'node:os';
import { Worker } from 'node:worker_threads';
import { untilQuiet } from '../../../benchmarks/harness/quiet-machine';

test('a machine with all its cores busy is not quiet, and is waited for no longer than asked', async () => {
  const busy = cpus().map(() => new Worker('for (;;);', { eval: true }));
  try {
    await Promise.all(busy.map((worker) => new Promise((online) => worker.once('online', online))));
    const started = Date.now();
    expect(await untilQuiet(500)).toBe(false);
    expect(Date.now() - started).toBeGreaterThanOrEqual(500);
  } finally {
    await Promise.all(busy.map((worker) => worker.terminate()));
  }
});
