import { writesIn } from '../../../../lib-runtime/bootstrap/iceberg/iceberg-writes';
import { Statement } from '../../../../lib-runtime/execution/statement';

test.each([
  ['INSERT INTO lake.s.t VALUES (1)', 'lake.s.t'],
  ['insert or replace into "Lake"."s" . t by name FROM lake.s.other', 'lake.s.t'],
  ['WITH r AS (SELECT * FROM lake.s.other) INSERT INTO lake.s.t FROM r', 'lake.s.t'],
  ['UPDATE lake.s.t SET a = 1', 'lake.s.t'],
  ['DELETE /* all */ FROM lake.s.t USING lake.s.other', 'lake.s.t'],
  ['MERGE INTO lake.s.t AS t USING lake.s.other', 'lake.s.t'],
  ['TRUNCATE TABLE lake.s.t', 'lake.s.t'],
  ['DROP TABLE IF EXISTS lake.s.t', 'lake.s.t'],
  ['ALTER TABLE lake.s.t ADD COLUMN a INTEGER', 'lake.s.t'],
  ['CREATE SCHEMA IF NOT EXISTS lake.s', 'lake.s'],
  ['COPY FROM DATABASE other TO lake', 'COPY FROM DATABASE other TO lake'],
  ['CALL lake.f()', 'CALL lake.f()'],
])('%s writes %s', (sql, table) => {
  expect(writesIn(new Statement(sql))).toEqual([
    { text: sql, table, quotedTable: expect.any(String), ifNotExists: expect.any(Boolean), resetsPartitions: false },
  ]);
});

test.each([
  ['CREATE TABLE lake."europe.Sales".t AS SELECT 1', '"lake"."europe.Sales"."t"'],
  ['CALL lake.f()', ''],
])('%s: quoted, its table is %s', (sql, quotedTable) => {
  expect(writesIn(new Statement(sql))).toMatchObject([{ quotedTable }]);
});

test.each([
  ['CREATE TABLE lake.s.t (a INTEGER)', 'empty', false],
  ['CREATE OR REPLACE TABLE lake.s.t (a INTEGER)', 'empty', false],
  ["CREATE TABLE IF NOT EXISTS lake.s.t WITH ('location' = 's3://b/t') AS SELECT 1", 'filled', true],
  ['CREATE TEMP TABLE t AS FROM lake.s.t', undefined, false],
])('%s creates a table: %s', (sql, creates, ifNotExists) => {
  const [write] = writesIn(new Statement(sql));
  expect(write).toMatchObject({ ifNotExists });
  expect(write!.creates).toBe(creates);
});

test('statements that read are left out', () => {
  const sql = 'SELECT 1; WITH r AS (SELECT 1) FROM r, lake.s.t; BEGIN; INSERT INTO a VALUES (1); COMMIT';
  expect(writesIn(new Statement(sql)).map(({ table }) => table)).toEqual(['a']);
});
