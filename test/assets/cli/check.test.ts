import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../bed/paths';
import { temporaryDirectory } from '../../temporary-directory';
import { outcomeOf } from '../docker/command';

const COMMAND = join(repositoryRoot, 'assets/cli/cdk-duckdb-lambda.mjs');

/** Runs `check` on a folder `queries` with these files. */
async function check(files: Record<string, string>, cwd = repositoryRoot) {
  const folder = join(temporaryDirectory(), 'queries');
  mkdirSync(folder);
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  return outcomeOf(process.execPath, [COMMAND, 'check', folder], { cwd });
}

test('no errors', async () => {
  expect(await check({ 'a.sql': 'SELECT 1' })).toMatchObject({ code: 0, stdout: '1 query without errors\n', stderr: '' });
  expect((await check({ 'a.sql': 'SELECT 1', 'b.sql': 'SELECT 2' })).stdout).toBe('2 queries without errors\n');
});

test('without the client it says so', async () => {
  expect((await check({ 'a.sql': 'SELEC 1' }, temporaryDirectory())).stdout).toBe(
    '1 query without errors; for DuckDB\'s own view of their syntax and types: npm install --save-dev @duckdb/node-api\n');
});

test('errors, as editors read them', async () => {
  const { code, stdout, stderr } = await check({ 'a.sql': 'SELEC 1', 'b.sql': '-- @parm\nSELECT 1' });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^queries\/a\.sql:1:1: DuckDB does not parse this: .*\nqueries\/b\.sql:1:4: received @parm, .*\n$/);
});

test.each<[string[], RegExp]>([
  [['check'], /^cdk-duckdb-lambda: check needs a folder of queries, as in: cdk-duckdb-lambda check queries\n$/],
  [['check', '--all'], /check needs a folder of queries/],
  [['check', '/none'], /^cannot read the folder of queries "\/none": ENOENT/],
  [['check', temporaryDirectory()], /has no queries: write one, such as monthly-sales\.sql/],
])('%j is refused', async (args, message) => {
  const { code, stderr, stdout } = await outcomeOf(process.execPath, [COMMAND, ...args]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(message);
});

test('--help tells of it', async () => {
  expect((await outcomeOf(process.execPath, [COMMAND, '--help'])).stdout).toContain('cdk-duckdb-lambda check FOLDER');
});
