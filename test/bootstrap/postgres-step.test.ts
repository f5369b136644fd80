import * as path from 'path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { DuckDbFunction, PostgresCredentials, PostgresEndpoint, PostgresStep, PostgresStepProps, PostgresTls, SecretSource } from '../../src';

const ENTRY = path.join(__dirname, '..', 'fixtures', 'handler.ts');
const ENV = { account: '111111111111', region: 'eu-west-1' };

let app: App;
let stack: Stack;
let password: PostgresCredentials;

beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Stack', { env: ENV });
  password = PostgresCredentials.fromPassword('reader', SecretSource.fromSsmParameter(
    StringParameter.fromSecureStringParameterAttributes(stack, 'Password', { parameterName: '/db/password' })));
});

const host = PostgresEndpoint.fromHost('db.example.com');

/** The statements of the function's policy and what its runtime reads, with what only a deployment knows as `*`. */
function bound(props: Partial<PostgresStepProps>, vpc?: ec2.IVpc): { statements: any[]; step: any } {
  const step = new PostgresStep({ endpoint: host, database: 'app', credentials: password, ...props });
  new DuckDbFunction(stack, 'Reports', { entry: ENTRY, vpc, bootstrap: [step] });
  const template = Template.fromStack(stack);
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
  const [fn] = Object.values(template.findResources('AWS::Lambda::Function'));
  const config = fn.Properties.Environment.Variables.DUCKDB_LAMBDA_CONFIG;
  const text = typeof config === 'string' ? config : config['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : '*')).join('');
  return { statements: policy.Properties.PolicyDocument.Statement, step: JSON.parse(text.replace(/:\*([,}])/g, ':"*"$1')).steps[0] };
}

const arn = (rest: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:${rest}`]] });

test('a host with a password: the secret\'s permission only, and nothing secret to the runtime', () => {
  expect(bound({})).toEqual({
    statements: [{ Effect: 'Allow', Action: 'ssm:GetParameter', Resource: arn('ssm:eu-west-1:111111111111:parameter/db/password') }],
    step: {
      name: 'postgres',
      type: 'postgres',
      provides: ['pg_replica'],
      config: {
        catalog: 'pg_replica', host: 'db.example.com', port: 5432, database: 'app', user: 'reader', password: { ssm: '/db/password' }, tls: 'require',
      },
    },
  });
});

test('what is given reaches the runtime', () => {
  expect(bound({
    name: 'orders',
    catalog: 'orders_db',
    schema: 'public',
    endpoint: PostgresEndpoint.fromHost('db.example.com', { port: 6432 }),
    tls: PostgresTls.VERIFY_FULL,
    caFile: '/opt/rds.pem',
    connectTimeout: Duration.seconds(2),
    tcpUserTimeout: Duration.seconds(3),
    keepalive: Duration.minutes(2),
    statementTimeout: Duration.minutes(1),
    maxConnections: 2,
    applicationName: 'orders',
  }).step).toEqual({
    name: 'orders',
    type: 'postgres',
    provides: ['orders_db'],
    config: {
      catalog: 'orders_db',
      host: 'db.example.com',
      port: 6432,
      database: 'app',
      user: 'reader',
      password: { ssm: '/db/password' },
      schema: 'public',
      tls: 'verify-full',
      caFile: '/opt/rds.pem',
      connectTimeout: 2,
      tcpUserTimeout: 3,
      keepalive: 120,
      statementTimeout: 60,
      maxConnections: 2,
      applicationName: 'orders',
    },
  });
});

test('a secret as RDS makes it may say where the database is', () => {
  const secret = Secret.fromSecretCompleteArn(stack, 'Secret', 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf');
  expect(bound({ endpoint: undefined, database: undefined, credentials: PostgresCredentials.fromSecret(secret) })).toEqual({
    statements: [{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf' }],
    step: expect.objectContaining({ config: { catalog: 'pg_replica', secret: { secretsManager: expect.stringMatching(/db-AbCdEf$/) }, tls: 'require' } }),
  });
});

describe('a database of RDS', () => {
  let databases: Stack;
  let vpc: ec2.Vpc;

  beforeEach(() => {
    databases = new Stack(app, 'Databases', { env: ENV });
    vpc = new ec2.Vpc(databases, 'Vpc');
  });

  const engine = rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 });

  test('in another stack: the rules lie in the function\'s, so that the stacks do not depend on each other', () => {
    const instance = new rds.DatabaseInstance(databases, 'Db', { engine, vpc, port: 5433 });
    const { step } = bound({ endpoint: PostgresEndpoint.fromInstance(instance) }, vpc);
    expect(step.config).toMatchObject({ host: '*', port: '*' });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', { IpProtocol: 'tcp', SourceSecurityGroupId: Match.anyValue() });
    expect(Template.fromStack(databases).findResources('AWS::EC2::SecurityGroupIngress')).toEqual({});
    expect(databases.dependencies).toEqual([]);
  });

  test('the reader of a cluster, signed in to by IAM', () => {
    const cluster = new rds.DatabaseCluster(databases, 'Cluster', {
      engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_17_4 }),
      vpc,
      writer: rds.ClusterInstance.serverlessV2('writer'),
    });
    const { statements, step } = bound({ endpoint: PostgresEndpoint.fromClusterReader(cluster), credentials: PostgresCredentials.fromIam('reader') }, vpc);
    expect(step.config).toMatchObject({ user: 'reader', iam: true, host: '*' });
    expect(statements).toEqual([{
      Effect: 'Allow',
      Action: 'rds-db:connect',
      Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':rds-db:eu-west-1:111111111111:dbuser:', expect.anything(), '/reader']] },
    }]);
  });

  test('a statement timeout of 0, for PgBouncer, is none', () => {
    expect(bound({ statementTimeout: Duration.seconds(0) }).step.config.statementTimeout).toBe(0);
  });

  test('a proxy, signed in to by IAM', () => {
    const instance = new rds.DatabaseInstance(databases, 'Db', { engine, vpc });
    const proxy = instance.addProxy('Proxy', { vpc, secrets: [instance.secret!] });
    const endpoint = PostgresEndpoint.fromProxy(proxy);
    const { statements, step } = bound({ endpoint, credentials: PostgresCredentials.fromIam('reader') }, vpc);
    expect(step.config.statementTimeout).toBe(0);
    expect(() => new PostgresStep({ endpoint, database: 'app', credentials: password, statementTimeout: Duration.seconds(5) })).toThrow(
      'the PostgresStep "postgres" has a statementTimeout, which an RDS proxy does not take: set it in the database');
    expect(JSON.stringify(statements)).toMatch(/"Fn::Select":\[6,\{"Fn::Split":\[":"/);
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: 5432, ToPort: 5432 });
  });

  test('needs a function in its VPC', () => {
    const instance = new rds.DatabaseInstance(databases, 'Db', { engine, vpc });
    expect(() => bound({ endpoint: PostgresEndpoint.fromInstance(instance) })).toThrow(
      'the PostgresStep "postgres" reaches a database in a VPC, but Stack/Reports is in none: give it the database\'s, as in vpc: db.vpc');
  });

  test('that is imported without its resource id cannot be signed in to by IAM', () => {
    const instance = rds.DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Imported', {
      instanceIdentifier: 'db', instanceEndpointAddress: 'db.example.com', port: 5432, securityGroups: [],
    });
    const cluster = rds.DatabaseCluster.fromDatabaseClusterAttributes(stack, 'ImportedCluster', {
      clusterIdentifier: 'db', readerEndpointAddress: 'db.example.com', port: 5432,
    });
    for (const endpoint of [host, PostgresEndpoint.fromInstance(instance), PostgresEndpoint.fromClusterReader(cluster)]) {
      const step = new PostgresStep({ endpoint, database: 'app', credentials: PostgresCredentials.fromIam('reader') });
      expect(() => step.bind(new DuckDbFunction(new Stack(), 'Fn', { entry: ENTRY, vpc: new ec2.Vpc(new Stack(), 'Vpc') }))).toThrow(
        'PostgresCredentials.fromIam needs the resource id of the database, which its endpoint does not know');
    }
  });
});

test.each<[Partial<PostgresStepProps>, string]>([
  [{ endpoint: undefined }, 'the PostgresStep "postgres" has no endpoint: give it, or use PostgresCredentials.fromSecret'],
  [{ maxConnections: 0 }, 'the PostgresStep "postgres" has maxConnections 0: expected a whole number above 0'],
  [{ database: undefined }, 'the PostgresStep "postgres" has no database'],
  [{ tls: PostgresTls.VERIFY_FULL }, 'the PostgresStep "postgres" has PostgresTls.VERIFY_FULL without caFile'],
  [{ caFile: '/opt/rds.pem' }, 'the PostgresStep "postgres" has a caFile without PostgresTls.VERIFY_FULL'],
  [{ catalog: 'main' }, 'the PostgresStep "postgres" has the catalog "main", which DuckDB uses itself'],
])('%j is refused', (props, message) => {
  expect(() => new PostgresStep({ endpoint: host, database: 'app', credentials: password, ...props })).toThrow(message);
});
