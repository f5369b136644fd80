import { Annotations as CdkAnnotations, App, CfnParameter, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ENTRY, ENV, unbundledApp } from './unbundled';
import {
  DuckDbFunction, DuckDbFunctionProps, MotherDuckStep, PostgresCredentials, PostgresEndpoint, PostgresStep, PostgresStepProps, S3Step, SecretSource,
} from '../../src';

let app: App;
let stack: Stack;
let vpc: ec2.IVpc;
let password: PostgresCredentials;

beforeEach(() => {
  app = unbundledApp();
  stack = new Stack(app, 'Stack', { env: ENV });
  vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-0123456789abcdef0', availabilityZones: ['a'], privateSubnetIds: ['subnet-0123456789abcdef0'], privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'] });
  password = PostgresCredentials.fromPassword('reader', SecretSource.fromSsmParameter(
    ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Password', { parameterName: '/db/password' })));
});

function declare(props: Partial<DuckDbFunctionProps> = {}): DuckDbFunction {
  return new DuckDbFunction(stack, 'Reports', { entry: ENTRY, vpc, ...props });
}

function postgres(props: Partial<PostgresStepProps>): PostgresStep {
  return new PostgresStep({ database: 'app', credentials: password, ...props });
}

/** What the function's security group lets out, as `destination:port`. */
function outbound(): string[] {
  const [group] = Object.values(Template.fromStack(stack).findResources('AWS::EC2::SecurityGroup', {
    Properties: { GroupDescription: Match.stringLikeRegexp('Lambda Function') },
  }));
  return group.Properties.SecurityGroupEgress.map((rule: any) => (
    `${rule.CidrIp ?? rule.CidrIpv6}:${rule.IpProtocol === '-1' ? 'all' : rule.FromPort}`));
}

function warnings(): unknown[] {
  return Annotations.fromStack(stack).findWarning('*', Match.anyValue())
    .filter(({ id }) => id.startsWith('/Stack/Reports')).map(({ entry }) => entry.data);
}

describe('the security group that is made for a function', () => {
  test('is open for HTTPS, not for all', () => {
    declare();
    expect(outbound()).toEqual(['0.0.0.0/0:443']);
    expect(warnings()).toEqual([]);
  });

  test('by IPv6 too in dual-stack subnets', () => {
    declare({ ipv6AllowedForDualStack: true });
    expect(outbound()).toEqual(['0.0.0.0/0:443', '::/0:443']);
  });

  test('through all of IPv6 if requested', () => {
    declare({ ipv6AllowedForDualStack: true, allowAllIpv6Outbound: true });
    expect(outbound()).toEqual(['::/0:all', '0.0.0.0/0:443']);
    expect(warnings()).toEqual([]);
  });

  test.each([[true, ['0.0.0.0/0:all']], [false, ['255.255.255.255/32:252']]])('is as allowAllOutbound: %s says', (allowAllOutbound, rules) => {
    declare({ allowAllOutbound, bootstrap: [postgres({ endpoint: PostgresEndpoint.fromHost('db.example.com') })] });
    expect(outbound()).toEqual(rules);
    expect(warnings()).toEqual([]);
  });

  test.each<[string, () => Partial<DuckDbFunctionProps>, string[]]>([
    ['a PostgreSQL host', () => ({ bootstrap: [postgres({ endpoint: PostgresEndpoint.fromHost('db.example.com', { port: 6432 }) })] }), ['0.0.0.0/0:6432']],
    ['a secret that names the host', () => ({
      bootstrap: [postgres({
        credentials: PostgresCredentials.fromSecret(secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'db')),
      })],
    }), ['0.0.0.0/0:5432']],
    ['an instance imported without security groups', () => ({
      bootstrap: [postgres({
        endpoint: PostgresEndpoint.fromInstance(rds.DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Db', {
          instanceIdentifier: 'db', instanceEndpointAddress: 'db.example.com', port: 5433, securityGroups: [],
        })),
      })],
    }), ['0.0.0.0/0:5433']],
    ['another server of the S3 API', () => ({
      bootstrap: [new S3Step({
        buckets: [s3.Bucket.fromBucketName(stack, 'Lake', 'lake')], endpoint: 'http://minio.example.com:9000',
      })],
    }), ['0.0.0.0/0:9000']],
    ['HTTPS, once', () => ({
      bootstrap: [new S3Step({ buckets: [s3.Bucket.fromBucketName(stack, 'Lake', 'lake')], endpoint: 'https://s3.example.com' })],
    }), []],
    ['a download of MotherDuck\'s extension', () => ({
      bootstrap: [new MotherDuckStep({
        allowDownload: true,
        token: SecretSource.fromSsmParameter(ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Token', { parameterName: '/token' })),
      })],
    }), ['0.0.0.0/0:80']],
  ])('is open for the port of %s', (_, props, rules) => {
    declare(props());
    expect(outbound()).toEqual(['0.0.0.0/0:443', ...rules]);
  });
});

test('security groups of the user\'s stay as they are', () => {
  const group = new ec2.SecurityGroup(stack, 'Mine', { vpc, allowAllOutbound: false });
  declare({ securityGroups: [group], bootstrap: [postgres({ endpoint: PostgresEndpoint.fromHost('db.example.com') })] });
  const groups = Template.fromStack(stack).findResources('AWS::EC2::SecurityGroup');
  expect(Object.values(groups).map(({ Properties }) => Properties.SecurityGroupEgress)).toEqual([[expect.objectContaining({ CidrIp: '255.255.255.255/32' })]]);
});

test('with an empty list of security groups, one is created', () => {
  declare({ securityGroups: [] });
  expect(outbound()).toEqual(['0.0.0.0/0:443']);
});

describe('a database of RDS', () => {
  const engine = rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 });
  const rules = () => {
    const template = Template.fromStack(stack);
    return ['Egress', 'Ingress'].map((direction) => Object.keys(template.findResources(`AWS::EC2::SecurityGroup${direction}`)).length);
  };

  test('in another stack is reached by rules in the function\'s stack: the other does not depend on it', () => {
    const databases = new Stack(app, 'Databases', { env: ENV });
    const shared = new ec2.Vpc(databases, 'Vpc');
    const instance = new rds.DatabaseInstance(databases, 'Db', { engine, vpc: shared });
    declare({ vpc: shared, bootstrap: [postgres({ endpoint: PostgresEndpoint.fromInstance(instance) })] });
    expect(outbound()).toEqual(['0.0.0.0/0:443']);
    expect(rules()).toEqual([1, 1]);
    expect([stack.dependencies, databases.dependencies]).toEqual([[databases], []]);
    expect(warnings()).toEqual([]);
  });

  test.each<[string, (databases: Stack) => ec2.IVpc, RegExp | undefined]>([
    ['of the app', (databases) => new ec2.Vpc(databases, 'Vpc'), /^Stack\/Reports is in the VPC vpc-0123456789abcdef0, but the database is in Databases\/Vpc\/Resource: give the function the database's VPC/],
    ['that is imported', (databases) => ec2.Vpc.fromVpcAttributes(databases, 'Vpc', { vpcId: 'vpc-0fedcba9876543210', availabilityZones: ['a', 'b'], isolatedSubnetIds: ['s-1', 's-2'] }),
      /in vpc-0fedcba9876543210: give the function the database's VPC, as in vpc: db.vpc, or acknowledge this warning if the two are peered and route to each other \[ack: cdk-duckdb-lambda:otherVpc\]$/],
    ['that is the same, imported again', (databases) => ec2.Vpc.fromVpcAttributes(databases, 'Vpc', { vpcId: 'vpc-0123456789abcdef0', availabilityZones: ['a', 'b'], isolatedSubnetIds: ['s-1', 's-2'] }),
      undefined],
    ['that only a deployment knows', (databases) => ec2.Vpc.fromVpcAttributes(databases, 'Vpc', {
      vpcId: new CfnParameter(databases, 'VpcId').valueAsString, availabilityZones: ['a', 'b'], isolatedSubnetIds: ['s-1', 's-2'],
    }), undefined],
  ])('in a VPC %s: a warning if it is known to differ from the function\'s', (_, make, warning) => {
    const databases = new Stack(app, 'Databases', { env: ENV });
    const theirs = make(databases);
    const vpcSubnets = theirs instanceof ec2.Vpc ? {} : { vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } };
    const instance = new rds.DatabaseInstance(databases, 'Db', { engine, vpc: theirs, ...vpcSubnets });
    declare({ bootstrap: [postgres({ endpoint: PostgresEndpoint.fromInstance(instance) })] });
    expect(warnings()).toEqual(warning ? [expect.stringMatching(warning)] : []);
  });

  test('one step serves functions in two stacks, both beside the database\'s', () => {
    const databases = new Stack(app, 'Databases', { env: ENV });
    const second = new Stack(app, 'Second', { env: ENV });
    const shared = new ec2.Vpc(databases, 'Vpc');
    const step = postgres({ endpoint: PostgresEndpoint.fromInstance(new rds.DatabaseInstance(databases, 'Db', { engine, vpc: shared })) });
    declare({ vpc: shared, bootstrap: [step] });
    new DuckDbFunction(stack, 'Monthly', { entry: ENTRY, vpc: shared, bootstrap: [step] });
    new DuckDbFunction(second, 'Yearly', { entry: ENTRY, vpc: shared, bootstrap: [step] });
    expect(rules()).toEqual([2, 2]);
    Template.fromStack(second).resourceCountIs('AWS::EC2::SecurityGroupIngress', 1);
    expect(databases.dependencies).toEqual([]);
  });

  test.each([
    [{ mutable: false }, undefined, 'inbound of sg-0db0db0db: TCP 5432 from Stack/Reports/SecurityGroup'],
    [{ mutable: false }, { mutable: false, allowAllOutbound: false },
      'outbound of sg-0f00f00f0: TCP 5432 to sg-0db0db0db; inbound of sg-0db0db0db: TCP 5432 from sg-0f00f00f0'],
    [{ mutable: true }, { mutable: false, allowAllOutbound: false }, 'outbound of sg-0f00f00f0: TCP 5432 to sg-0db0db0db'],
  ])('whose security group is imported as %j, for a function with %j: a warning of the rules that CDK leaves out', (theirs, ours, missing) => {
    const connections = new ec2.Connections({ securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Theirs', 'sg-0db0db0db', theirs)] });
    const endpoint = PostgresEndpoint.fromHost('db.example.com', { connections: { connections } });
    const fn = declare({
      bootstrap: [postgres({ endpoint })],
      ...(ours && { securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Ours', 'sg-0f00f00f0', ours)] }),
    });
    expect(warnings()).toEqual([`security groups that are imported as immutable do not accept rules, and CDK leaves the rules out; for Stack/Reports add: ${missing} `
      + '[ack: cdk-duckdb-lambda:immutableSecurityGroup]']);
    CdkAnnotations.of(fn).acknowledgeWarning('cdk-duckdb-lambda:immutableSecurityGroup');
    expect(warnings()).toEqual([]);
  });

  test.each([
    [{ mutable: true }, []],
    [{ mutable: false }, [expect.stringContaining('inbound of sg-0db0db0db: the database\'s port from Stack/Reports/SecurityGroup')]],
  ])('that shares its security group (%j) with another, on ports that only a deployment knows', (options, warned) => {
    const shared = new ec2.Vpc(stack, 'Shared');
    const securityGroups = [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Theirs', 'sg-0db0db0db', options)];
    const steps = ['users', 'orders'].map((name) => postgres({
      name, catalog: name, endpoint: PostgresEndpoint.fromInstance(new rds.DatabaseInstance(stack, name, { engine, vpc: shared, securityGroups })),
    }));
    declare({ vpc: shared, bootstrap: steps });
    expect(warnings()).toEqual(warned);
  });

  test('whose security group is imported and takes rules gets them', () => {
    const connections = new ec2.Connections({ securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Theirs', 'sg-0db0db0db')] });
    const endpoint = PostgresEndpoint.fromHost('db.example.com', { connections: { connections } });
    declare({ bootstrap: [postgres({ endpoint }), postgres({ name: 'again', catalog: 'again', endpoint })] });
    expect(rules()).toEqual([1, 1]);
    expect(warnings()).toEqual([]);
  });
});

test('a function outside of a VPC has nothing to open', () => {
  declare({ vpc: undefined, bootstrap: [postgres({ endpoint: PostgresEndpoint.fromHost('db.example.com') })] });
  expect(Template.fromStack(stack).findResources('AWS::EC2::SecurityGroup')).toEqual({});
});

describe('the services that a function calls', () => {
  const lake = () => s3.Bucket.fromBucketName(stack, 'Lake', 'lake');
  const abroad = () => s3.Bucket.fromBucketAttributes(stack, 'Abroad', { bucketName: 'abroad', region: 'us-east-1' });

  test('are empty without steps', () => {
    expect(declare().requiredEndpoints).toEqual([]);
  });

  test('are what its steps say, each once', () => {
    const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'db');
    expect(declare({
      bootstrap: [
        new S3Step({ buckets: [lake()] }),
        postgres({ endpoint: PostgresEndpoint.fromHost('db.example.com') }),
        new PostgresStep({ name: 'orders', catalog: 'orders', credentials: PostgresCredentials.fromSecret(secret) }),
        new S3Step({ name: 'theirs', buckets: [s3.Bucket.fromBucketName(stack, 'Theirs', 'theirs')], assumeRole: iam.Role.fromRoleName(stack, 'Role', 'reader') }),
        { name: 'own', extensions: [], bind: (fn) => { fn.addRequiredEndpoint({ service: 'dynamodb' }); return { type: 'own' }; } },
      ],
    }).requiredEndpoints).toEqual([
      { service: 's3' }, { service: 'ssm' }, { service: 'secretsmanager' }, { service: 'sts' }, { service: 'dynamodb' },
    ]);
  });

  test('may be in other regions', () => {
    const theirs = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', 'arn:aws:secretsmanager:eu-central-1:222222222222:secret:db-AbCdEf');
    expect(declare({
      bootstrap: [
        new S3Step({ buckets: [abroad()] }),
        new S3Step({ name: 'named', buckets: [lake()], region: 'ap-south-1' }),
        new PostgresStep({ credentials: PostgresCredentials.fromSecret(theirs) }),
      ],
    }).requiredEndpoints).toEqual([
      { service: 's3', region: 'us-east-1' }, { service: 's3', region: 'ap-south-1' }, { service: 'secretsmanager', region: 'eu-central-1' },
    ]);
  });

  test('are not S3 where another server is named, be it by a token', () => {
    const endpoint = new CfnParameter(stack, 'Endpoint').valueAsString;
    expect(declare({ bootstrap: [new S3Step({ buckets: [lake()], endpoint })] }).requiredEndpoints).toEqual([]);
  });

  test('buckets of several regions take a step each', () => {
    expect(() => declare({ bootstrap: [new S3Step({ buckets: [lake(), abroad()] })] })).toThrow(
      'the S3Step "s3" has buckets in several regions, eu-west-1 and us-east-1: declare one step for each region');
  });
});

test('the endpoints that isolated subnets need can be made from what a function requires', () => {
  const isolated: ec2.SubnetSelection = { subnetType: ec2.SubnetType.PRIVATE_ISOLATED };
  const own = new ec2.Vpc(stack, 'Own', { natGateways: 0, subnetConfiguration: [{ name: 'data', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }] });
  const fn = declare({
    vpc: own,
    vpcSubnets: isolated,
    bootstrap: [new S3Step({ buckets: [s3.Bucket.fromBucketName(stack, 'Lake', 'lake')] }), postgres({ endpoint: PostgresEndpoint.fromHost('db.example.com') })],
  });
  for (const { service } of fn.requiredEndpoints) {
    if (service === 's3') own.addGatewayEndpoint(service, { service: ec2.GatewayVpcEndpointAwsService.S3, subnets: [isolated] });
    else own.addInterfaceEndpoint(service, { service: new ec2.InterfaceVpcEndpointAwsService(service), subnets: isolated });
  }
  const services = Object.values(Template.fromStack(stack).findResources('AWS::EC2::VPCEndpoint'))
    .map(({ Properties }) => [Properties.VpcEndpointType, JSON.stringify(Properties.ServiceName).match(/(\w+)\W*$/)![1]]);
  expect(services).toEqual([['Gateway', 's3'], ['Interface', 'ssm']]);
});
