import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { synthesiseQueries } from './built-function';
import { buildFunctionImage, docker, repositoryRoot } from '../bed';
import { describeWith } from '../bed/require';
import { temporaryDirectory } from '../temporary-directory';

describeWith('lambda', 'the image of a function of queries', () => {
  let queries: string;

  beforeAll(() => {
    queries = join(temporaryDirectory(), 'queries');
    cpSync(join(repositoryRoot, 'test', 'fixtures', 'queries'), queries, { recursive: true });
  });

  const build = async () => buildFunctionImage(await synthesiseQueries({ queries }));

  test('has the handler and the query files, which Lambda\'s user can read', async () => {
    const umask = process.umask(0o077);
    try {
      const image = await build();
      const { stdout } = await docker(['run', '--rm', '--network', 'none', '--user', '993:990', '--entrypoint', '/bin/sh', image, '-c',
        'cd /var/task && find . -path ./node_modules -prune -o -type f -print | sort && cat index.mjs queries/reports/daily.sql']);
      expect(stdout).toMatch(/^\.\/index\.mjs\n\.\/queries\/monthly-sales\.sql\n\.\/queries\/reports\/daily\.sql\n/);
      expect(stdout).toContain('queryHandler({ queries: \'queries\' })');
      expect(stdout).toContain('SELECT 42 AS answer');
    } finally {
      process.umask(umask);
    }
  });

  test('shares every layer with the one before if only a query has changed, but the layer of the queries', async () => {
    const layersOf = async (image: string): Promise<string[]> => (
      JSON.parse((await docker(['image', 'inspect', '--format', '{{json .RootFS.Layers}}', image])).stdout)
    );
    const before = await layersOf(await build());
    writeFileSync(join(queries, 'reports', 'daily.sql'), 'SELECT 43 AS answer\n');
    const after = await layersOf(await build());
    expect(after.slice(0, -1)).toEqual(before.slice(0, -1));
    expect(after.at(-1)).not.toBe(before.at(-1));
  });
});
