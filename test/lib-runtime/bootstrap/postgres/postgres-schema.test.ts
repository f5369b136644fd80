import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PostgresBed, startPostgresBed } from './postgres-bed';
import type { Cursor } from '../../../../lib-runtime';
import { startPgBouncer } from '../../../bed';
import { describeWith } from '../../../bed/require';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import { rejection } from '../../rejection';
import { type Line, says } from '../../says';

/** What another client does to a table that was read, and what a warm process reads then. */
const CHANGES: Record<string, { made: string; changed: string; then?: string; rows: object[] }> = {
  'a wider integer': { made: 'CREATE TABLE t AS SELECT 7::int AS v', changed: 'ALTER TABLE t ALTER v TYPE bigint; UPDATE t SET v = 5000000000', rows: [{ v: 5_000_000_000 }] },
  'a smaller integer': { made: 'CREATE TABLE t AS SELECT 7::bigint AS v', changed: 'ALTER TABLE t ALTER v TYPE smallint', rows: [{ v: 7 }] },
  'another scale': { made: 'CREATE TABLE t AS SELECT 1.25::numeric(10,2) AS v', changed: 'ALTER TABLE t ALTER v TYPE numeric(12,4)', rows: [{ v: '1.2500' }] },
  'more digits, which rewrites no row': {
    made: 'CREATE TABLE t AS SELECT 1.25::numeric(4,2) AS v',
    changed: 'ALTER TABLE t ALTER v TYPE numeric(12,2); UPDATE t SET v = 1234567890.12',
    rows: [{ v: '1234567890.12' }],
  },
  'numeric without precision': { made: 'CREATE TABLE t AS SELECT 1.25::numeric(4,2) AS v', changed: 'ALTER TABLE t ALTER v TYPE numeric', rows: [{ v: 1.25 }] },
  'date to timestamp': { made: "CREATE TABLE t AS SELECT date '2020-01-02' AS v", changed: 'ALTER TABLE t ALTER v TYPE timestamp', rows: [{ v: new Date('2020-01-02') }] },
  'boolean to integer': { made: 'CREATE TABLE t AS SELECT true AS v', changed: 'ALTER TABLE t ALTER v TYPE int USING 7', rows: [{ v: 7 }] },
  'real to double': { made: 'CREATE TABLE t AS SELECT 1.5::real AS v', changed: 'ALTER TABLE t ALTER v TYPE float8', rows: [{ v: 1.5 }] },
  'double to real': { made: 'CREATE TABLE t AS SELECT 1.5::float8 AS v', changed: 'ALTER TABLE t ALTER v TYPE real', rows: [{ v: 1.5 }] },
  'text to a number': { made: "CREATE TABLE t AS SELECT '7'::text AS v", changed: 'ALTER TABLE t ALTER v TYPE int USING v::int', rows: [{ v: 7 }] },
  'text to jsonb': { made: "CREATE TABLE t AS SELECT '[1]'::text AS v", changed: 'ALTER TABLE t ALTER v TYPE jsonb USING v::jsonb', rows: [{ v: '[1]' }] },
  'text to bytea': { made: "CREATE TABLE t AS SELECT 'ab'::text AS v", changed: 'ALTER TABLE t ALTER v TYPE bytea USING v::bytea', rows: [{ v: Uint8Array.from([97, 98]) }] },
  'a domain': { made: 'CREATE DOMAIN d AS int; CREATE TABLE t AS SELECT 7::d AS v', changed: 'ALTER TABLE t ALTER v TYPE float8', rows: [{ v: 7 }] },
  'a domain of another type': {
    made: 'CREATE DOMAIN d AS int; CREATE TABLE t AS SELECT 7::d AS v',
    changed: 'DROP TABLE t; DROP DOMAIN d; CREATE DOMAIN d AS float8; CREATE TABLE t AS SELECT 1.5::d AS v',
    // The extension reads every domain as text.
    rows: [{ v: '1.5' }],
  },
  'an array of wider integers': { made: 'CREATE TABLE t AS SELECT ARRAY[1, 2] AS v', changed: 'ALTER TABLE t ALTER v TYPE bigint[]', rows: [{ v: [1, 2] }] },
  'an array in place of its element': { made: 'CREATE TABLE t AS SELECT 7 AS v', changed: 'ALTER TABLE t ALTER v TYPE int[] USING ARRAY[v]', rows: [{ v: [7] }] },
  'a new enum value': {
    made: "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t AS SELECT 'a'::mood AS v",
    changed: "ALTER TYPE mood ADD VALUE 'c'",
    then: "UPDATE t SET v = 'c'",
    rows: [{ v: 'c' }],
  },
  'a new enum value in an array': {
    made: "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t AS SELECT ARRAY['a'::mood] AS v",
    changed: "ALTER TYPE mood ADD VALUE 'c'",
    then: "UPDATE t SET v = '{c}'",
    rows: [{ v: ['c'] }],
  },
  'an enum value of another name': {
    made: "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t AS SELECT 'a'::mood AS v", changed: "ALTER TYPE mood RENAME VALUE 'a' TO 'z'", rows: [{ v: 'z' }],
  },
  'a renamed column': { made: 'CREATE TABLE t AS SELECT 7 AS v, 8 AS w', changed: 'ALTER TABLE t RENAME v TO x', rows: [{ x: 7, w: 8 }] },
  'two columns that swap names': {
    made: 'CREATE TABLE t AS SELECT 7::bigint AS v, 1.5::float8 AS w',
    changed: 'ALTER TABLE t RENAME v TO x; ALTER TABLE t RENAME w TO v; ALTER TABLE t RENAME x TO w',
    rows: [{ w: 7, v: 1.5 }],
  },
  'a dropped column': { made: 'CREATE TABLE t AS SELECT 7 AS v, 8 AS w', changed: 'ALTER TABLE t DROP w', rows: [{ v: 7 }] },
  'a new column': { made: 'CREATE TABLE t AS SELECT 7 AS v', changed: 'ALTER TABLE t ADD w int DEFAULT 3', rows: [{ v: 7, w: 3 }] },
  'a column that was dropped and made again': {
    made: 'CREATE TABLE t AS SELECT 7 AS v, 8 AS w', changed: 'ALTER TABLE t DROP w; ALTER TABLE t ADD w float8 DEFAULT 1.5', rows: [{ v: 7, w: 1.5 }],
  },
  'a table in place of another one': { made: 'CREATE TABLE t AS SELECT 7 AS v', changed: 'ALTER TABLE t RENAME TO old; CREATE TABLE t AS SELECT 1.5::float8 AS v', rows: [{ v: 1.5 }] },
  'a table that was dropped and made again': { made: 'CREATE TABLE t AS SELECT 7 AS v', changed: "DROP TABLE t; CREATE TABLE t AS SELECT 'x'::text AS v", rows: [{ v: 'x' }] },
  'a view in place of a table': { made: 'CREATE TABLE t AS SELECT 7 AS v', changed: 'ALTER TABLE t RENAME TO old; CREATE VIEW t AS SELECT v::text AS v FROM old', rows: [{ v: '7' }] },
  'a view with one more column': {
    made: 'CREATE TABLE u AS SELECT 7 AS v, 1.5::float8 AS w; CREATE VIEW t AS SELECT v FROM u', changed: 'CREATE OR REPLACE VIEW t AS SELECT v, w FROM u', rows: [{ v: 7, w: 1.5 }],
  },
  'a view that was dropped and made again': {
    made: 'CREATE TABLE u AS SELECT 7 AS v, 1.5::float8 AS w; CREATE VIEW t AS SELECT v FROM u', changed: 'DROP VIEW t; CREATE VIEW t AS SELECT w AS v FROM u', rows: [{ v: 1.5 }],
  },
  'a materialized view that was dropped and made again': {
    made: 'CREATE TABLE u AS SELECT 7 AS v, 1.5::float8 AS w; CREATE MATERIALIZED VIEW t AS SELECT v FROM u',
    changed: 'DROP MATERIALIZED VIEW t; CREATE MATERIALIZED VIEW t AS SELECT w AS v FROM u',
    rows: [{ v: 1.5 }],
  },
  'a new partition': {
    made: 'CREATE TABLE t (v int) PARTITION BY RANGE (v); CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10); INSERT INTO t VALUES (7)',
    changed: 'CREATE TABLE q PARTITION OF t FOR VALUES FROM (10) TO (20); INSERT INTO t VALUES (11)',
    rows: [{ v: 7 }, { v: 11 }],
  },
};

const QUERY = 'FROM pg_replica.changing.t';

describeWith(['postgres', 'aws'], 'PostgreSQL\'s schema changes while the process is warm', () => {
  let bed: PostgresBed;
  let runtime: Runtime;

  beforeAll(async () => {
    bed = await startPostgresBed({ settings: { log_statement: 'all' } });
    runtime = await start();
  });
  afterAll(() => bed?.stop());

  const start = async (step = bed.step(), settings: Record<string, unknown> = {}) => freshRuntime(await bed.environment([step], { settings }));
  const log = () => readFileSync(join(bed.postgres.dataDir, '../log'), 'utf8');
  const inSchema = (sql: string) => bed.postgres.query(`SET search_path = changing; ${sql}`);
  const make = async (sql: string) => {
    await bed.postgres.query('DROP SCHEMA IF EXISTS changing CASCADE; CREATE SCHEMA changing');
    await inSchema(sql);
  };
  const change = async ({ changed, then }: { changed: string; then?: string }) => {
    await inSchema(changed);
    if (then !== undefined) await inSchema(then);
  };
  const read = ({ cursor }: Runtime) => cursor((c) => c.query(QUERY));

  test.each(Object.entries(CHANGES))('%s: the next query reads what is there now', async (_, { made, rows, ...changes }) => {
    await make(made);
    await read(runtime);
    await change(changes);
    expect(await read(runtime)).toEqual(rows);
    // Also by those that ask in other ways.
    expect(await runtime.cursor((c) => c.query('SELECT t.* FROM pg_replica.changing.t WHERE $n = 1', { n: 1 }))).toEqual(rows);
  });

  describe('a schema that another client makes', () => {
    /** How often DuckDB has asked which schemas there are. */
    const looks = () => log().split('FROM pg_namespace').length;
    beforeEach(async () => {
      await bed.postgres.query('DROP SCHEMA IF EXISTS made CASCADE; DROP SCHEMA IF EXISTS renamed CASCADE');
      await make('CREATE TABLE t AS SELECT 7 AS v');
      await read(runtime);
    });

    const NEW = 'CREATE SCHEMA made; CREATE TABLE made.t AS SELECT 8 AS v';
    test.each<[string, string, (c: Cursor) => Promise<unknown>]>([
      ['made, with a table', NEW, (c) => c.query('FROM pg_replica.made.t')],
      ['renamed', 'CREATE SCHEMA made; CREATE TABLE made.t AS SELECT 8 AS v; ALTER SCHEMA made RENAME TO renamed', (c) => c.query('FROM pg_replica.renamed.t')],
      ['by prepared parameters', NEW, (c) => c.query('FROM pg_replica.made.t WHERE v = $v', { v: 8 })],
      ['by a stream', NEW, async (c) => {
        const rows: unknown[] = [];
        for await (const batch of c.stream('FROM pg_replica.made.t')) rows.push(...batch);
        return rows;
      }],
      ['by a write', NEW, async (c) => {
        await c.execute('CREATE OR REPLACE TEMP TABLE copied AS FROM pg_replica.made.t');
        return c.query('FROM copied');
      }],
      ['in a transaction', NEW, (c) => c.transaction((t) => t.query('FROM pg_replica.made.t'))],
      ['by USE', NEW, async (c) => {
        await c.execute('USE pg_replica');
        return c.query('FROM made.t');
      }],
      ['by USE of itself', NEW, async (c) => {
        await c.execute('USE pg_replica.made');
        return c.query('FROM t');
      }],
    ])('%s: the next statement reads it', async (_, changed, way) => {
      await bed.postgres.query(changed);
      expect(await runtime.cursor(way)).toEqual([{ v: 8 }]);
      // And a table that comes to it later.
      const name = changed.includes('RENAME') ? 'renamed' : 'made';
      await bed.postgres.query(`CREATE TABLE ${name}.later AS SELECT 9 AS v`);
      expect(await runtime.cursor((c) => c.query(`FROM pg_replica.${name}.later`))).toEqual([{ v: 9 }]);
    });

    test('of one that there is not the schemas are read anew once, and the error says so', async () => {
      const before = looks();
      const failure = { code: 'QUERY', retryable: false };
      expect(await rejection(runtime.cursor((c) => c.query('FROM pg_replica.nowhere.t')))).toMatchObject({
        ...failure, message: expect.stringContaining('there is no catalog or schema "nowhere"'),
      });
      expect(looks() - before).toBe(1);
    });

    test('a table that there is not, or what PostgreSQL has no part in, lets nobody read them anew', async () => {
      const before = looks();
      for (const sql of ['FROM pg_replica.changing.nowhere', 'FROM nowhere.t', 'SELECT pg_replica.changing.t.x FROM pg_replica.changing.t']) {
        expect(await rejection(runtime.cursor((c) => c.query(sql)))).toMatchObject({ code: 'QUERY' });
      }
      await read(runtime);
      expect(looks() - before).toBe(0);
    });
  });

  test('a new enum value where a statement cannot run again: an error that may be tried again, and then it answers', async () => {
    const { made, rows, ...changes } = CHANGES['a new enum value']!;
    const ways: Record<string, (c: Cursor) => Promise<unknown>> = {
      'in a transaction': (c) => c.transaction((t) => t.query(QUERY)),
      'no SELECT': async (c) => {
        await c.execute(`CREATE OR REPLACE TEMP TABLE copied AS ${QUERY}`);
        return c.query('FROM copied');
      },
    };
    for (const way of Object.values(ways)) {
      await make(made);
      const { cursor } = await start();
      await cursor((c) => c.query(QUERY));
      await change(changes);
      const error = await rejection(cursor(way));
      expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: true });
      expect(error.message).toContain('was out of date, and was renewed; the statement did not run again');
      says('POSTGRES_EXTENSION.unknownEnumValue', error.message);
      expect(await cursor(way)).toEqual(rows);
    }
  });

  test('what changes under a transaction that has begun to read is known to those that follow it', async () => {
    await make('CREATE TABLE t AS SELECT 7::bigint AS v, 1.5::float8 AS w; CREATE TABLE other AS SELECT 1 AS v');
    await read(runtime);
    await runtime.cursor((c) => c.transaction(async (t) => {
      await t.query('FROM pg_replica.changing.other');
      await change(CHANGES['two columns that swap names']!);
      // It sees the database as it was: the extension then reads the columns so, and would keep them.
      await t.query('SELECT count(*) FROM pg_replica.changing.t');
    }));
    expect(await read(runtime)).toEqual([{ w: 7, v: 1.5 }]);
  });

  test('a warm query asks once whether something has changed, on a connection of the pool, and reads no columns anew while nothing has', async () => {
    await make('CREATE TABLE t AS SELECT 7 AS v');
    const statements = async (settings: Record<string, unknown>) => {
      const { cursor } = await start(bed.step(), settings);
      for (let i = 0; i < 3; i++) await cursor((c) => c.query(QUERY));
      const before = log().length;
      await cursor((c) => c.query(QUERY));
      return log().slice(before).split('\n').filter((line) => /LOG: {2}(?:statement|execute)/.test(line)).length;
    };
    // The question, and what the pool checks a connection by: SELECT 1 twice, DISCARD ALL.
    expect(await statements({}) - await statements({ pg_staleness_query_enabled: false })).toBe(4);
  });

  test('by a user whose name needs quotes', async () => {
    await bed.postgres.query('CREATE ROLE "A ""Reader" LOGIN PASSWORD \'it\'\'s $ecret\'; GRANT pg_read_all_data TO "A ""Reader"');
    const { cursor } = await start(bed.step({ user: 'A "Reader' }));
    await make('CREATE TABLE t AS SELECT 7 AS v');
    for (let i = 0; i < 2; i++) expect(await cursor((c) => c.query(QUERY))).toEqual([{ v: 7 }]);
  });

  test('a composite type that changes is a limit of the extension: until a new process, or by hand', async () => {
    await make('CREATE TYPE pair AS (x bigint, y float8); CREATE TABLE t AS SELECT ROW(1, 1.5)::pair AS v');
    const { cursor } = await start();
    expect(await cursor((c) => c.query(QUERY))).toEqual([{ v: { x: 1, y: 1.5 } }]);
    await inSchema('ALTER TYPE pair RENAME ATTRIBUTE x TO z');
    expect(await cursor((c) => c.query(QUERY))).toEqual([{ v: { x: 1, y: 1.5 } }]);
    await cursor((c) => c.query('CALL pg_clear_cache()'));
    expect(await cursor((c) => c.query(QUERY))).toEqual([{ v: { z: 1, y: 1.5 } }]);
  });

  test('a user\'s setting wins: it may be turned off', async () => {
    const off = await start(bed.step(), { pg_staleness_query_enabled: false });
    expect(await off.cursor((c) => c.queryOne("SELECT current_setting('pg_staleness_query_enabled') AS enabled"))).toEqual({ enabled: false });
  });

  test.each<[change: string, line: Line]>([
    ['ALTER TABLE t RENAME v TO x', 'POSTGRES_EXTENSION.unknownColumn'], ['DROP TABLE t', 'POSTGRES_EXTENSION.unknownRelation'],
  ])('where it is off, after %s: the extension says that it read by an old schema', async (changed, line) => {
    await make('CREATE TABLE t AS SELECT 7 AS v');
    const off = await start(bed.step(), { pg_staleness_query_enabled: false });
    await read(off);
    await inSchema(changed);
    says(line, (await rejection(off.cursor((c) => c.transaction((t) => t.query(QUERY))))).message);
  });

  test('where the configuration is locked: it is on', async () => {
    const { made, rows, ...changes } = CHANGES['more digits, which rewrites no row']!;
    const locked = await start(bed.step(), { lock_configuration: true });
    await make(made);
    await read(locked);
    await change(changes);
    expect(await read(locked)).toEqual(rows);
  });
});

describeWith(['postgres', 'aws', 'pgbouncer'], 'PostgreSQL\'s schema changes behind PgBouncer', () => {
  test('the next query reads what is there now', async () => {
    const bed = await startPostgresBed();
    const bouncer = await startPgBouncer(bed.postgres);
    try {
      const step = bed.step({ port: bouncer.port, tls: 'disable', disableStatementTimeout: true });
      const { cursor } = freshRuntime(await bed.environment([step]));
      for (const { made, changed, then, rows } of Object.values(CHANGES)) {
        await bed.postgres.query(`DROP SCHEMA IF EXISTS changing CASCADE; CREATE SCHEMA changing; SET search_path = changing; ${made}`);
        await cursor((c) => c.query(QUERY));
        for (const sql of [changed, then ?? 'SELECT 1']) await bed.postgres.query(`SET search_path = changing; ${sql}`);
        expect(await cursor((c) => c.query(QUERY))).toEqual(rows);
      }
    } finally {
      await bouncer.stop();
      await bed.stop();
    }
  });
});
