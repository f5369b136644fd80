import { type DuckLakeBed, startDuckLakeBed } from './ducklake-bed';
import { describeWith } from '../../../bed/require';
import { freshRuntime } from '../../fresh-runtime';
import { frontOf } from '../../front';
import { rejection } from '../../rejection';
import { says } from '../../says';

describeWith(['postgres', 'aws'], 'a lake that cannot be attached', () => {
  let bed: DuckLakeBed;

  beforeAll(async () => {
    bed = await startDuckLakeBed();
    const { cursor } = freshRuntime(await bed.environment([bed.writer()]));
    await cursor((c) => c.execute('CREATE TABLE lake.t AS SELECT 1 AS i'));
  });
  afterAll(() => bed?.stop());

  const refusal = async (step: object) => {
    const { cursor } = freshRuntime(await bed.environment([step]));
    return rejection(cursor((c) => c.query('FROM lake.t')));
  };
  const told = (text: string) => ({ code: 'BOOTSTRAP', retryable: false, message: expect.stringContaining(`the bootstrap step "lake" failed: ${text}`) });
  const setVersion = (version: string) => bed.postgres.postgres.query(`UPDATE ducklake_metadata SET value = '${version}' WHERE key = 'version'`);

  test('there is none, for a step that reads, and for one that may write but not make one', async () => {
    for (const changes of [{}, { access: 'WRITE' }]) {
      const error = await refusal(bed.reader({ metadataSchema: 'elsewhere', ...changes }));
      says('DUCKLAKE.missing', error.message);
      expect(error).toMatchObject(told('there is no DuckLake in the database'));
    }
  });

  test('of an older version, which is not migrated, and of a newer one', async () => {
    try {
      await setVersion('0.3');
      for (const step of [bed.reader(), bed.writer()]) {
        const error = await refusal(step);
        says('DUCKLAKE.otherVersion', error.message);
        expect(error).toMatchObject(told('the lake has the version 0.3, and this function\'s DuckDB needs 1.0'));
        expect(error.message).toContain('migrateIfNeeded: true');
      }
      await setVersion('9.1');
      expect(await refusal(bed.reader())).toMatchObject(told('the lake has the version 9.1, and this function\'s DuckDB reads only 1.0'));
    } finally {
      await setVersion('1.0');
    }
  });

  test('with its data elsewhere', async () => {
    const error = await refusal(bed.reader({ dataPath: 's3://lake/other/' }));
    says('DUCKLAKE.otherDataPath', error.message);
    expect(error).toMatchObject(told('the lake\'s data are at "s3://lake/data/", not at "s3://lake/other/"'));
  });

  test.each([
    [{ snapshotVersion: 77 }, 'version 77'],
    [{ snapshotTime: '2020-01-01T00:00:00Z' }, 'timestamp 2020-01-01 00:00:00+00'],
  ])('at a snapshot that is gone: %j', async (changes, named) => {
    const error = await refusal(bed.reader(changes));
    says('DUCKLAKE.missingSnapshot', error.message);
    expect(error).toMatchObject(told(`the lake has no snapshot of the ${named}: it has expired`));
  });

  test('by a role that may not read its tables', async () => {
    await bed.postgres.setPassword('stranger', 'a password');
    await bed.postgres.postgres.query('REVOKE pg_read_all_data FROM stranger');
    const error = await refusal(bed.reader({ user: 'stranger', password: { ssm: '/postgres/stranger' } }));
    says('DUCKLAKE.metadataDenied', error.message);
    expect(error).toMatchObject(told('the user may not read the lake\'s table "ducklake_metadata"'));
  });

  test('by a role that may not make its schema', async () => {
    const path = 's3://lake/forbidden/';
    await bed.postgres.postgres.query(`REVOKE CREATE ON DATABASE ${bed.postgres.postgres.database} FROM writer`);
    const error = await refusal(bed.writer({ metadataSchema: 'forbidden', dataPath: path, s3: { scopes: [path], region: bed.s3.region } }));
    says('POSTGRESQL.databaseDenied', error.message);
    expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: false });
  });

  test('because the database is down: it may be tried again', async () => {
    const error = await refusal(bed.reader({ port: 1 }));
    expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: true, message: expect.stringContaining('Connection refused') });
  });
});

describeWith(['postgres', 'aws'], 'a statement on a lake', () => {
  let bed: DuckLakeBed;

  beforeAll(async () => {
    bed = await startDuckLakeBed();
  });
  afterAll(() => bed?.stop());

  test('by a role that may not read the rows in the catalog', async () => {
    await bed.postgres.setPassword('stranger', 'a password');
    const writer = freshRuntime(await bed.environment([bed.writer({ dataInliningRowLimit: 10 })]));
    await writer.cursor((c) => c.execute('CREATE TABLE lake.t AS FROM range(30) t(i)'));
    await bed.postgres.postgres.query('REVOKE pg_read_all_data FROM stranger; GRANT SELECT ON ALL TABLES IN SCHEMA public TO stranger');
    await writer.cursor((c) => c.execute('CREATE TABLE lake.few (i INT); INSERT INTO lake.few VALUES (1)'));
    const { cursor } = freshRuntime(await bed.environment([bed.reader({ user: 'stranger', password: { ssm: '/postgres/stranger' } })]));
    const told = { retryable: false, message: expect.stringContaining('GRANT SELECT ON ALL TABLES IN SCHEMA "public" TO the user, and ALTER DEFAULT PRIVILEGES') };
    const error = await rejection(cursor((c) => c.query('FROM lake.few')));
    says('DUCKLAKE.emptySchema', error.message);
    expect(error).toMatchObject({ code: 'FATAL', ...told });
    expect(await rejection(cursor((c) => c.query('SELECT count(*) FROM lake.few')))).toMatchObject({ code: 'QUERY', ...told });
    expect(await cursor((c) => c.queryOne('SELECT count(*) AS n FROM lake.t'))).toEqual({ n: 30 });
  });

  describe('with a NULL where a value must be', () => {
    const start = async () => freshRuntime(await bed.environment([bed.writer()]));

    test('the instance stays whole, also in a transaction and in a stream', async () => {
      const { cursor } = await start();
      await cursor((c) => c.execute('CREATE TABLE IF NOT EXISTS lake.h (i INT); CREATE TABLE kept (i INT)'));
      const statements: [string, Record<string, unknown>?][] = [
        ['FROM lake.h AT (VERSION => NULL)'],
        ['FROM lake.h AT (VERSION => $v)', { v: null }],
        ['FROM lake.h AT (VERSION => $v::BIGINT)', { v: 1 }],
        ["FROM lake.h AT (VERSION => getvariable('unset'))"],
        ['USE lake; FROM h AT (VERSION => NULL)'],
        ["CALL ducklake_merge_adjacent_files('lake', NULL)"],
        ['CALL ducklake_merge_adjacent_files($l, $t)', { l: 'lake', t: null }],
        ["FROM ducklake_list_files('lake', NULL)"],
        ["CALL ducklake_flush_inlined_data('lake', table_name => $t)", { t: null }],
        ["CALL ducklake_rewrite_data_files('lake', 'h', schema => $s)", { s: null }],
        ['CALL lake.set_option($o, 1)', { o: null }],
        ["CALL lake.set_option('parquet_version', NULL)"],
        ["CALL ducklake_cleanup_old_files('lake', dry_run => NULL)"],
      ];
      const told = { code: 'QUERY', retryable: false, message: expect.stringContaining('a NULL was given where DuckLake needs a value') };
      for (const [sql, parameters] of statements) {
        const error = await rejection(cursor((c) => c.query(sql, parameters)));
        says('DUCKLAKE.nullArgument', error.message);
        expect({ sql, error }).toMatchObject({ error: told });
      }
      expect(await rejection(cursor((c) => c.transaction(async (t) => {
        await t.execute('INSERT INTO lake.h VALUES (1)');
        await t.query('FROM lake.h AT (VERSION => $v)', { v: null });
      })))).toMatchObject(told);
      expect(await rejection(cursor(async (c) => {
        for await (const _ of c.stream('FROM lake.h AT (VERSION => NULL)'));
      }))).toMatchObject(told);
      expect(await cursor((c) => c.query('SELECT count(*) AS n FROM lake.h, (FROM kept) UNION ALL SELECT count(*) FROM lake.h'))).toEqual([{ n: 0 }, { n: 0 }]);
    });

    test('a time', async () => {
      const { cursor } = await start();
      await cursor((c) => c.execute('CREATE TABLE IF NOT EXISTS lake.h (i INT)'));
      expect(await rejection(cursor((c) => c.query('FROM lake.h AT (TIMESTAMP => $t)', { t: null })))).toMatchObject({
        code: 'QUERY', retryable: false, message: expect.stringContaining('a NULL was given'),
      });
    });
  });

  test('that looks for a text with a NUL', async () => {
    const { cursor } = freshRuntime(await bed.environment([bed.writer()]));
    await cursor((c) => c.execute('CREATE TABLE lake.s (v VARCHAR)'));
    const error = await rejection(cursor((c) => c.query('SELECT count(*) FROM lake.s WHERE v = $v', { v: 'a\0b' })));
    says('DUCKLAKE.nulInText', error.message);
    expect(error).toMatchObject({ code: 'QUERY', retryable: false, message: expect.stringContaining('compare hex(column)') });
  });

  test.each([['WRITE', 'though the DuckLakeStep "lake" grants s3:PutObject'], ['MAINTAIN', 'may not do with LakeAccess.MAINTAIN: use LakeAccess.WRITE']])(
    '%s, and S3 refuses to store a file', async (access, told) => {
      const s3 = await frontOf(bed.s3.endpoint);
      try {
        s3.fault = (_, __, { method }) => (method === 'PUT' || method === 'POST' ? { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' } : undefined);
        const { cursor } = freshRuntime(await bed.environment([bed.writer({ access, s3: { scopes: ['s3://lake/data/'], region: bed.s3.region, endpoint: s3.endpoint } })]));
        const error = await rejection(cursor((c) => c.execute('CREATE TABLE lake.refused AS FROM range(30)')));
        says('HTTPFS.uploading', error.message);
        expect(error).toMatchObject({ code: 'QUERY', retryable: false, message: expect.stringContaining(told) });
      } finally {
        await s3.stop();
      }
    });
});
