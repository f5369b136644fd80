// driver.mjs: measures inside the container, so that neither the container's start nor the way into it is counted.
// It answers each line of standard input, { start, module, env }, with one line of standard output:
//   cold   a new process; milliseconds from its spawn to its answer
//   warm   one process for each module, started and called once beforehand; milliseconds of one more call
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const LAUNCHER = join(dirname(fileURLToPath(import.meta.url)), 'launcher.mjs');
// Longer than the period in which the kernel grants the CPU quota: each measurement finds its quota unused.
const REST_MS = 150;
const LIMIT_MS = 60_000;

const warm = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  await sleep(REST_MS);
  const request = JSON.parse(line);
  const result = await (request.start === 'cold' ? coldStart(request) : warmCall(request)).catch((error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
for (const { child } of warm.values()) child.kill('SIGKILL');

async function coldStart(request) {
  const started = performance.now();
  const launched = launch(request);
  const { answer } = await launched.answer();
  const milliseconds = performance.now() - started;
  const exited = once(launched.child, 'exit');
  launched.child.kill('SIGKILL');
  await exited;
  return { milliseconds, answer };
}

async function warmCall(request) {
  if (!warm.has(request.module)) {
    const launched = launch(request);
    warm.set(request.module, launched);
    await launched.answer();
    await sleep(REST_MS);
  }
  const { child, answer } = warm.get(request.module);
  child.stdin.write('\n');
  return answer();
}

function launch({ module, env }) {
  // Lambda sets no HOME.
  const { HOME, ...inherited } = process.env;
  const child = spawn(process.execPath, [LAUNCHER, module], { env: { ...inherited, ...env }, stdio: ['pipe', 'ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => { errors += text; });
  const lines = createInterface({ input: child.stdio[3] })[Symbol.asyncIterator]();
  const answer = async () => {
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    const { value, done } = await lines.next();
    clearTimeout(timer);
    if (done) throw new Error(`${module} ended without an answer\n${errors.slice(-4000)}`);
    return JSON.parse(value);
  };
  return { child, answer };
}
