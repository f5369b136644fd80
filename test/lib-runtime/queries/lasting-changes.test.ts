import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { queryFolder } from './query-bed';
import { checkLastingChanges } from '../../../lib-runtime/queries/lasting-changes';
import { SourceErrors } from '../../../lib-runtime/queries/source-errors';
import { freshRuntime } from '../fresh-runtime';
import { rejection } from '../rejection';

function errorsOf(sql: string): string[] {
  const errors = new SourceErrors('q.sql', sql);
  checkLastingChanges(sql, errors);
  return errors.lines();
}

const SETTINGS = 'SELECT name, value FROM duckdb_settings() ORDER BY ALL';
const settingsOf = async (connection: DuckDBConnection) => JSON.stringify((await connection.runAndReadAll(SETTINGS)).getRowsJS());

/** Whether `sql` changes the settings that a connection made later has. */
async function lasts(sql: string): Promise<boolean> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  try {
    const before = await settingsOf(await instance.connect());
    await (await instance.connect()).run(sql);
    return await settingsOf(await instance.connect()) !== before;
  } finally {
    instance.closeSync();
  }
}

describe('what changes the instance in DuckDB is refused', () => {
  test.each([
    "SET default_order = 'desc'", "SET default_order TO 'desc'", 'SET"default_order"=\'desc\'', 'set Preserve_Insertion_Order = false', "SET memory_limit = '1GB'",
    "SET GLOBAL default_order = 'desc'", '/* x */ SET -- y\n GLOBAL/**/threads = 1', "SET GLOBAL TimeZone = 'Asia/Tokyo'",
    'PRAGMA threads = 1', 'PRAGMA "threads"=1', "pragma default_order='desc'", 'EXPLAIN ANALYZE SET threads = 1',
    'CALL enable_logging()', 'FROM enable_logging()', "SELECT * FROM \"enable_logging\" ('HTTP')",
    'SELECT 1; SET threads = 1; SELECT 2', "SELECT 'SET SESSION'; PRAGMA threads = 1;", 'RESET SESSION TimeZone; SET threads = 1',
  ])('%s', async (sql) => {
    expect(await lasts(sql)).toBe(true);
    expect(errorsOf(sql)).toEqual([expect.stringMatching(/^q\.sql:\d+:\d+: received .*, which can change the instance for later queries: /)]);
  });

  // Nothing shows these in the settings of a new instance.
  test.each([
    'RESET default_order', 'RESET GLOBAL default_order', 'EXPLAIN (FORMAT json) SET threads = 1', 'PRAGMA disable_checkpoint_on_shutdown', 'PRAGMA enable_checkpoint_on_shutdown',
    "PRAGMA add_parquet_key('k', '0123456789112345')", 'CALL disable_logging()',
  ])('%s', (sql) => expect(errorsOf(sql)).toHaveLength(1));
});

describe('what changes the connection is allowed', () => {
  test.each([
    "SET SESSION default_order = 'desc'", 'set session preserve_insertion_order = false', 'SET/**/SESSION/**/TimeZone = \'Asia/Tokyo\'', "SET SESSION TIME ZONE 'Asia/Tokyo'",
    "SET VARIABLE x = 'SET threads = 1'", 'RESET VARIABLE x', 'RESET SESSION default_order', 'USE memory', 'PRAGMA version', "PRAGMA table_info('duckdb_tables')", 'PRAGMA enable_profiling',
    'PRAGMA disable_optimizer', 'PRAGMA enable_verification', 'CALL enable_profiling()', 'CALL pragma_version()', 'SELECT 1 AS set', 'SELECT 1 AS "enable_logging", 2 AS enable_logging',
    "CREATE TEMP TABLE t AS SELECT 1 AS a; UPDATE t SET a = 2; SELECT 'PRAGMA threads = 1'", 'EXPLAIN SELECT 1', 'EXPLAIN ANALYZE SELECT 1', '-- SET threads = 1\nSELECT 1 /* ; SET threads = 1 */',
  ])('%s', async (sql) => {
    expect(await lasts(sql)).toBe(false);
    expect(errorsOf(sql)).toEqual([]);
  });
});

test('an error says where, and what to write', () => {
  expect(errorsOf("SELECT '😀'; SET threads = 1;\n\tset Global \"threads\" TO 2;\nRESET threads; PRAGMA threads = 2")).toEqual([
    'q.sql:1:13: received SET threads, which can change the instance for later queries: write SET SESSION threads for a setting of the connection; a setting of the instance belongs in the prop settings',
    'q.sql:2:2: received SET Global "threads", which can change the instance for later queries: write SET SESSION "threads" for a setting of the connection; a setting of the instance belongs in the prop settings',
    'q.sql:3:1: received RESET threads, which can change the instance for later queries: write RESET SESSION threads for a setting of the connection; a setting of the instance belongs in the prop settings',
    'q.sql:3:16: received PRAGMA threads =, which can change the instance for later queries: write SET SESSION threads = for a setting of the connection; a setting of the instance belongs in the prop settings',
  ]);
});

test('a handler without synthesis refuses the file as well, and a setting of the connection ends with its query', async () => {
  const handler = freshRuntime().queryHandler({
    queries: queryFolder({
      lasting: "SET default_order = 'desc'; SELECT 1",
      session: "SET SESSION default_order = 'desc'; SELECT range AS i FROM range(2) ORDER BY i",
      plain: 'SELECT range AS i FROM range(2) ORDER BY i',
    }),
  });
  expect(await rejection(handler({ query: 'lasting' }))).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(/lasting\.sql:1:1: received SET default_order, /) });
  expect(await handler({ query: 'session' })).toMatchObject({ rows: [{ i: 1 }, { i: 0 }] });
  expect(await handler({ query: 'plain' })).toMatchObject({ rows: [{ i: 0 }, { i: 1 }] });
});
