import { type DuckLakeBed, startDuckLakeBed } from './ducklake-bed';
import { describeWith } from '../../../bed/require';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import { rejection } from '../../rejection';
import { says } from '../../says';

describeWith(['postgres', 'aws'], 'deletes from a data file that already has deleted rows', () => {
  let bed: DuckLakeBed;
  let one: Runtime;
  let other: Runtime;

  beforeAll(async () => {
    bed = await startDuckLakeBed();
    one = await start(bed.writer());
    other = await start(bed.writer());
  });
  afterAll(() => bed?.stop());

  // DuckLake would repeat each refused commit for seconds.
  const start = async (...steps: object[]) => freshRuntime(await bed.environment(steps, { settings: { ducklake_max_retry_count: 3 } }));
  const execute = ({ cursor }: Runtime, sql: string) => cursor((c) => c.execute(sql));
  const numbers = async (table: string) => {
    const { cursor } = await start(bed.reader());
    const rows = await cursor((c) => c.query<{ i: number }>(`SELECT i::INTEGER AS i FROM lake.${table} ORDER BY i`));
    return rows.map(({ i }) => i);
  };

  test.each([
    ['DELETE', 'DELETE FROM lake.$ WHERE i = 5', 'DELETE FROM lake.$ WHERE i = 6', [0, 1, 2, 3, 4, 5, 7, 8]],
    ['MERGE', 'MERGE INTO lake.$ AS t USING (SELECT 5 AS i) s ON t.i = s.i WHEN MATCHED THEN DELETE', 'MERGE INTO lake.$ AS t USING (SELECT 6 AS i) s ON t.i = s.i WHEN MATCHED THEN DELETE', [0, 1, 2, 3, 4, 5, 7, 8]],
  ])('%s: the transaction that commits second fails, and can run again', async (name, first, second, kept) => {
    const table = `by_${name.toLowerCase()}`;
    await execute(one, `CREATE TABLE lake.${table} AS SELECT i FROM range(10) r(i); DELETE FROM lake.${table} WHERE i = 9`);
    const error = await rejection(one.cursor((c) => c.transaction(async (t) => {
      await t.execute(first.replace('$', table));
      await execute(other, second.replace('$', table));
    })));
    expect(error).toMatchObject({ code: 'QUERY', retryable: true, message: expect.stringContaining('nothing of it was committed, because another writer was first') });
    says('DUCKLAKE.refusedCommit', error.message);
    expect(await numbers(table)).toEqual(kept);
  });

  test('single statements of two functions run again by themselves', async () => {
    await execute(one, 'CREATE TABLE lake.alone AS SELECT i FROM range(10) r(i); DELETE FROM lake.alone WHERE i = 9');
    await Promise.all([one, other].map(async (each, index) => {
      for (const i of [0, 2, 4]) expect(await execute(each, `DELETE FROM lake.alone WHERE i = ${i + index}`)).toMatchObject({ rowsChanged: 1 });
    }));
    expect(await numbers('alone')).toEqual([6, 7, 8]);
  });

  test('a user who does not own the tables writes without the constraint', async () => {
    await bed.postgres.postgres.query('ALTER TABLE public.ducklake_delete_file DROP CONSTRAINT one_delete_file_of_a_data_file');
    await bed.postgres.setPassword('guest', 'guest');
    await bed.postgres.postgres.query('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest');
    const constraints = async () => bed.postgres.postgres.query("SELECT conname FROM pg_constraint WHERE conname LIKE 'one_delete_file%'");
    const guest = await start(bed.writer({ user: 'guest', password: { ssm: '/postgres/guest' }, createIfMissing: undefined }));
    await execute(guest, 'CREATE TABLE lake.of_guest AS SELECT 1 AS i');
    expect(await constraints()).toEqual([]);
    await execute(await start(bed.writer({ createIfMissing: undefined })), 'INSERT INTO lake.of_guest VALUES (2)');
    expect(await constraints()).toHaveLength(1);
  });
});
