import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runScript, valuesOf } from '../built-runtime';
import { config } from '../runtime-config';

let scratch: string;
beforeEach(() => scratch = mkdtempSync(join(tmpdir(), 'threads-')));
afterEach(() => rmSync(scratch, { recursive: true }));

/** Runs `work` in `count` threads of one process, as Lambda Managed Instances do; prints what each returns. */
function inThreads(count: number, work: string): string {
  const thread = `
    (async () => {
      const { cursor, session, DuckDB } = require('cdk-duckdb-lambda/runtime');
      const outcome = (promise) => Promise.resolve(promise).then(() => 'done', (error) => ({ code: error.code, message: error.message }));
      ${work}
    })().then((value) => require('node:worker_threads').parentPort.postMessage(value));`;
  return `
    const { Worker } = require('node:worker_threads');
    const threads = Array.from({ length: ${count} }, () => new Promise((resolve, reject) => {
      new Worker(${JSON.stringify(thread)}, { eval: true }).on('message', resolve).on('error', reject);
    }));
    Promise.all(threads).then((values) => console.log(JSON.stringify(values)));`;
}

test('no thread opens a file that another could write to: of rows that several insert, some would be lost', async () => {
  const file = join(scratch, 'shared.duckdb');
  const work = `
    const file = ${JSON.stringify(file)};
    const { DuckDBInstance } = require('@duckdb/node-api');
    return {
      DuckDB: await outcome((async () => new DuckDB({ dbName: file }).cursor((c) => c.execute('CREATE TABLE IF NOT EXISTS t (i INTEGER)')))()),
      attach: await outcome(session((s) => s.attach(file))),
      own: await outcome(session((s) => s.attach('evaluations.duckdb'))),
      declared: await outcome(cursor({ database: 'reports' }, (c) => c.query('SELECT 1'))),
      sql: await outcome(cursor((c) => c.execute("ATTACH '" + file + "' AS f"))),
      unseen: await outcome(cursor((c) => c.withConnection((connection) => connection.run("ATTACH '" + file + "' AS f")))),
      left: await cursor((c) => c.query("SELECT count(*) AS n FROM duckdb_databases() WHERE path IS NOT NULL")),
    };`;
  const env = { TMPDIR: scratch, ...config({ databases: { reports: { file } } }) };
  const [values] = await valuesOf(inThreads(2, work), { format: 'commonjs', env });
  const refused = { code: 'CONFIG', message: expect.stringMatching(/^the database file ".*" cannot be opened in a worker thread: .*rows would be lost/) };
  for (const value of values) {
    expect(value).toEqual({ DuckDB: refused, attach: refused, own: refused, declared: refused, sql: refused, unseen: refused, left: [{ n: 0 }] });
  }
  expect(values).toHaveLength(2);
});

test('in memory they work, and the log says once that they share no budget', async () => {
  const { stdout, stderr } = await runScript(inThreads(4, "return [await cursor((c) => c.query('SELECT 1 AS one')), await session((s) => s.query('SELECT 2 AS two'))];"), {
    format: 'commonjs', env: { TMPDIR: scratch },
  });
  expect(JSON.parse(stdout)).toEqual(Array(4).fill([[{ one: 1 }], [{ two: 2 }]]));
  expect(stderr.match(/DuckDB runs in a worker thread/g)).toHaveLength(1);
});

test('the main thread is not concerned, also where Lambda says that there are workers', async () => {
  const script = `
    import { DuckDB } from 'cdk-duckdb-lambda/runtime';
    const database = new DuckDB({ dbName: 'a.duckdb' });
    console.log(JSON.stringify(await database.cursor((c) => c.query('SELECT 1 AS one'))));
    await database.destroy();`;
  const { stdout, stderr } = await runScript(script, { env: { TMPDIR: scratch, AWS_LAMBDA_NODEJS_WORKER_COUNT: '2' } });
  expect(JSON.parse(stdout)).toEqual([{ one: 1 }]);
  expect(stderr).toBe('');
  expect(readdirSync(scratch).filter((name) => name.endsWith('.duckdb'))).toEqual([]);
});
