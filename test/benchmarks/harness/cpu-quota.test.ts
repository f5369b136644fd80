import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpuQuota, whyNoCpuQuota } from '../../../benchmarks/harness/cpu-quota';

/** Once it has its quota, prints the milliseconds of CPU that it got within one second. */
const BUSY = "process.stdin.once('data', () => { const [end, cpu] = [Date.now() + 1000, process.cpuUsage()]; while (Date.now() < end); console.log(process.cpuUsage(cpu).user / 1000); process.exit(); })";

// The benchmark says the same, as an error.
(whyNoCpuQuota() === undefined ? test : test.skip)('processes get their share of a CPU, and no more', async () => {
  const quota = cpuQuota(0.2);
  const child = spawn(process.execPath, ['-e', BUSY], { stdio: ['pipe', 'pipe', 'inherit'] });
  quota.add(child.pid!);
  child.stdin.write('\n');
  const [milliseconds] = await once(child.stdout, 'data');
  await once(child, 'close');
  quota.remove();
  expect(Number(milliseconds)).toBeLessThan(400);
});
