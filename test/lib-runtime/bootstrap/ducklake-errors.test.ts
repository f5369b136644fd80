import { type DuckLakeBed, startDuckLakeBed } from './ducklake-bed';
import { describeWith } from '../../bed/require';
import { freshRuntime, rejection } from '../fresh-runtime';
import { says } from '../says';

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

  test('because the database is down: it may be tried again', async () => {
    const error = await refusal(bed.reader({ port: 1 }));
    expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: true, message: expect.stringContaining('Connection refused') });
  });
});
