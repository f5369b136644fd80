import { npmPackages } from '../bed';
import { runScript, valuesOf } from './built-runtime';

const CONTEXT = '{ getRemainingTimeInMillis: () => 2_500 }';
const SLOW = 'SELECT count(*) FROM range(100000) a, range(100000) b WHERE hash(a.range, b.range) = 0';

test('CommonJS', async () => {
  const script = `
    const { cursor, withDuckDB } = require('cdk-duckdb-lambda/runtime');
    exports.handler = withDuckDB(async () => cursor((c) => c.query('${SLOW}')).catch((error) => error.code));
    exports.handler({}, ${CONTEXT}).then((answer) => console.log(JSON.stringify(answer)));
  `;
  expect(await valuesOf(script, { format: 'commonjs' })).toEqual(['TIMEOUT']);
});

test('an ES module that guards, and a CommonJS module that opens the cursors', async () => {
  const script = `
    import { createRequire } from 'node:module';
    import { withDuckDB } from 'cdk-duckdb-lambda/runtime';
    const { cursor } = createRequire(process.cwd() + '/x.js')('cdk-duckdb-lambda/runtime');
    const kept = [];
    const handler = withDuckDB(async () => {
      kept.push(await cursor());
      return cursor((c) => c.query('${SLOW}')).catch((error) => error.code);
    });
    console.log(JSON.stringify(await handler({}, ${CONTEXT})));
    console.log(JSON.stringify(await kept[0].query('SELECT 1').catch((error) => error.code)));
  `;
  const { stdout, stderr } = await runScript(script);
  expect(stdout).toBe('"TIMEOUT"\n"CLOSED"\n');
  expect(stderr).toMatch(/^a cursor was left open .* it was opened at .*\[eval1\]:7:/);
});

test('middy, inside and outside', async () => {
  const middy = await npmPackages('middy', ['@middy/core@6.4.5']);
  const script = `
    import middy from '${middy}/@middy/core/index.js';
    import { cursor, withDuckDB } from 'cdk-duckdb-lambda/runtime';
    const slow = async () => cursor((c) => c.query('${SLOW}')).catch((error) => error.code);
    const note = { before: async (request) => { request.event.noted = true; } };
    const quick = async (event) => ({ ...await cursor((c) => c.queryOne('SELECT 1 AS one')), noted: event.noted });
    for (const wrap of [(handler) => middy(withDuckDB(handler)).use(note), (handler) => withDuckDB(middy(handler).use(note))]) {
      console.log(JSON.stringify([await wrap(slow)({}, ${CONTEXT}), await wrap(quick)({}, { getRemainingTimeInMillis: () => 30000 })]));
    }
  `;
  expect(await valuesOf(script)).toEqual(Array(2).fill(['TIMEOUT', { one: 1, noted: true }]));
}, 120_000);
