import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesUnder } from '../../../benchmarks/harness/image-size';
import { temporaryDirectory } from '../../temporary-directory';

test('adds up the files that count, by their paths below the directory, and no link twice', () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'a/b'), { recursive: true });
  writeFileSync(join(directory, 'a/b/three'), 'xxx');
  writeFileSync(join(directory, 'one'), 'x');
  symlinkSync(join(directory, 'one'), join(directory, 'a/link'));
  expect(bytesUnder(directory, () => true)).toBe(4);
  expect(bytesUnder(directory, (file) => file.startsWith('/a/'))).toBe(3);
});
