import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { copyStatement, source } from '../../../lib-runtime/queries/result-copy';
import { temporaryDirectory } from '../../temporary-directory';

let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  instance = await DuckDBInstance.create();
  connection = await instance.connect();
  await connection.run("CREATE TABLE t AS SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y'; CREATE TABLE u AS SELECT 2 AS a");
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

const valuesOf = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson();

test.each([
  'SELECT a, b FROM t ORDER BY a DESC', 'FROM t', 'FROM t SELECT b', 'TABLE u', 'VALUES (1), (2)', 'SELECT 1 -- a comment', 'SELECT 1 /* a comment */', '((SELECT 1))',
  '(SELECT 1) UNION ALL (SELECT 2)', 'WITH result AS (SELECT 5 AS z) FROM result', 'SELECT a AS result FROM t AS result ORDER BY ALL',
  'WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) FROM r', 'SELECT * FROM t QUALIFY row_number() OVER (ORDER BY a) = 1',
  'SHOW t', 'SHOW TABLES', 'SHOW ALL TABLES', 'SHOW DATABASES', 'SHOW', 'DESCRIBE', 'DESCRIBE t', 'DESC t', 'DESCRIBE SELECT 1', 'SUMMARIZE u',
  'PIVOT t ON b USING sum(a)', 'PIVOT t ON b IN (\'x\') USING sum(a)', 'PIVOT_WIDER t ON b USING sum(a)', 'UNPIVOT u ON a', 'PIVOT_LONGER u ON a',
  'WITH p AS (PIVOT t ON b USING sum(a)) FROM p', 'FROM t ASOF JOIN u ON t.a >= u.a', 'SELECT * FROM u POSITIONAL JOIN t', 'SELECT count(*), count(*) FROM t',
])('the rows of "%s" can be selected from and written', async (sql) => {
  const rows = await valuesOf(sql);
  expect(await valuesOf(`FROM ${source(sql)} LIMIT 1000`)).toEqual(rows);
  const columns = await connection.runAndReadAll(`FROM ${source(sql)} LIMIT 0`);
  const types = columns.columnTypes();
  const named = columns.columnNames().map((name, index) => ({ name, type: String(types[index]) }));
  for (const format of ['parquet', 'csv', 'json', 'ndjson'] as const) {
    const [[written]] = await valuesOf(copyStatement(sql, { columns: named, types }, format, `${temporaryDirectory()}/data`)) as unknown[][] as [[unknown, unknown]];
    // RETURN_STATS has the file first, RETURN_FILES the number of rows.
    if (format !== 'parquet') expect(written).toBe(String(rows.length));
  }
});

test.each([
  'INSERT INTO u VALUES (3)', 'INSERT INTO u VALUES (3) RETURNING a', 'DELETE FROM u', 'UPDATE u SET a = 3', 'WITH x AS (SELECT 3 AS a) INSERT INTO u FROM x', 'CREATE TABLE v (i INTEGER)',
  'DROP TABLE u', 'EXPLAIN SELECT 1', 'EXPLAIN ANALYZE DELETE FROM u', 'CALL pragma_version()', 'PRAGMA version', 'SET threads = 1', "COPY u TO '/tmp/never'", 'ATTACH \':memory:\' AS x',
])('DuckDB itself refuses to select from "%s"', async (sql) => {
  await expect(valuesOf(`FROM ${source(sql)} LIMIT 1000`)).rejects.toThrow(/^(?:Failed to extract statements: )?Parser Error/);
  expect(await valuesOf('FROM u')).toEqual([[2]]);
});

describe('a Parquet file', () => {
  const written = async (sql: string, type: string) => {
    const file = `${temporaryDirectory()}/data.parquet`;
    await connection.run(copyStatement(sql, { columns: [{ name: 'h', type }, { name: 'i', type: 'INTEGER' }], types: [] }, 'parquet', file));
    return valuesOf(`SELECT h::VARCHAR, i, typeof(h) FROM '${file}'`);
  };

  test.each([['HUGEINT', 'DECIMAL(38,0)'], ['UHUGEINT', 'DECIMAL(38,0)']])('has all digits of %s, which DuckDB alone writes as a DOUBLE', async (type, exact) => {
    expect(await written(`SELECT 9007199254740993::${type} AS h, 7 AS i`, type)).toEqual([['9007199254740993', 7, exact]]);
    expect(await written(`SELECT [9007199254740993, NULL]::${type}[] AS h, 7 AS i`, `${type}[]`)).toEqual([['[9007199254740993, NULL]', 7, `${exact}[]`]]);
  });

  test('does not hold more than 38 digits: an error, not another number', async () => {
    await expect(written('SELECT 170141183460469231731687303715884105727::HUGEINT AS h, 7 AS i', 'HUGEINT')).rejects.toThrow('Conversion Error');
  });
});
