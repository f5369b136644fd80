import { runScript } from '../built-runtime';
import { queryFolder } from '../queries/query-bed';
import { config } from '../runtime-config';

/** A document of CloudWatch's embedded metric format. */
interface Document {
  readonly _aws: { Timestamp: number; CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[] };
  readonly [key: string]: any;
}

const UNITS = ['Milliseconds', 'Count', 'Bytes'];

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
function expectValid(document: Document): void {
  expect(Math.abs(document._aws.Timestamp - Date.now())).toBeLessThan(120_000);
  expect(document._aws.CloudWatchMetrics).not.toHaveLength(0);
  expect(JSON.stringify(document).length).toBeLessThan(256 * 1024);
  for (const { Namespace, Dimensions, Metrics } of document._aws.CloudWatchMetrics) {
    expect(Namespace).toMatch(/^[\w./#:-]{1,255}$/);
    expect(Metrics.length).toBeGreaterThan(0);
    expect(Metrics.length).toBeLessThanOrEqual(100);
    for (const dimensions of Dimensions) {
      expect(dimensions.length).toBeLessThanOrEqual(30);
      for (const name of dimensions) expect(document[name]).toMatch(/^\S.{0,1023}$/);
    }
    for (const { Name, Unit } of Metrics) {
      expect(UNITS).toContain(Unit);
      const values = [document[Name]].flat();
      expect(values.length).toBeGreaterThan(0);
      expect(values.length).toBeLessThanOrEqual(100);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  }
}

const STEP = { name: 'warehouse', type: 'sql', config: { statements: ["ATTACH ':memory:' AS warehouse"] }, provides: ['warehouse'] };

async function printedBy(script: string, metrics: boolean, env: Record<string, string> = {}): Promise<{ documents: Document[]; others: string[] }> {
  const { code, stdout, stderr } = await runScript(script, {
    env: { AWS_LAMBDA_FUNCTION_NAME: 'reports', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024', ...config({ steps: [STEP], ...metrics && { metrics } } as never), ...env },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.trim().split('\n').filter(Boolean);
  const isDocument = (line: string) => line.includes('"_aws"');
  return { documents: lines.filter(isDocument).map((line) => JSON.parse(line)), others: lines.filter((line) => !isDocument(line)) };
}

const named = (document: Document) => document._aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name)).sort();

test('under withDuckDB: one document an invocation, and one for each bootstrap step that ran', async () => {
  const { documents } = await printedBy(`
    import { cursor, withDuckDB } from 'cdk-duckdb-lambda/runtime';
    const handler = withDuckDB(() => cursor(async (c) => {
      await c.query('SELECT 1 FROM range(3)');
      await c.execute('CREATE OR REPLACE TABLE warehouse.t AS SELECT 1');
      for await (const _ of c.stream('FROM range(5000)')) continue;
      await c.query('FROM missing').catch(() => undefined);
    }));
    await handler();
    await handler();
  `, true);
  documents.forEach(expectValid);
  expect(documents.map((document) => [document.FunctionName, document.Step, named(document)])).toEqual([
    ['reports', undefined, ['ColdStartDuration', 'MemoryBytes', 'QueryDuration', 'Rows', 'SpillBytes']],
    ['reports', 'warehouse', ['BootstrapDuration']],
    ['reports', undefined, ['DuckDbErrors']],
    ['reports', undefined, ['MemoryBytes', 'QueryDuration', 'Rows', 'SpillBytes']],
    ['reports', undefined, ['DuckDbErrors']],
  ]);
  const [first, step, error, second] = documents;
  expect(error).toMatchObject({ Code: 'QUERY', DuckDbErrors: [1], _aws: { CloudWatchMetrics: [{ Dimensions: [['FunctionName'], ['FunctionName', 'Code']] }] } });
  expect(first!._aws.CloudWatchMetrics[0]).toMatchObject({ Namespace: 'DuckDbLambda', Dimensions: [['FunctionName']] });
  expect(step!._aws.CloudWatchMetrics[0]).toMatchObject({ Dimensions: [['FunctionName'], ['FunctionName', 'Step']] });
  expect(first!.Rows).toEqual([3, 1, 5000]);
  expect(first!.QueryDuration).toHaveLength(4);
  expect(second!.QueryDuration).toHaveLength(4);
  expect(first!.MemoryBytes[0]).toBeGreaterThan(50_000_000);
});

test('without it: a document each time, as there may be no later', async () => {
  const { documents } = await printedBy("import { cursor } from 'cdk-duckdb-lambda/runtime'; await cursor((c) => c.query('SELECT 1'));", true);
  documents.forEach(expectValid);
  expect(documents.flatMap(named).sort()).toEqual(['ColdStartDuration', 'MemoryBytes', 'MemoryBytes', 'QueryDuration', 'Rows', 'SpillBytes']);
});

test('more values than CloudWatch takes in one document: several', async () => {
  const { documents } = await printedBy(`
    import { cursor, withDuckDB } from 'cdk-duckdb-lambda/runtime';
    await withDuckDB(() => cursor(async (c) => { for (let i = 0; i < 250; i++) await c.query('SELECT 1'); }))();
  `, true);
  documents.forEach(expectValid);
  expect(documents.flatMap(({ QueryDuration = [] }) => QueryDuration)).toHaveLength(250);
});

test.each([
  ['a query', 'await c.query(SORT)'],
  ['a stream', 'for await (const _ of c.stream(SORT)) continue'],
])('spill of %s is seen while it lasts', async (_, work) => {
  const { documents } = await printedBy(`
    import { cursor, withDuckDB } from 'cdk-duckdb-lambda/runtime';
    await withDuckDB(() => cursor(async (c) => {
      await c.execute("SET memory_limit = '120MB'");
      const SORT = 'SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY hash(range), range::VARCHAR) AS n FROM range(4000000))';
      ${work};
    }))();
  `, true);
  expect(Math.max(...documents[0]!.SpillBytes)).toBeGreaterThan(10_000_000);
});

test('of a query function: the duration of each query\'s answers, and each error once', async () => {
  const folder = queryFolder({ one: 'SELECT 1 AS one', broken: "SELECT error('boom')" });
  const { documents } = await printedBy(`
    import { queryHandler } from 'cdk-duckdb-lambda/runtime';
    const handler = queryHandler({ queries: ${JSON.stringify(folder)} });
    await handler({ query: 'one' });
    for (const event of [{ query: 'broken' }, { query: 'one', params: { n: 1 } }, { query: 'none' }]) await handler(event).catch(() => undefined);
  `, true);
  documents.forEach(expectValid);
  const of = (metric: string) => documents.filter((document) => metric in document)
    .map(({ Query, Code, [metric]: values }) => [Query ?? Code, values.length]);
  expect(of('AnswerDuration')).toEqual([['one', 1], ['broken', 1], ['one', 1]]);
  expect(of('DuckDbErrors')).toEqual([['QUERY', 1], ['PARAMETER', 1], ['CONFIG', 1]]);
});

test('off: none', async () => {
  const { documents, others } = await printedBy("import { cursor } from 'cdk-duckdb-lambda/runtime'; await cursor((c) => c.query('SELECT 1'));", false);
  expect(documents).toEqual([]);
  expect(others.map((line) => JSON.parse(line).message)).toEqual(['duckdb cold start']);
});
