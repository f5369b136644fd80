import { type DuckLakeBed, startDuckLakeBed } from './ducklake-bed';
import { describeWith } from '../../../bed/require';
import { freshRuntime, type Runtime } from '../../fresh-runtime';
import { rejection } from '../../rejection';

describeWith(['postgres', 'aws'], 'maintenance of a lake', () => {
  let bed: DuckLakeBed;
  let runtime: Runtime;

  beforeAll(async () => {
    bed = await startDuckLakeBed();
    runtime = freshRuntime(await bed.environment([bed.writer({ access: 'MAINTAIN' })]));
    await runtime.cursor((c) => c.execute('CREATE TABLE lake.t AS FROM range(100) r(i); DROP TABLE lake.t; CREATE TABLE lake.t AS FROM range(100) r(i)'));
  });
  afterAll(() => bed?.stop());

  test.each([
    "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)",
    "CALL ducklake_delete_orphaned_files('lake', cleanup_all := 1 = 1)",
    "FROM ducklake_cleanup_old_files('lake', older_than => now())",
    "CALL DuckLake_Expire_Snapshots('lake', older_than => now() - INTERVAL 14 MINUTE)",
    "CALL ducklake_cleanup_old_files('lake', older_than => current_timestamp::TIMESTAMPTZ - to_minutes(5))",
    "CALL ducklake_delete_orphaned_files('lake', older_than => TIMESTAMPTZ '2999-01-01 00:00:00+00')",
    "SELECT 1; CALL \"ducklake_cleanup_old_files\"('lake', /* all of them, */ cleanup_all => true)",
    "FROM query('FROM ducklake_delete_orphaned_files(''lake'', cleanup_all => true)')",
    "CALL lake.set_option('delete_older_than', '5 minutes')",
    "CALL ducklake_set_option('lake', 'expire_older_than', '1 second')",
    "CALL ducklake_expire_snapshots('lake', versions => [1])",
    "FROM ducklake_expire_snapshots('lake', versions := range(9)::UBIGINT[])",
  ])('refused: %s', async (sql) => {
    expect(await rejection(runtime.cursor((c) => c.execute(sql)))).toMatchObject({
      code: 'QUERY', retryable: false, message: expect.stringContaining('give an older_than of at least 15 minutes ago'),
    });
  });

  test.each([
    "CALL ducklake_cleanup_old_files('lake', cleanup_all => true, dry_run => true)",
    "CALL ducklake_cleanup_old_files('lake')",
    "CALL ducklake_cleanup_old_files('lake', cleanup_all => false, older_than => now() - INTERVAL 1 HOUR)",
    "CALL ducklake_delete_orphaned_files('lake', older_than => now() - INTERVAL 15 MINUTE)",
    "CALL ducklake_expire_snapshots('lake', older_than => now() - INTERVAL '1 day')",
    "CALL ducklake_expire_snapshots('lake', versions => [1, 2], dry_run => true)",
    "CALL ducklake_expire_snapshots('lake', versions => [99])",
    "CALL ducklake_merge_adjacent_files('lake')",
    "CALL lake.set_option('delete_older_than', '1 hour')",
    "SELECT 'ducklake_cleanup_old_files(''lake'', cleanup_all => true)'",
    'SELECT 1 -- ducklake_cleanup_old_files(cleanup_all => true)',
  ])('allowed: %s', async (sql) => {
    await runtime.cursor((c) => c.execute(sql));
  });

  test.each<[string, object]>([
    ["CALL ducklake_cleanup_old_files('lake', older_than => $since)", { since: new Date(0) }],
    ["CALL ducklake_cleanup_old_files('lake', cleanup_all => $all)", { all: true }],
    ["SET VARIABLE since = now(); CALL ducklake_cleanup_old_files('lake', older_than => getvariable('since'))", {}],
    ["CALL ducklake_expire_snapshots('lake', versions => $versions)", { versions: [99n] }],
    ['CALL ducklake_expire_snapshots($lake, versions => [99])', { lake: 'lake' }],
    ["CALL lake.set_option('expire_older_than', $age)", { age: '1 second' }],
    ["CALL ducklake_cleanup_old_files('lake', cleanup_all => $all, older_than => CASE WHEN true THEN now() - INTERVAL 1 DAY END)", { all: true }],
  ])('refused, because its value is not known: %s', async (sql, parameters) => {
    expect(await rejection(runtime.cursor((c) => c.execute(sql, parameters as Record<string, unknown>)))).toMatchObject({
      code: 'QUERY', retryable: false, message: expect.stringContaining('parameters and variables cannot be checked here'),
    });
  });

  test('snapshots of at least 15 minutes ago may be named, in a process that has not attached the lake yet', async () => {
    const setTime = (age: string) => bed.postgres.postgres.query(`UPDATE ducklake_snapshot SET snapshot_time = now() - interval '${age}' WHERE snapshot_id = 1`);
    const expire = async (versions: string) => {
      const { cursor } = freshRuntime(await bed.environment([bed.writer({ access: 'MAINTAIN' })]));
      return cursor((c) => c.query(`SELECT snapshot_id FROM ducklake_expire_snapshots('lake', versions => ${versions})`));
    };
    await setTime('14 minutes');
    expect(await rejection(expire('[1]'))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('Snapshots that versions names must be as old') });
    await setTime('16 minutes');
    expect(await rejection(expire('[1, 2]'))).toMatchObject({ code: 'QUERY' });
    expect(await expire('[1]')).toEqual([{ snapshot_id: 1 }]);
  });

  test('if the lake cannot be attached, that is the error', async () => {
    const { cursor } = freshRuntime(await bed.environment([bed.writer({ access: 'MAINTAIN', database: 'nowhere' })]));
    expect(await rejection(cursor((c) => c.query("FROM ducklake_expire_snapshots('lake', versions => [1])")))).toMatchObject({ code: 'BOOTSTRAP' });
  });

  test('a CASE checks a parameter itself', async () => {
    await runtime.cursor((c) => c.execute(
      "CALL ducklake_cleanup_old_files('lake', older_than => CASE WHEN $days >= 1 THEN now() - to_days($days) END)", { days: 2 }));
  });
});
