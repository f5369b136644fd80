import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutReadAhead } from '../../../benchmarks/harness/read-ahead';
import { temporaryDirectory } from '../../temporary-directory';

let setting: string;
const now = () => readFileSync(setting, 'utf8');

beforeEach(() => {
  setting = join(temporaryDirectory(), 'read_ahead_kb');
  writeFileSync(setting, '128\n');
});

test('is off during the task and put back afterwards', async () => {
  expect(await withoutReadAhead(setting, async () => now())).toBe('0');
  expect(now()).toBe('128\n');
});

test('is put back when the task fails', async () => {
  await expect(withoutReadAhead(setting, () => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer');
  expect(now()).toBe('128\n');
});

test('leaves no listener for signals behind', async () => {
  const before = process.listenerCount('SIGINT');
  await withoutReadAhead(setting, async () => expect(process.listenerCount('SIGINT')).toBe(before + 1));
  expect(process.listenerCount('SIGINT')).toBe(before);
});
