import { valuesOf } from '../built-runtime';

test('a result whose rows fill the heap is given up, typed, and the process goes on', async () => {
  const script = `
    import { spawnSync } from 'node:child_process';
    const inner = \`
      import { cursor } from 'cdk-duckdb-lambda/runtime';
      const error = await cursor((c) => c.query("SELECT range AS i, 'text ' || range AS t FROM range(20000000)")).catch((e) => e);
      console.log(JSON.stringify({ code: error.code, message: error.message, next: await cursor((c) => c.query('SELECT 1 AS one')) }));
    \`;
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--max-old-space-size=200', '--input-type=module', '-e', inner], { encoding: 'utf8' });
    console.log(status === 0 ? stdout.trim() : JSON.stringify({ status, stderr: stderr.slice(-500) }));
  `;
  const [outcome] = await valuesOf(script);
  expect(outcome).toMatchObject({ code: 'RESULT_LIMIT', next: [{ one: 1 }] });
  expect(outcome.message).toMatch(/^the result was given up after \d+ rows, when Node\.js's heap held \d+ of \d+ MiB: .*stream\(\)/);
});
