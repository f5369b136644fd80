// driver.mjs: measures inside the container, so that neither the container's start nor the connection to it is counted.
// It answers each line of standard input, { start, module, env }, with one line of standard output:
//   cold   a new process; milliseconds from its spawn to its answer, and its resident memory and CPU time until then
//   warm   one process for each module and environment, started and called once beforehand; milliseconds of one more call
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
// Longer than the period of the kernel's CPU quota, so that each measurement starts with an unused quota.
const REST_MS = 150;
const LIMIT_MS = 60_000;

const warm = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  await sleep(REST_MS);
  const request = JSON.parse(line);
  const result = await (request.start === 'cold' ? coldStart(request) : warmCall(request)).catch((error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
for (const { child, temporary } of warm.values()) {
  child.kill('SIGKILL');
  rmSync(temporary, { recursive: true });
}

async function coldStart(request) {
  const started = performance.now();
  const launched = launch(request);
  const { answer } = await launched.answer();
  const milliseconds = performance.now() - started;
  const residentMiB = residentMemory(launched.child.pid);
  const cpuMilliseconds = cpuTime(launched.child.pid);
  const exited = once(launched.child, 'exit');
  launched.child.kill('SIGKILL');
  await exited;
  rmSync(launched.temporary, { recursive: true });
  return { milliseconds, residentMiB, cpuMilliseconds, answer };
}

function residentMemory(pid) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

/** Of its threads that are still there. */
function cpuTime(pid) {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]));
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
}

async function warmCall(request) {
  const key = JSON.stringify([request.module, request.env]);
  if (!warm.has(key)) {
    const launched = launch(request);
    warm.set(key, launched);
    await launched.answer();
    await sleep(REST_MS);
  }
  const { child, answer } = warm.get(key);
  child.stdin.write('\n');
  return answer();
}

function launch({ module, env }) {
  // Empty, like Lambda's /tmp, whatever earlier processes have left.
  const temporary = mkdtempSync(join(tmpdir(), 'process-'));
  // Lambda sets no HOME.
  const { HOME, ...inherited } = process.env;
  const [runtime, launcher] = module.endsWith('.py') ? ['python3', 'launcher.py'] : [process.execPath, 'launcher.mjs'];
  const child = spawn(runtime, [join(HERE, launcher), module], { env: { ...inherited, TMPDIR: temporary, ...env }, stdio: ['pipe', 'ignore', 'pipe', 'pipe'] });
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
  return { child, temporary, answer };
}
