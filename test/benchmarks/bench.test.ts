import { repositoryRoot, run } from '../bed';

test('the benchmarks can be loaded, and describe themselves', async () => {
  const { stdout } = await run(process.execPath, ['-r', 'ts-node/register/transpile-only', 'benchmarks/bench.ts', '--help'],
    { cwd: repositoryRoot, env: { TS_NODE_PROJECT: 'tsconfig.dev.json' }, timeoutMs: 60_000 });
  expect(stdout).toContain('scale-out');
}, 60_000);
