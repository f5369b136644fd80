import * as path from 'path';
import { App, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { DuckDbFunction, PostgresCredentials, PostgresEndpoint, PostgresStep, PostgresStepProps, PostgresTls, SecretSource } from '../../../src';

const ENTRY = path.join(__dirname, '../..', 'fixtures', 'handler.ts');
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
        catalog: 'pg_replica', host: 'db.example.com', port: 5432, database: 'app', user: 'reader', password: { ssm: '/db/password' },
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
      connectTimeoutSeconds: 2,
      tcpUserTimeoutSeconds: 3,
      keepaliveSeconds: 120,
      statementTimeoutSeconds: 60,
      maxConnections: 2,
      applicationName: 'orders',
    },
  });
});

test('a secret as RDS makes it may say where the database is', () => {
  const secret = Secret.fromSecretCompleteArn(stack, 'Secret', 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf');
  expect(bound({ endpoint: undefined, database: undefined, credentials: PostgresCredentials.fromSecret(secret) })).toEqual({
    statements: [{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf' }],
    step: expect.objectContaining({ config: { catalog: 'pg_replica', secret: { secretsManager: expect.stringMatching(/db-AbCdEf$/) } } }),
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

  test('without a statement timeout, for PgBouncer', () => {
    expect(bound({ disableStatementTimeout: true }).step.config).toMatchObject({ disableStatementTimeout: true });
  });

  test('a proxy, signed in to by IAM', () => {
    const instance = new rds.DatabaseInstance(databases, 'Db', { engine, vpc });
    const proxy = instance.addProxy('Proxy', { vpc, secrets: [instance.secret!] });
    const endpoint = PostgresEndpoint.fromProxy(proxy);
    const { statements, step } = bound({ endpoint, credentials: PostgresCredentials.fromIam('reader') }, vpc);
    expect(step.config.disableStatementTimeout).toBe(true);
    expect(step.config).not.toHaveProperty('statementTimeoutSeconds');
    expect(() => new PostgresStep({ endpoint, database: 'app', credentials: password, disableStatementTimeout: false })).toThrow('which an RDS proxy does not accept');
    expect(() => new PostgresStep({ endpoint, database: 'app', credentials: password, statementTimeout: Duration.seconds(5) })).toThrow(
      'the PostgresStep "postgres" has a statementTimeout, which an RDS proxy does not accept: set it in the database');
    expect(JSON.stringify(statements)).toMatch(/"Fn::Select":\[6,\{"Fn::Split":\[":"/);
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: 5432, ToPort: 5432 });
  });

  test('that is not PostgreSQL causes a warning', () => {
    const mysql = new rds.DatabaseInstance(databases, 'MySql', { engine: rds.DatabaseInstanceEngine.mysql({ version: rds.MysqlEngineVersion.VER_8_0 }), vpc });
    const auroraEngine = rds.DatabaseClusterEngine.auroraMysql({ version: rds.AuroraMysqlEngineVersion.VER_3_08_0 });
    const aurora = new rds.DatabaseCluster(databases, 'Aurora', { engine: auroraEngine, vpc, writer: rds.ClusterInstance.serverlessV2('writer') });
    const postgres = new rds.DatabaseInstance(databases, 'Db', { engine, vpc });
    const unknown = rds.DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Imported', {
      instanceIdentifier: 'db', instanceEndpointAddress: 'db.example.com', port: 3306, securityGroups: [],
    });
    const of = (id: string, endpoint: PostgresEndpoint) => new DuckDbFunction(stack, id, {
      entry: ENTRY, vpc, bootstrap: [new PostgresStep({ endpoint, database: 'app', credentials: password })],
    });
    of('Instance', PostgresEndpoint.fromInstance(mysql));
    of('Cluster', PostgresEndpoint.fromClusterReader(aurora));
    of('Proxy', PostgresEndpoint.fromProxy(mysql.addProxy('Proxy', { vpc, secrets: [mysql.secret!] })));
    of('Postgres', PostgresEndpoint.fromInstance(postgres));
    of('PostgresProxy', PostgresEndpoint.fromProxy(postgres.addProxy('Proxy', { vpc, secrets: [postgres.secret!] })));
    of('Unknown', PostgresEndpoint.fromInstance(unknown));
    for (const [id, name] of [['Instance', 'mysql'], ['Cluster', 'aurora-mysql'], ['Proxy', 'MYSQL']]) {
      Annotations.fromStack(stack).hasWarning(`/Stack/${id}`, Match.stringLikeRegexp(
        `the PostgresStep "postgres" reaches a database whose engine is "${name}", but it can only read PostgreSQL.*ack: cdk-duckdb-lambda:engine`));
    }
    for (const id of ['Postgres', 'PostgresProxy', 'Unknown']) Annotations.fromStack(stack).hasNoWarning(`/Stack/${id}`, Match.anyValue());
  });

  test('needs a function in its VPC', () => {
    const instance = new rds.DatabaseInstance(databases, 'Db', { engine, vpc });
    expect(() => bound({ endpoint: PostgresEndpoint.fromInstance(instance) })).toThrow(
      'the PostgresStep "postgres" reaches a database in a VPC, but Stack/Reports is not in a VPC: give it the database\'s, as in vpc: db.vpc');
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

describe('a host that the internet does not know', () => {
  const step = (name: string) => new PostgresStep({ endpoint: PostgresEndpoint.fromHost(name), database: 'app', credentials: password });
  const declare = (name: string, vpc?: ec2.IVpc) => new DuckDbFunction(stack, 'Reports', { entry: ENTRY, vpc, bootstrap: [step(name)] });

  test.each([
    '10.0.0.5', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '127.0.0.1', '169.254.1.1', '::1', 'fd12:3456::1', 'fe80::1', '::ffff:10.0.0.5',
    'localhost', 'db.internal', 'ip-10-0-0-5.eu-west-1.compute.internal', 'Db.Internal.', 'db.local',
  ])('causes a warning if the function is not in a VPC: %s', (name) => {
    declare(name);
    Annotations.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp(
      `the PostgresStep "postgres" reaches ${name}, which is not on the internet, but Stack/Reports is not in a VPC.*ack: cdk-duckdb-lambda:privateHost`));
  });

  test.each(['db.example.com', '8.8.8.8', '172.32.0.1', '11.0.0.1', '2001:4860:4860::8888', 'internal.example.com', 'mylocalhost'])('is not %s', (name) => {
    declare(name);
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('may be known in the function\'s VPC, or when the stack is deployed', () => {
    declare('10.0.0.5', new ec2.Vpc(stack, 'Vpc'));
    new DuckDbFunction(stack, 'Token', { entry: ENTRY, bootstrap: [step(new CfnParameter(stack, 'Host').valueAsString)] });
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });
});

test('a user is one user, also where IAM would read a pattern', () => {
  const instance = rds.DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Db', {
    instanceIdentifier: 'db', instanceEndpointAddress: 'db.example.com', port: 5432, securityGroups: [], instanceResourceId: 'db-ABC',
  });
  const { statements, step } = bound({ endpoint: PostgresEndpoint.fromInstance(instance), credentials: PostgresCredentials.fromIam('*') });
  expect(statements[0].Resource).toEqual(arn('rds-db:eu-west-1:111111111111:dbuser:db-ABC/${*}'));
  expect(step.config.user).toBe('*');
});

test.each(['https://reader:hunter2@db.example.com', 'postgres://db.example.com', 'reader:hunter2@db.example.com', 'reader:hunter2@${Token[TOKEN.1]}'])(
  'a host with a scheme or credentials is refused, and not repeated: %s', (name) => {
    expect(() => PostgresEndpoint.fromHost(name)).toThrow(
      'PostgresEndpoint.fromHost has a URL or credentials in place of the host, which the template would show: expected a name or an address');
    expect(() => PostgresEndpoint.fromHost(name)).not.toThrow(/hunter2/);
  });

test.each<[unknown, unknown, string]>([
  ['', undefined, 'PostgresEndpoint.fromHost has the host "": expected text such as "db.example.com"'],
  [' ', undefined, 'PostgresEndpoint.fromHost has the host " ": expected text'],
  [undefined, undefined, 'PostgresEndpoint.fromHost has the host undefined: expected text'],
  ['db.example.com:6432', undefined, 'has the host "db.example.com:6432": expected a name or an address such as "db.example.com"; name the port beside it'],
  ['db.example.com/app', undefined, 'has the host "db.example.com/app": expected a name or an address'],
  ['db.example.com\nx', undefined, 'has the host "db.example.com\\nx": expected a name or an address'],
  ['db.example.com', 0, 'has the port 0: expected a whole number from 1 to 65535, such as 5432'],
  ['db.example.com', '5432', 'has the port "5432": expected a whole number'],
  ['db.example.com', 65536, 'has the port 65536: expected a whole number'],
])('the host %j with the port %j is refused', (name, port, message) => {
  expect(() => PostgresEndpoint.fromHost(name as string, { port: port as number })).toThrow(message);
});

test('an address of IPv6 is a host, and a token a port', () => {
  expect(PostgresEndpoint.fromHost('2001:db8::1', { port: new CfnParameter(stack, 'Port', { type: 'Number' }).valueAsNumber }).host).toBe('2001:db8::1');
});

test.each<[string, () => PostgresEndpoint, string]>([
  ['no instance', () => PostgresEndpoint.fromInstance(undefined as any), 'PostgresEndpoint.fromInstance has undefined: expected an IDatabaseInstance'],
  ['a cluster as an instance', () => PostgresEndpoint.fromInstance(rds.DatabaseCluster.fromDatabaseClusterAttributes(stack, 'C', { clusterIdentifier: 'c' }) as any),
    'PostgresEndpoint.fromInstance has an object of the class ImportedDatabaseCluster: expected an IDatabaseInstance; a cluster is named by fromClusterReader'],
  ['the name of a cluster', () => PostgresEndpoint.fromClusterReader('db' as any), 'PostgresEndpoint.fromClusterReader has "db": expected an IDatabaseCluster'],
  ['no proxy', () => PostgresEndpoint.fromProxy(undefined as any), 'PostgresEndpoint.fromProxy has undefined: expected an IDatabaseProxy'],
  ['the id of a security group', () => PostgresEndpoint.fromHost('db.example.com', { connections: 'sg-1' as any }),
    'PostgresEndpoint.fromHost has as connections "sg-1": expected what has security groups'],
])('%s is refused', (_, make, message) => {
  expect(make).toThrow(message);
});

test.each<[string, () => PostgresCredentials, string]>([
  ['no user', () => PostgresCredentials.fromPassword('', {} as any), 'PostgresCredentials.fromPassword has the user "": expected text such as "reader"'],
  ['a blank user of IAM', () => PostgresCredentials.fromIam(' '), 'PostgresCredentials.fromIam has the user " ": expected text such as "reader"'],
  ['a password itself', () => PostgresCredentials.fromPassword('reader', 'hunter2' as any),
    'PostgresCredentials.fromPassword has as password a value that is not a SecretSource: expected one such as SecretSource.fromSsmParameter(parameter)'],
  ['the name of a parameter', () => PostgresCredentials.fromPassword('reader', SecretSource.fromSsmParameter('/db/password' as any)),
    'SecretSource.fromSsmParameter has no parameter: expected an IParameter, such as ssm.StringParameter'],
  ['the name of a secret', () => PostgresCredentials.fromSecret('db' as any), 'SecretSource.fromSecretsManager has no secret: expected an ISecret, such as secretsmanager.Secret'],
])('credentials with %s are refused', (_, make, message) => {
  expect(make).toThrow(message);
  expect(make).not.toThrow(/hunter2/);
});

test.each<[Partial<PostgresStepProps>, string]>([
  [{ endpoint: undefined }, 'the PostgresStep "postgres" has no endpoint: give it, or use PostgresCredentials.fromSecret'],
  [{ maxConnections: 0 }, 'the PostgresStep "postgres" has maxConnections 0: expected a whole number above 0'],
  [{ database: undefined }, 'the PostgresStep "postgres" has no database'],
  [{ tls: PostgresTls.VERIFY_FULL }, 'the PostgresStep "postgres" has PostgresTls.VERIFY_FULL without caFile'],
  [{ caFile: '/opt/rds.pem' }, 'the PostgresStep "postgres" has a caFile without PostgresTls.VERIFY_FULL'],
  [{ catalog: '' }, 'the PostgresStep "postgres" has the catalog "": expected text such as "pg_replica"'],
  [{ catalog: ' ' }, 'the PostgresStep "postgres" has the catalog " ": expected text'],
  [{ database: '' }, 'the PostgresStep "postgres" has the database "": expected text such as "app"'],
  [{ schema: ' ' }, 'the PostgresStep "postgres" has the schema " ": expected text such as "public"'],
  [{ applicationName: '' }, 'the PostgresStep "postgres" has the applicationName "": expected text such as "reports"'],
  [{ tls: PostgresTls.VERIFY_FULL, caFile: '' }, 'the PostgresStep "postgres" has the caFile "": expected text such as "/opt/rds.pem"'],
  [{ tls: 'verify-ca' as any }, 'the PostgresStep "postgres" has the tls "verify-ca": expected one of PostgresTls.DISABLE, PostgresTls.REQUIRE, PostgresTls.VERIFY_FULL'],
  [{ credentials: undefined as any }, 'the PostgresStep "postgres" has as credentials undefined: expected PostgresCredentials such as'],
  [{ endpoint: 'db.example.com' as any }, 'the PostgresStep "postgres" has the endpoint "db.example.com": expected a PostgresEndpoint such as'],
  [{ connectTimeout: 5 as any }, 'the PostgresStep "postgres" has the connectTimeout 5: expected a Duration such as Duration.seconds(5)'],
  [{ connectTimeout: Duration.millis(1) }, 'the PostgresStep "postgres" has the connectTimeout 1 ms: expected whole seconds, such as Duration.seconds(1)'],
  [{ statementTimeout: Duration.seconds(1.5) }, 'the PostgresStep "postgres" has the statementTimeout 1500 ms: expected whole seconds, such as Duration.seconds(2)'],
  [{ connectTimeout: Duration.seconds(0) }, 'the PostgresStep "postgres" has the connectTimeout 0: expected more than 0; leave it out for the default'],
  [{ tcpUserTimeout: Duration.millis(0) }, 'the PostgresStep "postgres" has the tcpUserTimeout 0: expected more than 0'],
  [{ keepalive: Duration.minutes(0) }, 'the PostgresStep "postgres" has the keepalive 0: expected more than 0'],
  [{ statementTimeout: Duration.seconds(0) },
    'the PostgresStep "postgres" has the statementTimeout 0: expected more than 0; disableStatementTimeout: true asks for none'],
  [{ statementTimeout: Duration.seconds(5), disableStatementTimeout: true },
    'the PostgresStep "postgres" has both statementTimeout and disableStatementTimeout: remove one of them'],
  [{ disableStatementTimeout: 'true' as any }, 'the PostgresStep "postgres" has the disableStatementTimeout "true": expected true or false'],
  [{ catalog: 'main' }, 'the PostgresStep "postgres" has the catalog "main", which DuckDB uses itself'],
])('%j is refused', (props, message) => {
  expect(() => new PostgresStep({ endpoint: host, database: 'app', credentials: password, ...props })).toThrow(message);
});
