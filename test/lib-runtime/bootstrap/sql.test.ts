import { type AwsServer, startAws } from '../../bed';
import { describeWith } from '../../bed/require';
import { boto } from '../boto';
import { freshRuntime } from '../fresh-runtime';
import { type Front, frontOf } from '../front';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { signedExtensions } from '../signed-extensions';
import { type PostgresBed, startPostgresBed } from './postgres/postgres-bed';

describeWith('aws', 'an SQL step with secrets', () => {
  let aws: AwsServer;
  let front: Front;

  beforeAll(async () => {
    aws = await startAws();
    front = await frontOf(aws.endpoint);
    await boto(aws, `
ssm = boto3.client('ssm')
ssm.put_parameter(Name='/token', Value="it's a $ecret token", Type='SecureString')
ssm.put_parameter(Name='/owner', Value='somebody', Type='String')`);
  });
  afterAll(() => Promise.all([front?.stop(), aws?.stop()]));

  test('binds them, fetched together and when it runs only, and keeps them out of what SQL can read back', async () => {
    const step = {
      name: 'iceberg',
      type: 'sql',
      provides: ['cat'],
      config: {
        statements: [
          'CREATE SECRET iceberg (TYPE s3, PROVIDER config, KEY_ID $owner, SECRET $token)',
          "ATTACH ':memory:' AS cat",
          'CREATE TABLE cat.t AS SELECT $owner AS owner, length($token) AS length',
        ],
        secrets: { token: { ssm: '/token' }, owner: { ssm: '/owner' } },
      },
    };
    const { cursor } = freshRuntime({
      AWS_ENDPOINT_URL_SSM: front.endpoint,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'an-access-key',
      AWS_SECRET_ACCESS_KEY: 'a-secret-access-key',
      ...config({ extensions: ['httpfs'], steps: [step] }),
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'tpch'),
    });
    await cursor((c) => c.query('SELECT 1'));
    expect(front.requests).toHaveLength(0);
    expect(await cursor((c) => c.queryOne('FROM cat.t'))).toEqual({ owner: 'somebody', length: 19 });
    expect(front.requests).toHaveLength(2);
    const seen = await cursor(async (c) => JSON.stringify([await c.query('FROM duckdb_secrets()'), await c.query('FROM duckdb_settings()')]));
    expect(seen).toContain('iceberg');
    expect(seen).not.toContain('$ecret');
  });
});

describeWith(['postgres', 'aws'], 'an SQL step whose secret has changed', () => {
  let bed: PostgresBed;

  beforeAll(async () => {
    bed = await startPostgresBed();
  });
  afterAll(() => bed?.stop());

  test('keeps what it has attached: its queries fail until the catalog is detached, then it runs again with the new value', async () => {
    const { port, database } = bed.postgres;
    const step = {
      name: 'shop',
      type: 'sql',
      provides: ['shop'],
      config: {
        statements: [
          `CREATE OR REPLACE SECRET shop (TYPE postgres, HOST '127.0.0.1', PORT ${port}, DATABASE '${database}', USER 'reader', PASSWORD $password)`,
          "ATTACH '' AS shop (TYPE postgres, SECRET shop, READ_ONLY)",
        ],
        secrets: { password: { ssm: '/postgres/reader', maxAgeSeconds: 1 } },
      },
    };
    const { cursor, session } = freshRuntime(await bed.environment([step]));
    const users = 'SELECT count(*)::INTEGER AS n FROM shop.public.users';
    expect(await cursor((c) => c.queryOne(users))).toEqual({ n: 1000 });

    await bed.setPassword('reader', 'the second password');
    await bed.postgres.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    bed.ssm.requests.length = 0;
    for (let i = 0; i < 2; i++) {
      expect(await rejection(cursor((c) => c.query(users)))).toMatchObject({ code: 'QUERY', message: expect.stringContaining('password authentication failed') });
    }
    expect(bed.ssm.requests).toHaveLength(0);

    expect(await session((s) => s.queryOne(users))).toEqual({ n: 1000 });
    await cursor((c) => c.execute('DETACH shop'));
    expect(await cursor((c) => c.queryOne(users))).toEqual({ n: 1000 });
  });
});
