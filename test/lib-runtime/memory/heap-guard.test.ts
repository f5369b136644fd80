import { valuesOf } from '../built-runtime';

/** What a process of its own prints last, which has `megabytes` for JavaScript, or how it ended. */
async function outcomeOf(megabytes: number, code: string, memory?: number) {
  const script = `
    import { spawnSync } from 'node:child_process';
    const inner = \`
      import { cursor } from 'cdk-duckdb-lambda/runtime';
      const print = (value) => console.log(JSON.stringify(value));
      const caught = async (work) => { const { code, message } = await work.catch((error) => error); return { code, message, next: await cursor((c) => c.query('SELECT 1 AS one')) }; };
      ${code}
    \`;
    const env = { ...process.env, ${memory === undefined ? '' : `AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '${memory}'`} };
    const { stdout, stderr, status, signal } = spawnSync(process.execPath, ['--max-old-space-size=${megabytes}', '--input-type=module', '-e', inner], { encoding: 'utf8', env });
    console.log(status === 0 ? stdout.trim().split('\\n').at(-1) : JSON.stringify({ status, signal, stderr: stderr.slice(-500) }));
  `;
  return (await valuesOf(script))[0];
}

test('a result whose rows fill the heap is given up, typed, and the process goes on', async () => {
  const outcome = await outcomeOf(200, 'print(await caught(cursor((c) => c.query("SELECT range AS i, \'text \' || range AS t FROM range(20000000)"))));');
  expect(outcome).toMatchObject({ code: 'RESULT_LIMIT', next: [{ one: 1 }] });
  expect(outcome.message).toMatch(/^reading the result stopped after \d+ rows, when Node\.js's heap held \d+ of \d+ MiB: .*stream\(\)/);
});

test('also within one chunk of 2,048 rows', async () => {
  const outcome = await outcomeOf(100, 'print(await caught(cursor((c) => c.query("SELECT range(20000) AS l FROM range(2000)", [], { maxBytes: 1e12 }))));');
  expect(outcome).toMatchObject({ code: 'RESULT_LIMIT', message: expect.stringMatching(/^reading the result stopped after \d+ rows, when Node\.js's heap held/), next: [{ one: 1 }] });
});

test('rows that were read and released do not count against a result: a stream of rows that together do not fit, in a heap of which one chunk is more', async () => {
  expect(await outcomeOf(80, `
    let n = 0;
    await cursor(async (c) => { for await (const rows of c.stream("SELECT repeat('x', 60000) AS s FROM range(8000)")) n += rows.length; });
    print({ n });
  `)).toEqual({ n: 8000 });
});

test('a text that does not fit into the memory that is left is given up before it is read', async () => {
  const outcome = await outcomeOf(400, 'print(await caught(cursor((c) => c.query("SELECT repeat(\'x\', 120000000) AS s", [], { maxBytes: 1e12 }))));', 400);
  expect(outcome).toMatchObject({
    code: 'RESULT_LIMIT',
    message: expect.stringMatching(/^reading the result stopped after 0 rows, when the process held \d+ of 400 MiB, and the next row has 114 MiB: /),
    next: [{ one: 1 }],
  });
});
