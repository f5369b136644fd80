import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '../../bed';
import { temporaryDirectory } from '../../temporary-directory';

/** Takes 200 ms to import and 50 ms to answer, and logs as handlers do. */
const HANDLER = `
  import { setTimeout as sleep } from 'node:timers/promises';
  let calls = 0;
  await sleep(200);
  export const handler = async () => {
    await sleep(50);
    console.log('a line of a log');
    return { pid: process.pid, calls: ++calls, greeting: process.env.GREETING, home: process.env.HOME };
  };
`;

let driver: ChildProcess;
let ask: (request: object) => Promise<any>;
const handler = (source: string) => {
  const module = join(temporaryDirectory(), 'handler.mjs');
  writeFileSync(module, source);
  return module;
};

beforeEach(() => {
  driver = spawn(process.execPath, [join(repositoryRoot, 'benchmarks', 'container', 'driver.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: driver.stdout! })[Symbol.asyncIterator]();
  ask = async (request) => {
    driver.stdin!.write(`${JSON.stringify(request)}\n`);
    return JSON.parse((await lines.next()).value);
  };
});

afterEach(async () => {
  const ended = once(driver, 'exit');
  driver.stdin!.end();
  await ended;
});

test('a cold start is a process of its own, from its spawn to its answer', async () => {
  const module = handler(HANDLER);
  const first = await ask({ start: 'cold', module, env: { GREETING: 'hello' } });
  const second = await ask({ start: 'cold', module });
  expect(first.answer).toEqual({ pid: expect.any(Number), calls: 1, greeting: 'hello' });
  expect(second.answer).toEqual({ pid: expect.any(Number), calls: 1 });
  expect(second.answer.pid).not.toBe(first.answer.pid);
  expect(first.milliseconds).toBeGreaterThan(250);
});

test('a cold start tells its resident memory and CPU time, and finds an empty directory for temporary files', async () => {
  const module = handler(`
    import { existsSync, writeFileSync } from 'node:fs';
    import { tmpdir } from 'node:os';
    const file = tmpdir() + '/left-behind';
    export const handler = () => { const found = existsSync(file); writeFileSync(file, ''); return found; };
  `);
  expect(await ask({ start: 'cold', module })).toEqual({
    answer: false, milliseconds: expect.any(Number), residentMiB: expect.any(Number), cpuMilliseconds: expect.any(Number),
  });
  const { answer, residentMiB, cpuMilliseconds } = await ask({ start: 'cold', module });
  expect(answer).toBe(false);
  expect(residentMiB).toBeGreaterThan(20);
  expect(residentMiB).toBeLessThan(200);
  expect(cpuMilliseconds).toBeGreaterThan(10);
});

test('a warm process is one of its module and environment', async () => {
  const module = handler(HANDLER);
  const tea = await ask({ start: 'warm', module, env: { GREETING: 'tea?' } });
  const coffee = await ask({ start: 'warm', module, env: { GREETING: 'coffee?' } });
  expect([tea.answer.greeting, coffee.answer.greeting]).toEqual(['tea?', 'coffee?']);
  expect(coffee.answer.pid).not.toBe(tea.answer.pid);
});

test('a handler in Python is started and called as one in JavaScript', async () => {
  const module = join(temporaryDirectory(), 'handler.py');
  writeFileSync(module, 'import os\ncalls = 0\ndef handler(event):\n  global calls\n  calls += 1\n  return {"pid": os.getpid(), "calls": calls}\n');
  const cold = await ask({ start: 'cold', module });
  expect(cold).toMatchObject({ answer: { calls: 1 }, milliseconds: expect.any(Number) });
  const first = await ask({ start: 'warm', module });
  const second = await ask({ start: 'warm', module });
  expect([first.answer.calls, second.answer.calls]).toEqual([2, 3]);
  expect(second.answer.pid).toBe(first.answer.pid);
  expect(first.answer.pid).not.toBe(cold.answer.pid);
});

test('a warm call is one more in the same process, without its start', async () => {
  const module = handler(HANDLER);
  const first = await ask({ start: 'warm', module });
  const second = await ask({ start: 'warm', module });
  expect([first.answer.calls, second.answer.calls]).toEqual([2, 3]);
  expect(second.answer.pid).toBe(first.answer.pid);
  expect(first.milliseconds).toBeGreaterThan(45);
  expect(first.milliseconds).toBeLessThan(200);
});

test.each(['cold', 'warm'])('a %s handler that fails is an error with what it printed', async (start) => {
  const { error } = await ask({ start, module: handler('export const handler = async () => { throw new Error("no such bucket"); };') });
  expect(error).toContain('ended without an answer');
  expect(error).toContain('no such bucket');
});
