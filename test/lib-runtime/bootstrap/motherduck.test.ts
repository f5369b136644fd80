import { motherDuckStatements } from '../../../lib-runtime/bootstrap/motherduck';
import { startAws, type AwsServer } from '../../bed';
import { describeWith } from '../../bed/require';
import { boto } from '../boto';
import { freshRuntime } from '../fresh-runtime';
import { type Front, frontOf } from '../front';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { signedExtensions } from '../signed-extensions';

// What needs MotherDuck itself is unchecked: here it is offline.

test.each([
  [undefined, 'workspace', false, ["SET motherduck_attach_mode = 'workspace'", "ATTACH IF NOT EXISTS 'md:'"]],
  [['sales', "odd's"], 'single', true, [
    "SET motherduck_attach_mode = 'single'", 'SET motherduck_saas_mode = true', 'ATTACH IF NOT EXISTS \'md:sales\' AS "sales"', 'ATTACH IF NOT EXISTS \'md:odd\'\'s\' AS "odd\'s"',
  ]],
] as const)('the databases %j in the mode %s, SaaS mode %s: the mode is set before anything is attached', (databases, mode, saas, statements) => {
  expect(motherDuckStatements(databases, mode, saas)).toEqual(statements);
});

describeWith('aws', 'MotherDuck, offline', () => {
  let aws: AwsServer;
  let front: Front;
  let environment: Record<string, string>;

  beforeAll(async () => {
    aws = await startAws();
    front = await frontOf(aws.endpoint);
    await boto(aws, "boto3.client('ssm').put_parameter(Name='/token', Value='a-motherduck-token', Type='SecureString')");
    environment = {
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'tpch'),
      AWS_ENDPOINT_URL_SSM: front.endpoint,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'an-access-key',
      AWS_SECRET_ACCESS_KEY: 'a-secret-access-key',
    };
  });
  beforeEach(() => { front.requests.length = 0; });
  afterAll(() => Promise.all([front?.stop(), aws?.stop()]));

  const start = (stepConfig: object, provides?: string[]) => freshRuntime({
    ...environment, ...config({ steps: [{ name: 'motherduck', type: 'motherduck', ...(provides && { provides }), config: { token: { ssm: '/token' }, ...stepConfig } } as { name: string; type: string }] }),
  });

  test('nothing of it is fetched or loaded until a query needs it, and its failure is that query\'s alone', async () => {
    const { cursor } = start({ databases: ['sales'] }, ['sales']);
    await cursor((c) => c.query('SELECT 1'));
    expect(await rejection(cursor((c) => c.query('FROM nowhere.t')))).toMatchObject({ code: 'QUERY' });
    expect(front.requests).toHaveLength(0);
    const error = await rejection(cursor((c) => c.query('FROM sales.orders')));
    expect(error).toMatchObject({ code: 'BOOTSTRAP', message: expect.stringMatching(/^the bootstrap step "motherduck" failed: extension "motherduck" is not baked/) });
    expect(front.requests).toHaveLength(1);
    expect(await cursor((c) => c.queryOne('SELECT 1 AS one'))).toEqual({ one: 1 });
    expect(JSON.stringify(await cursor((c) => c.query('FROM duckdb_settings()')))).not.toContain('a-motherduck-token');
  });

  test('without named databases any unknown catalog may be its own, and md: is', async () => {
    const { cursor } = start({});
    await cursor((c) => c.query('SELECT 1'));
    expect(front.requests).toHaveLength(0);
    expect(await rejection(cursor((c) => c.query('FROM anything.t')))).toMatchObject({ code: 'BOOTSTRAP' });
    expect(await rejection(cursor((c) => c.query('FROM nothing_at_all')))).toMatchObject({ code: 'QUERY' });
    await rejection(cursor((c) => c.query("ATTACH 'md:sales'")));
    expect(front.requests).toHaveLength(1);
  });

  test('what another step provides is not looked for in MotherDuck', async () => {
    const lake = { name: 'lake', type: 'sql', provides: ['lake'], config: { statements: ["ATTACH ':memory:' AS lake", 'CREATE TABLE lake.t AS SELECT 1 AS one'] } };
    const { cursor } = freshRuntime({
      ...environment, ...config({ steps: [{ name: 'motherduck', type: 'motherduck', config: { token: { ssm: '/token' } } }, lake] }),
    });
    expect(await cursor((c) => c.queryOne('FROM lake.t'))).toEqual({ one: 1 });
    expect(front.requests).toHaveLength(0);
  });

  test('a step without a token is refused', async () => {
    expect(await rejection(start({ token: undefined }).cursor((c) => c.query('SELECT 1')))).toMatchObject({
      code: 'CONFIG', message: 'the bootstrap step "motherduck" has "token": undefined, expected {"ssm": NAME} or {"secretsManager": ARN}',
    });
  });
});
