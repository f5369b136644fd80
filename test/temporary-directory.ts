import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

const made: string[] = [];

const remove = () => made.splice(0).forEach((directory) => fs.rmSync(directory, { recursive: true, force: true }));
if ('afterAll' in globalThis) afterAll(remove);
else process.once('exit', remove);

/** A new empty directory, removed after the test file, or, in a benchmark, when the process exits. */
export function temporaryDirectory(): string {
  const directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'duckdb-lambda-test-')));
  made.push(directory);
  return directory;
}
