import { valuesOf } from '../built-runtime';
import { PEAK_BYTES } from '../peak-memory';

const LAMBDA = { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512' };
const peak = `${PEAK_BYTES} const peak = () => Math.round(peakBytes() / 1024 / 1024);`;
/** A thousand bytes a row, distinct, so that nothing shares them: about 1 GB. */
const HUGE = "SELECT range AS i, lpad(range::VARCHAR, 1000, 'x') AS s FROM range(1000000)";

test('results ignore DuckDB\'s memory limit: one that would take all the function\'s memory is stopped, typed, and the next query answers', async () => {
  const script = `
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    ${peak}
    const error = await cursor((c) => c.query(${JSON.stringify(HUGE)})).catch((e) => e);
    console.log(JSON.stringify({ code: error.code, message: error.message, peak: peak(), next: await cursor((c) => c.query('SELECT 1 AS one')) }));
  `;
  const [{ code, message, peak: used, next }] = await valuesOf(script, { env: LAMBDA });
  expect(code).toBe('RESULT_LIMIT');
  expect(message).toMatch(/^the query was stopped when the process held \d+ of its 512 MiB/);
  expect([used, used < 640]).toEqual([used, true]);
  expect(next).toEqual([{ one: 1 }]);
});

test('the raw client takes it all', async () => {
  const script = `
    import { createRequire } from 'node:module';
    const { DuckDBInstance } = createRequire(process.cwd() + '/')('@duckdb/node-api');
    ${peak}
    const instance = await DuckDBInstance.create(':memory:', { memory_limit: '218MiB', threads: '1' });
    await (await instance.connect()).run(${JSON.stringify(HUGE)});
    console.log(JSON.stringify(peak()));
  `;
  const [used] = await valuesOf(script);
  expect([used, used > 800]).toEqual([used, true]);
});

test('memory that is held already does not stop a query that adds none', async () => {
  const script = `
    import { cursor } from 'cdk-duckdb-lambda/runtime';
    const held = Buffer.alloc(600 * 1024 * 1024, 1);
    const rows = await cursor((c) => c.query('SELECT count(hash(range)) AS n FROM range(30000000)'));
    console.log(JSON.stringify({ rows, held: held.length }));
  `;
  expect(await valuesOf(script, { env: LAMBDA })).toMatchObject([{ rows: [{ n: 30_000_000 }] }]);
});
