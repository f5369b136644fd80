import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import * as fc from 'fast-check';
import { catalogNames } from '../../../lib-runtime/base/catalog-names';
import { quotedIdentifier, quotedString } from '../../../lib-runtime/base/sql-text';

const names = (sql: string, name = 'lake') => catalogNames(sql).all.has(name);

describe('the text names a catalog', () => {
  test.each([
    'SELECT x FROM lake.t', 'FROM LAKE.t', 'FROM "lake"."t"', 'FROM lake /* of the company */ . t', 'FROM lake--\n.t', 'SELECT a FROM b, lake.t', 'FROM a JOIN lake.t USING (x)',
    'FROM lake.t AT (VERSION => 1)', 'FROM lake.snapshots()', "CALL lake.set_option('a', 1)", 'SELECT lake.f(1) FROM t', 'SELECT lake.main.f(lake) FROM t AS lake',
    'SELECT 1::lake.main.mood', 'CREATE INDEX i ON lake.t (x)', 'INSERT INTO lake.t VALUES (1)', 'UPDATE lake.t SET x = 1', 'MERGE INTO lake.t USING u ON lake.x = u.x WHEN MATCHED THEN DELETE',
    'COPY lake.t TO $1', 'DROP VIEW lake.v', 'DROP TABLE IF EXISTS lake.s.t', 'ALTER TABLE IF EXISTS lake.t ADD COLUMN y INT', 'CREATE TABLE IF NOT EXISTS lake.t (i INT)',
    'USE lake', 'USE "lake"', 'DETACH lake', 'DETACH DATABASE lake', 'SHOW TABLES FROM lake', 'CHECKPOINT lake', 'FORCE CHECKPOINT lake', 'COPY FROM DATABASE lake TO memory', "EXPORT DATABASE lake TO 'x'",
    'SELECT 1; FROM lake.t', 'WITH a AS (FROM lake.t) FROM a', 'SELECT (FROM lake.t) AS x', 'SELECT 1 WHERE EXISTS (FROM lake.t)', 'SELECT lake.x FROM lake.t AS lake',
  ])('as an identifier: %s', (sql) => expect(names(sql)).toBe(true));

  test.each([
    "FROM ducklake_snapshots('lake')", "CALL ducklake_expire_snapshots('LAKE', versions => [1])", "SELECT * FROM a, iceberg_snapshots('lake.s.t')", "FROM iceberg_snapshots('\"lake\".s.t')",
    'FROM iceberg_snapshots(lake.s.t)', "FROM postgres_query('lake', 'SELECT 1')", 'FROM postgres_query(e\'lake\', $q$SELECT 1$q$)', 'FROM postgres_query($$lake$$, $1)',
    "FROM postgres_configure_pool(max_connections = 1, catalog_name = 'lake')", "CALL f(catalog => 'lake')", "CALL f(x := 'lake')", "FROM system.main.ducklake_options('lake')",
    "CALL set_commit_message(['lake'])", "PRAGMA table_info('lake.t')", "FROM query_table(['a', 'lake.t'])", "FROM query('FROM lake.t AT (VERSION => 1)')", "FROM query($$FROM f('lake')$$)",
    "SELECT nextval('lake.numbers')", "CREATE TABLE t (i INT DEFAULT nextval('lake.numbers'))", "WITH a AS (FROM ducklake_snapshots('lake')) FROM a", "INSERT INTO t (FROM ducklake_snapshots('lake'))",
    "SELECT x FROM t WHERE x IN (SELECT snapshot_id FROM ducklake_snapshots('lake'))",
  ])('in a string that is an argument: %s', (sql) => expect(names(sql)).toBe(true));

  test.each([
    ['la"ke', 'FROM "la""ke".t'], ['la"ke', "FROM f('\"la\"\"ke\".t')"], ['la"ke', "FROM f('la\"ke')"], ["la'ke", "FROM f('la''ke')"], ['la ke', 'USE "La Ke"'], ['la ke', "FROM f('la ke')"],
    ['a.b', 'FROM "a.b".t'], ['été', 'FROM été.t'], ['select', 'FROM "select".t'], ['from', 'FROM from.t'], ['x$y', 'FROM x$y.t'],
  ])('%j: %s', (name, sql) => expect(names(sql, name)).toBe(true));
});

describe('the text does not name a catalog', () => {
  test.each([
    'SELECT 1 -- FROM lake.t', 'SELECT 1 /* FROM lake.t /* */ lake.t */', "SELECT 'FROM lake.t'", "SELECT 'lake' AS text", "SELECT x FROM t WHERE name = 'lake'", "SELECT $$lake.t$$, e'\\'lake.t'",
    "FROM t WHERE name IN ('lake', 'pond')", "SELECT coalesce(x, 'lake') FROM t", "SELECT getvariable('lake')", "INSERT INTO t VALUES ('lake'), ('lake')", "FROM (VALUES ('lake'))", "EXECUTE p('lake')",
    "UPDATE t SET x = f('lake')", "FROM t WHERE f('lake') GROUP BY g('lake')", "FROM postgres_query('pg', 'FROM lake.t')", "FROM read_csv('s3://lake/lake.csv')", "FROM read_csv(x, columns = {'a': 'lake'})",
    "FROM query('SELECT 1 AS lake')", "FROM query_table(concat('lake', '.t'))",
  ])('in a comment or another string: %s', (sql) => expect(names(sql)).toBe(false));

  test.each([
    'SELECT lake FROM t', 'SELECT 1 AS lake', 'FROM lake', 'SELECT lake.x FROM orders AS lake', 'SELECT lake.x FROM orders lake', 'SELECT lake.* FROM (FROM t) lake WHERE lake.x = 1 ORDER BY lake.y',
    'WITH lake AS (SELECT 1 AS x) SELECT lake.x FROM lake', 'FROM main.lake', 'SELECT s.lake.x FROM t AS s', 'SELECT list_transform(l, lambda lake: lake.x)', 'FROM other.lake.t', 'CREATE SCHEMA IF NOT EXISTS lake',
    'CREATE TABLE lake (i INT)', 'DROP TABLE IF EXISTS lake', 'DETACH DATABASE IF EXISTS lake', 'FROM lakes.t', 'FROM my_lake.t', 'CREATE SECRET lake (TYPE postgres, DATABASE lake)', 'FROM t WHERE x = $lake',
  ])('as another name: %s', (sql) => expect(names(sql)).toBe(false));

  test.each([
    "ATTACH ':memory:' AS lake; FROM lake.t", "ATTACH 'data/lake.duckdb'; FROM lake.t", "ATTACH IF NOT EXISTS 'md:lake'; FROM lake.t; DETACH lake", 'CREATE TABLE t (i INT); ATTACH $$lake.db$$ (READ_ONLY); USE lake',
  ])('that the script attaches: %s', (sql) => expect(names(sql)).toBe(false));

  test('but a script that attaches one may name another', () => expect(names("ATTACH 'a.db' AS a; CREATE TABLE a.t AS FROM lake.t")).toBe(true));
});

test('which statements do nothing without the catalog', () => {
  const ignored = (sql: string) => catalogNames(sql).ifExists.has('lake');
  expect(['DROP TABLE IF EXISTS lake.t', 'SELECT 1; DROP SCHEMA IF EXISTS "lake".s CASCADE', 'ALTER VIEW IF EXISTS lake.v RENAME TO w'].map(ignored)).toEqual([true, true, true]);
  expect(['DROP TABLE lake.t', 'CREATE TABLE IF NOT EXISTS lake.t (i INT)', 'DROP TABLE IF EXISTS t; FROM lake.t', 'DETACH DATABASE IF EXISTS lake'].map(ignored)).toEqual(Array(4).fill(false));
});

describe('what DuckDB binds', () => {
  const CATALOGS = ['lake', 'La Ke', 'la"ke', "la'ke", 'select', 'été', 'a.b', 'x$y', '_1', 'UPPER'];
  /** Statements that need the catalog. Each space is a place for a blank. */
  const NEEDING = [
    'FROM ID . t', 'SELECT x FROM ID . main . t', 'SELECT ID . x FROM ID . t AS ID', 'SELECT ID . f ( 1 )', 'FROM ID . g ( )', 'WITH a AS ( FROM ID . t ) FROM a', 'SELECT ( SELECT max ( x ) FROM ID . t ) AS y',
    'SELECT 1 AS y WHERE EXISTS ( FROM ID . t )', 'SELECT nextval ( PATH.n )', 'FROM query ( QUERY )', 'FROM query_table ( PATH.t )', 'INSERT INTO ID . t VALUES ( 1 )', 'UPDATE ID . t SET x = 2',
    'DELETE FROM ID . t WHERE x = 5', 'DROP VIEW ID . v', 'USE ID', 'SHOW TABLES FROM ID', 'DESCRIBE ID . t', 'SUMMARIZE ID . t', 'PIVOT ID . t ON x USING count ( * )', 'CREATE TABLE ID . u AS SELECT 1 AS x',
    'PRAGMA table_info ( PATH.t )', "SELECT 'a' :: ID . main . mood", 'FROM local , ID . t AS b', 'FROM local JOIN ID . t USING ( x )', 'CREATE TABLE copied AS FROM ID . t', 'CREATE INDEX i ON ID . t ( x )',
    'CREATE TABLE with_mood ( m ID . main . mood )', 'SELECT 1 AS x UNION ALL FROM ID . t', 'CREATE VIEW w AS FROM ID . t', 'MERGE INTO local USING ID . t AS b ON false WHEN MATCHED THEN DELETE', 'DROP TABLE ID . t',
    'PREPARE p AS FROM ID . t', 'SELECT x FROM ID . t WHERE x IN ( SELECT ID . f ( 1 ) )', 'TABLE ID . t',
  ];
  /** Statements that do not. */
  const OTHERS = [
    'SELECT TEXT AS y', 'SELECT 1 AS ID', 'SELECT ID FROM ( SELECT 1 AS ID )', 'WITH ID AS ( SELECT 1 AS x ) SELECT ID . x FROM ID', 'SELECT ID . x FROM ( SELECT 1 AS x ) AS ID', 'SELECT ID . x FROM local ID',
    'SELECT coalesce ( TEXT , TEXT )', "SELECT 'a' IN ( TEXT )", 'SELECT x FROM local WHERE x :: VARCHAR = TEXT', 'FROM ( VALUES ( TEXT ) )', 'SELECT ID . * FROM local AS ID WHERE ID . x = 1', 'SELECT $$ FROM x.t $$',
    'INSERT INTO texts VALUES ( TEXT )', 'SELECT { ID : 1 }', 'CREATE TABLE ID ( ID INT )', 'DROP TABLE IF EXISTS ID', "SELECT e'\\'' || TEXT", 'SELECT list_transform ( [ 1 ] , lambda ID : ID )', 'SELECT max ( ID . x ) FROM local AS ID GROUP BY ID . x',
  ];

  const blank = (name: string) => fc.constantFrom(' ', '\n', '\t', ` /* ${name}.t ' */ `, ` -- '${name}.t' "\n`);
  /** A template as SQL, with other blanks and another form of the name wherever they may be. */
  const written = (name: string, template: string): fc.Arbitrary<string> => {
    const isPlain = /^[a-z_]\w*$/i.test(name) && name !== 'select';
    const identifier = fc.constantFrom(...isPlain ? [name, name.toUpperCase(), name.toLowerCase()] : [], quotedIdentifier(name));
    const string = (value: string) => fc.constantFrom(quotedString(value), `e${quotedString(value)}`, `$q$${value}$q$`);
    const token = (text: string): fc.Arbitrary<string> => {
      if (text === 'ID') return identifier;
      if (text === 'TEXT') return string(name);
      if (text === 'QUERY') return string(`FROM ${quotedIdentifier(name)}.t`);
      return text.startsWith('PATH') ? string(`${quotedIdentifier(name)}${text.slice(4)}`) : fc.constantFrom(text, text.toLowerCase());
    };
    const tokens = template.split(' ').flatMap((text) => [token(text), blank(name)]);
    return fc.tuple(...tokens).map((parts) => parts.join(''));
  };
  const script = fc.constantFrom(...CATALOGS).chain((name) => {
    const other = fc.constantFrom(...OTHERS).chain((template) => written(name, template));
    const needing = fc.constantFrom(...NEEDING).chain((template) => written(name, template));
    const parts = fc.tuple(fc.option(other), fc.option(needing, { freq: 2 }), fc.option(other));
    return parts.map((all) => ({ name, needs: all[1] !== null, sql: all.filter((part) => part !== null).join('; ') }));
  });

  const instances = new Map<string, DuckDBInstance>();
  const instance = async (catalog: string | undefined) => {
    const known = instances.get(catalog ?? '');
    if (known) return known;
    const made = await DuckDBInstance.create(':memory:');
    instances.set(catalog ?? '', made);
    const connection = await made.connect();
    await connection.run('CREATE TABLE local AS SELECT 1 AS x; CREATE TABLE texts (a VARCHAR)');
    if (catalog !== undefined) {
      await connection.run(`ATTACH ':memory:' AS ${quotedIdentifier(catalog)}; USE ${quotedIdentifier(catalog)};
        CREATE TABLE t AS SELECT 1 AS x; CREATE VIEW v AS FROM t; CREATE MACRO f(a) AS a + 1; CREATE MACRO g() AS TABLE SELECT 1; CREATE SEQUENCE n; CREATE TYPE mood AS ENUM ('a')`);
    }
    connection.closeSync();
    return made;
  };
  afterAll(() => instances.forEach((each) => each.closeSync()));

  /** How `sql` ends: with its rows, or an error. Nothing of it stays. */
  const outcome = async (sql: string, catalog: string | undefined): Promise<string> => {
    const connection: DuckDBConnection = await (await instance(catalog)).connect();
    try {
      await connection.run('BEGIN');
      return JSON.stringify((await connection.runAndReadAll(sql)).getRowsJson());
    } catch (error) {
      return (error as Error).message;
    } finally {
      await connection.run('ROLLBACK').catch(() => undefined);
      connection.closeSync();
    }
  };

  test('a catalog without which DuckDB answers differently is named by the text; one that stands elsewhere in the text is not', async () => {
    let differed = 0;
    await fc.assert(fc.asyncProperty(script, async ({ name, needs, sql }) => {
      const differs = await outcome(sql, undefined) !== await outcome(sql, name);
      differed += Number(differs);
      const isNamed = names(sql, name.toLowerCase());
      if (differs) expect([sql, isNamed]).toEqual([sql, true]);
      if (!needs) expect([sql, differs, isNamed]).toEqual([sql, false, false]);
    }), { numRuns: Number(process.env.FUZZ_RUNS ?? 500) });
    expect(differed).toBeGreaterThan(50);
  });
});
