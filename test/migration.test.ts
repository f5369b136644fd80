import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { repositoryRoot, startFarS3, type FarS3Server } from './bed';
import { freshRuntime, type Runtime } from './lib-runtime/fresh-runtime';
import { resultsEnvironment } from './lib-runtime/queries/query-bed';
import { signedExtensions } from './lib-runtime/signed-extensions';

const TEXT = readFileSync(join(repositoryRoot, 'docs/migration.md'), 'utf8');

/** The rows of the tables in a section, as their cells, with what GitHub shows of them. */
function rowsOf(heading: string): string[][] {
  const [, section] = new RegExp(`^### ${heading}\n([^]*?)(?=^##)`, 'm').exec(TEXT)!;
  return section!.split('\n').filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')));
}

/** A cell's text, without what makes it code. */
const code = (cell: string) => cell.replace(/^`(.*)`$/, '$1');

describe('the expressions for those who come from Athena', () => {
  let connection: DuckDBConnection;
  beforeAll(async () => {
    connection = await (await DuckDBInstance.create()).connect();
  });
  afterAll(() => connection.closeSync());

  async function valueOf(expression: string): Promise<string> {
    const [[value]] = (await connection.runAndReadAll(`SELECT (${expression})::VARCHAR`)).getRows() as [[string | null]];
    return value ?? 'NULL';
  }

  const different = rowsOf('The same text, another meaning').map(([expression, athena, duckdb, instead]) => (
    { expression: code(expression!), athena: athena!, duckdb: duckdb!, instead: code(instead!) }));

  test.each(different)('$expression gives $duckdb', async ({ expression, duckdb }) => {
    expect(await valueOf(expression)).toBe(duckdb);
  });

  test.each(different.filter(({ instead }) => instead !== '–'))('$instead gives $athena', async ({ instead, athena }) => {
    expect(await valueOf(instead)).toBe(athena);
  });

  test.each(rowsOf('Functions').map(([, duckdb, gives]) => [code(duckdb!), gives!]))('%s gives %j', async (expression, gives) => {
    expect(await valueOf(expression)).toBe(gives);
  });

  test('what has the same name exists', async () => {
    const [, names] = /^These have the same names: ([^]*?)\.$/m.exec(TEXT)!;
    const sql = `SELECT try_cast('x' AS INTEGER), try(log(0)), coalesce(NULL, 1), if(true, 1, 2), date_trunc('day', now()), split('a,b', ','), split_part('a,b', ',', 2),
      substr('abc', 2), arbitrary(1), max_by(1, 2), array_agg(1), count_if(true), row_number() OVER (), lag(1) OVER ()`;
    for (const [, name] of names!.matchAll(/`(\w+)`/g)) expect(sql).toContain(`${name}(`);
    await connection.run(sql);
  });

  test('NULL comes last in either direction', async () => {
    for (const direction of ['ASC', 'DESC']) {
      const reader = await connection.runAndReadAll(`FROM (VALUES (1), (NULL), (2)) t(i) ORDER BY i ${direction}`);
      expect(reader.getRows().at(-1)).toEqual([null]);
    }
  });
});

describe('the statements for those who come from Athena', () => {
  let s3: FarS3Server;
  let runtime: Runtime;

  beforeAll(async () => {
    s3 = await startFarS3({ tls: false });
    for (const bucket of ['my-data-lake', 'my-exports']) mkdirSync(join(s3.dir, bucket));
    const steps = ['my-data-lake', 'my-exports'].map((bucket) => ({ name: bucket, type: 's3', config: { scopes: [`s3://${bucket}/`] } }));
    runtime = freshRuntime(resultsEnvironment(s3, await signedExtensions('httpfs'), { steps }));
    await runtime.cursor((c) => c.execute(`
      COPY (SELECT i AS order_id, (i * 60)::DECIMAL(10, 2) AS amount, '2025-0' || (1 + i % 3) AS month FROM range(6) t(i))
      TO 's3://my-data-lake/orders' (FORMAT parquet, PARTITION_BY (month))`));
  });
  afterAll(() => s3?.stop());

  const statements = [...TEXT.matchAll(/^```sql\n([^]*?)^```/gm)].map(([, sql]) => sql!);
  const statement = (part: string) => statements.find((sql) => sql.includes(part))!;
  const query = (sql: string) => runtime.cursor((c) => c.query(sql));

  test('there are as many as are run', () => {
    expect(statements).toHaveLength(3);
  });

  test('a folder is a table', async () => {
    expect(await query(statement('hive_types'))).toEqual([
      { month: '2025-01', revenue: '180.00' }, { month: '2025-02', revenue: '300.00' }, { month: '2025-03', revenue: '420.00' },
    ]);
  });

  test('a list becomes rows', async () => {
    expect(await query(statement('UNNEST'))).toEqual([{ id: 1, item: 'book' }, { id: 1, item: 'toy' }]);
  });

  test('UNLOAD is a COPY, which refuses a folder that has files', async () => {
    const copy = statement('PARTITION_BY');
    await query(copy);
    const large = "SELECT count(*) AS orders, min(amount) AS least FROM 's3://my-exports/large/*/*.parquet'";
    expect(await query(large)).toEqual([{ orders: 4, least: '120.00' }]);
    await expect(query(copy)).rejects.toThrow('not empty');
  });

  test('a folder is described, the path of a row is known, and a column may be missing in a file', async () => {
    expect(await query("DESCRIBE FROM 's3://my-data-lake/orders/*/*.parquet'")).toContainEqual(expect.objectContaining({ column_name: 'amount', column_type: 'DECIMAL(10,2)' }));
    expect(await query("SELECT DISTINCT filename FROM read_parquet('s3://my-data-lake/orders/month=2025-01/*.parquet')"))
      .toEqual([{ filename: expect.stringMatching(/^s3:\/\/my-data-lake\/orders\/month=2025-01\//) }]);
    await query("COPY (SELECT 1 AS a, 2 AS b) TO 's3://my-exports/columns/2.parquet'; COPY (SELECT 1 AS a) TO 's3://my-exports/columns/1.parquet'");
    expect(await query("SELECT b FROM read_parquet('s3://my-exports/columns/*.parquet', union_by_name = true) ORDER BY b")).toEqual([{ b: 2 }, { b: null }]);
  });

  test('the types of folders are found', async () => {
    await query("COPY (SELECT 1 AS i, '2025-01-31' AS day, '1' AS n) TO 's3://my-exports/types' (FORMAT parquet, PARTITION_BY (day, n))");
    expect(await query("SELECT typeof(day) AS day, typeof(n) AS n FROM 's3://my-exports/types/*/*/*.parquet'")).toEqual([{ day: 'DATE', n: 'BIGINT' }]);
  });
});
