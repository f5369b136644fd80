import { Annotations as CdkAnnotations, App, Environment, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ENTRY, ENV, runtimeConfig, unbundledApp, unbundledStack } from './unbundled';
import {
  DuckDbFunction, IBootstrapStep, MotherDuckStep, PostgresCredentials, PostgresEndpoint, PostgresStep, S3Permissions, S3Step, SecretSource, SqlStep,
} from '../../src';

const KEY = 'arn:aws:kms:eu-west-1:111111111111:key/key';

let stack: Stack;

beforeEach(() => {
  stack = unbundledStack();
});

/** The statements of the function's role. */
function statements(of = stack): any[] {
  const policies = Object.values(Template.fromStack(of).findResources('AWS::IAM::Policy'));
  return policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
}

const parameter = (scope: Stack, name: string) => SecretSource.fromSsmParameter(
  ssm.StringParameter.fromSecureStringParameterAttributes(scope, `Parameter${name.replace(/\W/g, '')}`, { parameterName: name }));

describe('each step\'s policy', () => {
  const key = () => kms.Key.fromKeyArn(stack, 'Key', KEY);
  const lake = () => s3.Bucket.fromBucketAttributes(stack, 'Lake', { bucketName: 'lake', encryptionKey: key() });
  const database = { endpoint: PostgresEndpoint.fromHost('db.example.com'), database: 'app' };

  test.each<[string, () => IBootstrapStep]>([
    ['S3, reading', () => new S3Step({ buckets: [lake()], prefixes: ['events/'] })],
    ['S3, writing', () => new S3Step({ buckets: [lake()], permissions: S3Permissions.READ_WRITE })],
    ['S3, by a role', () => new S3Step({ buckets: [lake()], assumeRole: iam.Role.fromRoleArn(stack, 'Reader', 'arn:aws:iam::111111111111:role/reader') })],
    ['PostgreSQL, a password in SSM', () => new PostgresStep({
      ...database, credentials: PostgresCredentials.fromPassword('reader', parameter(stack, '/db/password')),
    })],
    ['PostgreSQL, a secret of RDS', () => new PostgresStep({
      ...database,
      credentials: PostgresCredentials.fromSecret(secretsmanager.Secret.fromSecretAttributes(stack, 'Secret', {
        secretCompleteArn: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf', encryptionKey: key(),
      })),
    })],
    ['PostgreSQL, IAM', () => new PostgresStep({
      database: 'app',
      endpoint: PostgresEndpoint.fromInstance(rds.DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Db', {
        instanceIdentifier: 'db', instanceEndpointAddress: 'db.example.com', port: 5432, securityGroups: [], instanceResourceId: 'db-ABC',
      })),
      credentials: PostgresCredentials.fromIam('reader'),
    })],
    ['MotherDuck', () => new MotherDuckStep({ token: parameter(stack, '/motherduck/token') })],
    ['SQL with a secret', () => new SqlStep({ name: 'setup', statements: ['CREATE SECRET (TYPE iceberg, TOKEN $t)'], secrets: { t: parameter(stack, '/token') } })],
  ])('%s', (_, step) => {
    new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [step()] });
    expect(statements()).toMatchSnapshot();
  });
});

describe('a role that takes no statements', () => {
  const ARN = 'arn:aws:iam::111111111111:role/reports';

  function warnings(): unknown[] {
    return Annotations.fromStack(stack).findWarning('/Stack/Reports', Match.anyValue()).map(({ entry }) => entry.data);
  }

  function declare(role: iam.IRole, lake: s3.IBucket = s3.Bucket.fromBucketName(stack, 'Lake', 'lake')): DuckDbFunction {
    return new DuckDbFunction(stack, 'Reports', { entry: ENTRY, role, bootstrap: [new S3Step({ buckets: [lake], prefixes: ['events/'] })] });
  }

  const missing = '[{"Action":"s3:GetObject","Effect":"Allow","Resource":"arn:${AWS::Partition}:s3:::lake/events/*"},'
    + '{"Action":"s3:ListBucket","Condition":{"StringLike":{"s3:prefix":["events/*"]}},"Effect":"Allow","Resource":"arn:${AWS::Partition}:s3:::lake"}]';

  test('causes a warning with the statements that CDK leaves out', () => {
    const fn = declare(iam.Role.fromRoleArn(stack, 'Role', ARN, { mutable: false }));
    expect(statements()).toEqual([]);
    expect(warnings()).toEqual(['the role Stack/Role is immutable, so CDK leaves out the statements that the bootstrap steps of Stack/Reports need; '
      + `add them to its policy: ${missing} [ack: cdk-duckdb-lambda:immutableRole]`]);
    CdkAnnotations.of(fn).acknowledgeWarning('cdk-duckdb-lambda:immutableRole', 'its policy has them');
    expect(warnings()).toEqual([]);
  });

  test.each<[string, () => iam.IRole]>([
    ['of another account', () => iam.Role.fromRoleArn(stack, 'Role', ARN.replace('111111111111', '222222222222'))],
    ['made so by withoutPolicyUpdates()', () => new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }).withoutPolicyUpdates()],
  ])('is so too if it is one %s', (_, role) => {
    declare(role());
    expect(statements()).toEqual([]);
    expect(warnings()).toEqual([expect.stringContaining(missing)]);
  });

  test('names resources of the stack as CloudFormation\'s Fn::Sub does', () => {
    declare(iam.Role.fromRoleArn(stack, 'Role', ARN, { mutable: false }), new s3.Bucket(stack, 'New'));
    expect(warnings()).toEqual([expect.stringMatching(/"Resource":"\$\{New\w+\.Arn\}\/events\/\*"\}.*"Resource":"\$\{New\w+\.Arn\}"\}/)]);
  });

  test('causes one warning for all steps', () => {
    const [lake, archive] = ['lake', 'archive'].map((name) => new S3Step({ name, buckets: [s3.Bucket.fromBucketName(stack, name, name)] }));
    new DuckDbFunction(stack, 'Reports', { entry: ENTRY, role: iam.Role.fromRoleArn(stack, 'Role', ARN, { mutable: false }), bootstrap: [lake, archive] });
    expect(warnings()).toEqual([expect.stringMatching(/s3:::lake\/\*.*s3:::archive\/\*/)]);
  });

  test('of a bucket\'s owner causes a warning too', () => {
    const reader = iam.Role.fromRoleArn(stack, 'Reader', 'arn:aws:iam::222222222222:role/reader');
    const bootstrap = [new S3Step({ buckets: [s3.Bucket.fromBucketName(stack, 'Lake', 'lake')], prefixes: ['events/'], assumeRole: reader })];
    new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap });
    expect(statements()).toEqual([expect.objectContaining({ Action: 'sts:AssumeRole' })]);
    expect(warnings()).toEqual([expect.stringMatching(/^the role Stack\/Reader is immutable/)]);
  });

  test('is unlike an imported one, which gets a policy', () => {
    declare(iam.Role.fromRoleArn(stack, 'Role', ARN));
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', { Roles: ['reports'] });
    expect(warnings()).toEqual([]);
  });

  test('causes no warning if no step needs permissions', () => {
    new DuckDbFunction(stack, 'Reports', { entry: ENTRY, role: iam.Role.fromRoleArn(stack, 'Role', ARN, { mutable: false }) });
    expect(warnings()).toEqual([]);
  });
});

describe('secrets of elsewhere, by their complete ARNs', () => {
  const theirKey = 'arn:aws:kms:us-east-1:222222222222:key/theirs';

  test('a secret of another account and region, with its key', () => {
    const arn = 'arn:aws:secretsmanager:us-east-1:222222222222:secret:db-AbCdEf';
    const credentials = PostgresCredentials.fromSecret(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', arn), {
      encryptionKey: kms.Key.fromKeyArn(stack, 'Key', theirKey),
    });
    new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [new PostgresStep({ credentials })] });
    expect(statements()).toEqual([
      { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: arn },
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: theirKey },
    ]);
    expect(runtimeConfig(stack).steps[0].config.secret).toEqual({ secretsManager: arn });
  });

  test('a parameter of another account that is shared with this one', () => {
    const arn = 'arn:aws:ssm:eu-west-1:222222222222:parameter/db/password';
    const source = SecretSource.fromSsmParameter(ssm.StringParameter.fromStringParameterArn(stack, 'Parameter', arn), {
      encryptionKey: kms.Key.fromKeyArn(stack, 'Key', theirKey),
    });
    new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [new MotherDuckStep({ token: source })] });
    expect(statements()).toEqual([
      { Effect: 'Allow', Action: 'ssm:GetParameter', Resource: arn },
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: theirKey },
    ]);
    expect(runtimeConfig(stack).steps[0].config.token).toEqual({ ssm: arn });
  });
});

test.each<[string, Environment]>([
  ['China', { account: '111111111111', region: 'cn-north-1' }],
  ['GovCloud', { account: '111111111111', region: 'us-gov-west-1' }],
])('in %s no ARN names the partition of the others', (_, env) => {
  stack = unbundledStack(env);
  const bootstrap = [
    new S3Step({ buckets: [s3.Bucket.fromBucketName(stack, 'Lake', 'lake')] }),
    new PostgresStep({
      endpoint: PostgresEndpoint.fromInstance(rds.DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Db', {
        instanceIdentifier: 'db', instanceEndpointAddress: 'db.example.com', port: 5432, securityGroups: [], instanceResourceId: 'db-ABC',
      })),
      database: 'app',
      credentials: PostgresCredentials.fromIam('reader'),
    }),
    new MotherDuckStep({ token: parameter(stack, '/motherduck/token') }),
    new SqlStep({
      name: 'setup',
      statements: ['CREATE SECRET (TYPE iceberg, TOKEN $t)'],
      secrets: { t: SecretSource.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'token')) },
    }),
  ];
  new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap });
  expect(statements().map(({ Action }) => Action)).toEqual([
    's3:GetObject', 's3:ListBucket', 'rds-db:connect', 'ssm:GetParameter', 'secretsmanager:GetSecretValue',
  ]);
  expect(JSON.stringify(Template.fromStack(stack))).not.toContain('arn:aws:');
});

test('one object of each step serves functions in two stacks', () => {
  const app: App = unbundledApp();
  const [shared, first, second] = ['Shared', 'First', 'Second'].map((id) => new Stack(app, id, { env: ENV }));
  const bootstrap = [
    new S3Step({ buckets: [new s3.Bucket(shared, 'Lake', { encryptionKey: new kms.Key(shared, 'Key') })] }),
    new PostgresStep({
      endpoint: PostgresEndpoint.fromHost('db.example.com'), database: 'app', credentials: PostgresCredentials.fromPassword('reader', parameter(shared, '/db')),
    }),
    new MotherDuckStep({ token: parameter(shared, '/motherduck/token') }),
    new SqlStep({ name: 'setup', statements: ['SET VARIABLE t = $t'], secrets: { t: parameter(shared, '/token') } }),
  ];
  const vpc = new ec2.Vpc(shared, 'Vpc');
  for (const each of [first, second]) new DuckDbFunction(each, 'Reports', { entry: ENTRY, vpc, bootstrap });
  expect(statements(first)).toHaveLength(6);
  expect(statements(second)).toEqual(statements(first));
  expect(runtimeConfig(second)).toEqual(runtimeConfig(first));
});
