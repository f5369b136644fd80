import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

const made: string[] = [];

afterAll(() => made.splice(0).forEach((directory) => fs.rmSync(directory, { recursive: true, force: true })));

/** A new empty directory, removed after the test file. */
export function temporaryDirectory(): string {
  const directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'duckdb-lambda-test-')));
  made.push(directory);
  return directory;
}
