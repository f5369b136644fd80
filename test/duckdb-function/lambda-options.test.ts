import { Annotations as CdkAnnotations, App, Duration, IPropertyInjector, InjectionContext, PropertyInjectors, Size, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { ENTRY, runtimeConfig, unbundledStack } from './unbundled';
import { duckdb } from '../../assets/docker/versions.json';
import { DuckDbFunction, DuckDbFunctionProps, PostgresCredentials, PostgresEndpoint, PostgresStep, S3Step } from '../../src';

let stack: Stack;

beforeEach(() => {
  stack = unbundledStack();
});

function declare(props: Partial<DuckDbFunctionProps> = {}): DuckDbFunction {
  const lake = stack.node.tryFindChild('Lake') as s3.Bucket ?? new s3.Bucket(stack, 'Lake');
  return new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [new S3Step({ buckets: [lake] })], ...props });
}

const template = () => Template.fromStack(stack);

describe('what every Lambda function can have', () => {
  test('an alias with provisioned concurrency, on a version that has the configuration', () => {
    const alias = declare().addAlias('live', { provisionedConcurrentExecutions: 2 });
    alias.addAutoScaling({ maxCapacity: 5 }).scaleOnUtilization({ utilizationTarget: 0.7 });
    template().hasResourceProperties('AWS::Lambda::Alias', {
      Name: 'live', ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 2 }, FunctionVersion: Match.anyValue(),
    });
    template().resourceCountIs('AWS::Lambda::Version', 1);
  });

  test('a version of its own for each configuration', () => {
    const versions = [['1'], ['2'], ['2']].map(([threads]) => {
      stack = unbundledStack();
      void declare({ settings: { threads } }).currentVersion;
      return Object.keys(template().findResources('AWS::Lambda::Version'))[0];
    });
    expect(versions[0]).not.toBe(versions[1]);
    expect(versions[1]).toBe(versions[2]);
  });

  test('an event source and a dead-letter queue: their permissions beside those of the steps', () => {
    declare({ deadLetterQueueEnabled: true }).addEventSource(new SqsEventSource(new sqs.Queue(stack, 'Jobs', { visibilityTimeout: Duration.minutes(3) })));
    template().resourceCountIs('AWS::Lambda::EventSourceMapping', 1);
    template().hasResourceProperties('AWS::Lambda::Function', { DeadLetterConfig: { TargetArn: Match.anyValue() } });
    template().hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: 'sqs:SendMessage' }), Match.objectLike({ Action: 's3:GetObject' }), Match.objectLike({ Action: Match.arrayWith(['sqs:ReceiveMessage']) }),
        ]),
      },
    });
  });

  test('a URL with a streamed response', () => {
    declare().addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM, invokeMode: lambda.InvokeMode.RESPONSE_STREAM });
    template().hasResourceProperties('AWS::Lambda::Url', { AuthType: 'AWS_IAM', InvokeMode: 'RESPONSE_STREAM' });
  });

  test('invocation by others', () => {
    declare().grantInvoke(new iam.ServicePrincipal('events.amazonaws.com'));
    template().hasResourceProperties('AWS::Lambda::Permission', { Action: 'lambda:InvokeFunction', Principal: 'events.amazonaws.com' });
  });

  test('reserved concurrency, tracing, a log group, more of /tmp, encrypted environment variables', () => {
    const environmentEncryption = new kms.Key(stack, 'Key');
    declare({
      reservedConcurrentExecutions: 5,
      tracing: lambda.Tracing.ACTIVE,
      logGroup: new logs.LogGroup(stack, 'Log'),
      ephemeralStorageSize: Size.gibibytes(4),
      environmentEncryption,
      description: 'monthly',
      functionName: 'reports',
    });
    template().hasResourceProperties('AWS::Lambda::Function', {
      ReservedConcurrentExecutions: 5,
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: { LogGroup: { Ref: Match.stringLikeRegexp('^Log') } },
      EphemeralStorage: { Size: 4096 },
      KmsKeyArn: stack.resolve(environmentEncryption.keyArn),
      FunctionName: 'reports',
    });
  });

  test('more environment variables, beside those of the library', () => {
    declare({ environment: { STAGE: 'test' } }).addEnvironment('MORE', 'x');
    template().hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { STAGE: 'test', MORE: 'x', UV_THREADPOOL_SIZE: '16', DUCKDB_LAMBDA_CONFIG: Match.anyValue() } },
    });
  });

  test('a role of one\'s own', () => {
    declare({ role: new iam.Role(stack, 'Mine', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }) });
    template().hasResourceProperties('AWS::IAM::Policy', { Roles: [{ Ref: Match.stringLikeRegexp('^Mine') }] });
  });
});

test('warnings have stable ids by which they are acknowledged', () => {
  const fn = declare({ memorySize: 256, timeout: Duration.seconds(5), environment: { MINE: 'x'.repeat(3600) } });
  for (const id of ['memorySize', 'timeout', 'environment']) {
    Annotations.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp(`\\[ack: cdk-duckdb-lambda:${id}\\]`));
    CdkAnnotations.of(fn).acknowledgeWarning(`cdk-duckdb-lambda:${id}`, 'measured');
  }
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
});

test('more memory than most functions can have causes a warning', () => {
  declare({ memorySize: 16_384 });
  Annotations.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp(
    'memorySize is 16384 MB: Lambda offers at most 10240 MB, except for functions on managed instances.*ack: cdk-duckdb-lambda:memorySize'));
});

test('the longest timeout and the most memory of Lambda\'s are taken', () => {
  declare({ timeout: Duration.minutes(15), memorySize: 10_240 });
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
});

describe('a setting that DuckDB does not know', () => {
  test('causes a warning with the nearest one', () => {
    declare({ settings: { thread: '2', h3_resolution: '9' } });
    Annotations.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp(`DuckDB ${duckdb} and its core extensions have no setting "thread"; `
      + 'did you mean "threads"[?]; opening the database fails, unless another extension has this setting.*ack: cdk-duckdb-lambda:setting'));
    Annotations.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp('have no setting "h3_resolution"; opening the database fails'));
  });

  test.each(['THREADS', 'worker_threads', 'TimeZone', 'pg_use_text_protocol', 's3_uploader_max_filesize'])('is not %s', (name) => {
    declare({ settings: { [name]: '1' } });
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });
});

describe('a property injector', () => {
  class Defaults implements IPropertyInjector {
    readonly constructUniqueId = DuckDbFunction.PROPERTY_INJECTION_ID;
    inject(props: DuckDbFunctionProps, _: InjectionContext): DuckDbFunctionProps {
      return { memorySize: 3008, settings: { threads: '2' }, ...props };
    }
  }

  test('gives props to every function below its scope', () => {
    expect(DuckDbFunction.PROPERTY_INJECTION_ID).toBe('cdk-duckdb-lambda.DuckDbFunction');
    PropertyInjectors.of(stack).add(new Defaults());
    const fn = declare();
    expect(fn).toBeInstanceOf(DuckDbFunction);
    template().hasResourceProperties('AWS::Lambda::Function', { MemorySize: 3008 });
    expect(JSON.stringify(template())).toContain('threads');
  });

  test('of DockerImageFunction sees it too', () => {
    PropertyInjectors.of(stack).add({
      constructUniqueId: lambda.DockerImageFunction.PROPERTY_INJECTION_ID,
      inject: (props) => ({ ...props, description: 'injected' }),
    });
    declare();
    template().hasResourceProperties('AWS::Lambda::Function', { Description: 'injected' });
  });
});

test('the template of a function in a VPC, with a database, metrics and an alias', () => {
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0', availabilityZones: ['eu-west-1a'], privateSubnetIds: ['subnet-0123456789abcdef0'], privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
  });
  const group = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Database', 'sg-0123456789abcdef0');
  const secret = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf');
  new DuckDbFunction(stack, 'Reports', {
    entry: ENTRY,
    vpc,
    metrics: true,
    databases: { archive: { file: 'archive.duckdb', bootstrap: [] } },
    bootstrap: [new PostgresStep({
      endpoint: PostgresEndpoint.fromHost('db.example.com', { connections: group }),
      credentials: PostgresCredentials.fromSecret(secret),
    })],
  }).addAlias('live');
  expect(JSON.stringify(template().toJSON().Resources, undefined, 2).replace(/[0-9a-f]{64}/g, '<asset>').replace(/(CurrentVersion)\w+/g, '$1'))
    .toMatchSnapshot();
});

test('logical ids stay: a new one replaces the resource', () => {
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1, natGateways: 0, subnetConfiguration: [{ name: 'data', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }] });
  declare({ vpc, vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } });
  const ours = Object.entries(template().toJSON().Resources as { [id: string]: { Type: string } })
    .filter(([id]) => id.startsWith('Reports')).map(([id, { Type }]) => `${Type} ${id}`);
  expect(ours).toEqual([
    'AWS::IAM::Role ReportsServiceRole923DAB5E',
    'AWS::IAM::Policy ReportsServiceRoleDefaultPolicyE5238104',
    'AWS::EC2::SecurityGroup ReportsSecurityGroup55E9CC64',
    'AWS::Lambda::Function Reports65402A0A',
  ]);
});

test('a stack that bundles nothing has the same configuration as one that bundles', () => {
  declare();
  const unbundled = runtimeConfig(stack);
  stack = new Stack(new App(), 'Stack', { env: { account: '111111111111', region: 'eu-west-1' } });
  declare();
  expect(runtimeConfig(stack)).toEqual(unbundled);
});
