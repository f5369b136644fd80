import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stage } from '../../../benchmarks/harness/programs';
import { repositoryRoot } from '../../bed';

test('the floor is one file beside the native client, and answers', async () => {
  const floor = join(await stage(), 'floor.cjs');
  const script = `require(${JSON.stringify(floor)}).handler().then((rows) => console.log(JSON.stringify(rows)))`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    // The staged directory lies in the repository, whose packages it finds.
    cwd: repositoryRoot, encoding: 'utf8', timeout: 20_000, env: { ...process.env, TMPDIR: tmpdir(), STEPS: '', SQL: "SELECT 'floor' AS name" },
  });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual([{ name: 'floor' }]);
});
