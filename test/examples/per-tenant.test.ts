import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { synthesisedExample, templateFile } from './synthesised';
import { repositoryRoot, startAws, type AwsServer } from '../bed';
import { describeWith } from '../bed/require';
import { deployed } from '../e2e/deployed';
import { boto } from '../lib-runtime/boto';
import { freshRuntime } from '../lib-runtime/fresh-runtime';
import { SHAPES } from '../lib-runtime/queries/http/events';
import { signedExtensions } from '../lib-runtime/signed-extensions';
import { temporaryDirectory } from '../temporary-directory';

/** A user for the policy of each function, who prints the access keys. */
const USERS = `
iam = boto3.client('iam')
keys = {}
for name, policy in POLICIES.items():
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName='function', PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)['AccessKey']
    keys[name] = [key['AccessKeyId'], key['SecretAccessKey']]
print(json.dumps(keys))
`;

describeWith('aws', 'the functions of tenants, with the runtime in this process and their policies held against IAM', () => {
  let aws: AwsServer;
  let resources: [string, any][];
  let keys: Record<string, [string, string]>;

  beforeAll(async () => {
    aws = await startAws({ iam: true });
    const { Resources } = JSON.parse(readFileSync(templateFile(await synthesisedExample('per-tenant'), 'Tenants'), 'utf8'));
    resources = Object.entries(Resources);
    await aws.allowUnchecked(20);
    const directory = temporaryDirectory();
    const connection = await (await DuckDBInstance.create()).connect();
    for (const [tenant, amount] of [['acme', '1.50'], ['globex', '900.00']]) {
      await connection.run(`COPY (SELECT TIMESTAMP '2025-01-31' + to_days(i::INTEGER) AS ordered_at, ${amount}::DECIMAL(10, 2) AS amount FROM range(3) t(i)) TO '${directory}/${tenant}.parquet'`);
    }
    connection.closeSync();
    await boto(aws, `
s3 = boto3.client('s3')
s3.create_bucket(Bucket='my-data-lake', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
for tenant in ['acme', 'globex']:
    s3.upload_file('${directory}/' + tenant + '.parquet', 'my-data-lake', 'tenants/' + tenant + '/orders/1.parquet')`);
    const policies = Object.fromEntries(['acme', 'globex'].map((tenant) => [tenant, deployed(of('AWS::IAM::Policy', tenant).PolicyDocument)]));
    keys = await boto(aws, `POLICIES = json.loads(${JSON.stringify(JSON.stringify(policies))})\n${USERS}`);
    await aws.allowUnchecked(0);
  }, 60_000);
  afterAll(() => aws?.stop());

  const of = (type: string, tenant: string) => resources.find(([id, { Type }]) => Type === type && id.startsWith(`Tenant${tenant}`))![1].Properties;

  /** The function of `tenant`, asked by a caller whose token has `claims`. */
  async function ask(tenant: string, claims: Record<string, string> | undefined, query = '') {
    const { queryHandler } = freshRuntime({
      // Outside of its prefix, the runtime would send no credentials: here it does, to hear what IAM says.
      DUCKDB_LAMBDA_CONFIG: deployed(of('AWS::Lambda::Function', tenant).Environment.Variables.DUCKDB_LAMBDA_CONFIG).replace(/"scopes":\[[^\]]*\]/, '"scopes":["s3://my-data-lake/"]'),
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs'),
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: keys[tenant]![0],
      AWS_SECRET_ACCESS_KEY: keys[tenant]![1],
      AWS_ENDPOINT_URL: aws.endpoint,
    });
    const handler = queryHandler({ queries: join(repositoryRoot, 'examples/per-tenant/queries') });
    const event: any = SHAPES.httpApi2({ path: `/${tenant}/monthly-sales`, query, ...claims && { caller: claims } });
    const { statusCode, body } = await handler({ ...event, pathParameters: { proxy: 'monthly-sales' } }) as any;
    return { status: statusCode, body: JSON.parse(body) };
  }

  test('answer each tenant with its own rows', async () => {
    expect(await ask('acme', { tenant: 'acme' })).toMatchObject({
      status: 200, body: { rows: [{ month: '2025-01', orders: 1, revenue: '1.50' }, { month: '2025-02', orders: 2, revenue: '3.00' }] },
    });
    expect(await ask('globex', { tenant: 'globex' })).toMatchObject({ status: 200, body: { rows: [{ revenue: '900.00' }, { revenue: '1800.00' }] } });
  });

  test('do not let the caller choose', async () => {
    expect(await ask('acme', { tenant: 'acme' }, 'tenant=globex')).toMatchObject({ status: 400 });
    expect(await ask('acme', undefined)).toMatchObject({ status: 403 });
    expect(await ask('acme', { sub: 'acme' })).toMatchObject({ status: 403 });
  });

  test('may not read the files of another tenant, even if the token is another tenant\'s', async () => {
    const logged = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    expect(await ask('acme', { tenant: 'globex' })).toMatchObject({ status: 500, body: { code: 'QUERY' } });
    // S3 has refused it.
    expect(logged.mock.calls.flat().join()).toMatch(/403/);
    logged.mockRestore();
  });

  test.each(['*', '**', 'ac*', 'acme/../globex', 'globex/orders/1.parquet?x=', '', 'acme\n'])('refuse %j as the name of a tenant', async (tenant) => {
    const logged = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const { status, body } = await ask('acme', { tenant });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body.rows).toBeUndefined();
    logged.mockRestore();
  });
});
