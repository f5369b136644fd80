import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { queryFolder, resultsEnvironment } from './query-bed';
import { operationCounts, startFarS3, type FarS3Server } from '../../bed';
import { valuesOf } from '../built-runtime';
import { signedExtensions } from '../signed-extensions';

const QUERIES = {
  one: "SELECT g, sum(i) AS s FROM 's3://lake/1.parquet' GROUP BY g",
  glob: "SELECT g, sum(i) AS s FROM 's3://lake/*.parquet' GROUP BY g",
  parameter: "-- @param n INTEGER\nSELECT g, sum(i) AS s FROM 's3://lake/*.parquet' WHERE i > $n GROUP BY g",
};

let s3: FarS3Server;
let baked: string;

beforeAll(async () => {
  [s3, baked] = await Promise.all([startFarS3({ tls: false }), signedExtensions('httpfs')]);
  for (const bucket of ['lake', 'results']) mkdirSync(join(s3.dir, bucket));
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  for (const i of [1, 2, 3]) await connection.run(`COPY (SELECT range AS i, range % 10 AS g FROM range(1000)) TO '${s3.dir}/lake/${i}.parquet'`);
  connection.closeSync();
  instance.closeSync();
}, 120_000);
afterAll(() => s3?.stop());

/** The requests of three calls of `answer` in a process of its own. */
async function requestsOf(answer: string, config: object = {}): Promise<object> {
  const steps = [
    { name: 's3', type: 's3', config: { scopes: ['s3://lake/'], ...config } },
    { name: 'results', type: 's3', config: { scopes: ['s3://results/out/'] } },
  ];
  const env = resultsEnvironment(s3, baked, { steps });
  await s3.reset();
  await valuesOf(`
    import { readFileSync } from 'node:fs';
    import { cursor, queryHandler } from 'cdk-duckdb-lambda/runtime';
    const answer = ${answer};
    for (let i = 0; i < 3; i++) await answer();
    console.log('0');
  `, { env });
  return operationCounts(await s3.traffic());
}

test.each(Object.keys(QUERIES) as (keyof typeof QUERIES)[])('the query "%s" sends no request that a handler with its SQL would not send', async (query) => {
  const parameters = query === 'parameter' ? '{ n: 3 }' : '{}';
  const byHand = await requestsOf(`() => cursor((c) => c.query(${JSON.stringify(QUERIES[query])}, ${parameters}))`);
  const folder = queryFolder(QUERIES);
  expect(await requestsOf(`((handler) => () => handler({ query: '${query}', params: ${parameters} }))(queryHandler({ queries: '${folder}' }))`)).toEqual(byHand);
}, 60_000);

test('with @cache, a query that runs again asks for nothing', async () => {
  const folder = queryFolder({ cached: `-- @cache 60\n${QUERIES.one}` });
  const { HeadObject, GetObject } = await requestsOf(`((handler) => () => handler({ query: 'cached' }))(queryHandler({ queries: '${folder}' }))`) as Record<string, number>;
  const uncached = await requestsOf(`((handler) => () => handler({ query: 'one' }))(queryHandler({ queries: '${queryFolder(QUERIES)}' }))`) as Record<string, number>;
  expect(HeadObject).toBeLessThan(uncached.HeadObject!);
  expect(GetObject).toBe(uncached.GetObject);
}, 60_000);

test.each<[string, string, string]>([
  ['of several statements', `CREATE TEMP TABLE t AS SELECT 1; ${QUERIES.one}`, ''],
  ['whose answer is a file', QUERIES.one, ", output: { format: 'parquet' }"],
])('a query %s asks each time, with @cache as without', async (_, sql, more) => {
  const folder = queryFolder({ cached: `-- @cache 60\n${sql}`, uncached: sql });
  const heads = async (query: string) => {
    const counts = await requestsOf(`((handler) => () => handler({ query: '${query}'${more} }))(queryHandler({ queries: '${folder}' }))`) as Record<string, number>;
    return counts.HeadObject;
  };
  expect(await heads('cached')).toBe(await heads('uncached'));
}, 60_000);
