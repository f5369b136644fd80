import { startPostgresBed, type PostgresBed } from './postgres/postgres-bed';
import { secretsMadeBy } from '../../../lib-runtime/bootstrap/dropped-secrets';
import { describeWith } from '../../bed/require';
import { freshRuntime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { says } from '../says';

test.each([
  ['CREATE SECRET a (TYPE s3)', ['a']],
  ['CREATE OR REPLACE TEMPORARY SECRET IF NOT EXISTS "a ""b" (TYPE s3); create persistent secret c (TYPE s3)', ['a "b', 'c']],
  ['CREATE SECRET (TYPE s3)', []],
  ['DROP SECRET a', []],
])('the secrets of %s', (sql, names) => expect(secretsMadeBy([sql])).toEqual(names));

describeWith(['postgres', 'aws'], 'a step whose secret was dropped', () => {
  let bed: PostgresBed;
  beforeAll(async () => { bed = await startPostgresBed(); }, 120_000);
  afterAll(() => bed?.stop());

  const USERS = 'SELECT count(*) AS n FROM pg_replica.users';
  const AGAIN = "ATTACH IF NOT EXISTS '' AS again (TYPE postgres, READ_ONLY, SECRET postgres)";

  test('PostgreSQL\'s is made again when a statement names it, and by hand; the catalog stays meanwhile', async () => {
    const { cursor } = freshRuntime(await bed.environment([bed.step()]));
    expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
    await cursor((c) => c.execute('DROP SECRET postgres'));
    expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
    await cursor((c) => c.execute(AGAIN));
    expect(await cursor((c) => c.queryOne('SELECT count(*) AS n FROM again.users'))).toEqual({ n: 1000 });
    await cursor((c) => c.execute('DETACH again; DROP SECRET postgres'));
    await cursor((c) => c.bootstrap('postgres'));
    expect(await cursor((c) => c.query('SELECT name FROM duckdb_secrets()'))).toEqual([{ name: 'postgres' }]);
  });

  test('dropped and detached: the step runs again', async () => {
    const { cursor } = freshRuntime(await bed.environment([bed.step()]));
    await cursor((c) => c.queryOne(USERS));
    await cursor((c) => c.execute('DROP SECRET postgres; DETACH pg_replica'));
    expect(await cursor((c) => c.queryOne(USERS))).toEqual({ n: 1000 });
  });

  test('one that no step makes is missing as before', async () => {
    const { cursor } = freshRuntime(await bed.environment([bed.step()]));
    await cursor((c) => c.queryOne(USERS));
    const error = await rejection(cursor((c) => c.execute("ATTACH '' AS other (TYPE postgres, SECRET nobodys)")));
    expect(error).toMatchObject({ code: 'QUERY' });
    says('DUCKDB.unknownSecretStorage', error.message);
  });

  test('if secrets may be stored in files, the extension names the missing secret', async () => {
    const { cursor } = freshRuntime(await bed.environment([], { settings: { allow_persistent_secrets: true } }));
    says('POSTGRES_EXTENSION.unknownSecret', (await rejection(cursor((c) => c.execute("ATTACH '' AS other (TYPE postgres, SECRET nobodys)")))).message);
  });

  test('a SQL step\'s secret and catalog come back by hand', async () => {
    const step = {
      name: 'own',
      type: 'sql',
      provides: ['scratch'],
      config: { statements: ["CREATE OR REPLACE SECRET mine (TYPE postgres, HOST 'localhost')", "ATTACH IF NOT EXISTS ':memory:' AS scratch"] },
    };
    const { cursor } = freshRuntime({ ...await bed.environment([]), ...config({ extensions: ['postgres_scanner'], steps: [step] }) });
    await cursor(async (c) => {
      await c.bootstrap('own');
      await c.execute('DROP SECRET mine');
      await c.bootstrap('own');
      expect(await c.query('SELECT name FROM duckdb_secrets()')).toEqual([{ name: 'mine' }]);
      await c.execute('DETACH scratch');
      await c.bootstrap('own');
      expect(await c.query("SELECT database_name AS name FROM duckdb_databases() WHERE database_name = 'scratch'")).toEqual([{ name: 'scratch' }]);
    });
  });
});
