import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../bed/paths';

const TABLE = join(repositoryRoot, 'assets/docker/versions.json');

test.each([[[]], [['1.5.5']], [['latest']], [['1.5.5-r.5', '1.5.6-r.1']]])('an argument that is not an exact version of the client is refused, and nothing is written: %j', (args) => {
  const before = digest();

  const { status, stderr } = spawnSync(process.execPath, ['-r', 'ts-node/register/transpile-only', 'scripts/update-duckdb.ts', ...args], {
    cwd: repositoryRoot, encoding: 'utf8', env: { ...process.env, TS_NODE_PROJECT: 'tsconfig.dev.json' },
  });

  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: `update-duckdb: "${args.join(' ')}" is not an exact version of @duckdb/node-api: expected one such as 1.5.5-r.5, as in npm run update-duckdb -- 1.5.5-r.5\n`,
  });
  expect(digest()).toBe(before);
});

function digest(): string {
  return createHash('sha256').update(readFileSync(TABLE)).digest('hex');
}
