import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Aws, CfnParameter, Duration, Lazy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import * as tested from '../../../assets/docker/versions.json';
import {
  DuckDbFunction, DuckDbQueryFunction, DuckLakeMetadata, DuckLakePostgresOptions, DuckLakeSnapshot, DuckLakeStep, DuckLakeStepProps,
  IBootstrapStep, LakeAccess, PostgresCredentials, PostgresEndpoint, PostgresStep, PostgresTls, S3Permissions, S3Step, S3UrlStyle, SecretSource,
} from '../../../src';
import { ENTRY, ENV, runtimeConfig, unbundledStack } from '../../duckdb-function/unbundled';
import { temporaryDirectory } from '../../temporary-directory';

const KEY = 'arn:aws:kms:eu-west-1:111111111111:key/key';
const ROLE = 'arn:aws:iam::111111111111:role/reports';
const host = PostgresEndpoint.fromHost('db.example.com');

let stack: Stack;
let lake: s3.IBucket;
let password: PostgresCredentials;

beforeEach(() => {
  stack = unbundledStack();
  lake = s3.Bucket.fromBucketName(stack, 'Lake', 'my-lake');
  password = PostgresCredentials.fromPassword('writer', SecretSource.fromSsmParameter(
    StringParameter.fromSecureStringParameterAttributes(stack, 'Password', { parameterName: '/db/password' })));
});

const postgres = (options: Partial<DuckLakePostgresOptions> = {}) => (
  DuckLakeMetadata.postgres({ endpoint: host, database: 'app', credentials: password, ...options })
);
const frozen = () => DuckLakeMetadata.file(lake, 'catalogs/2026.ducklake');

function step(props: Partial<DuckLakeStepProps> = {}): DuckLakeStep {
  return new DuckLakeStep({ metadata: postgres(), data: { bucket: lake, prefix: 'lake/' }, ...props });
}

/** The statements of the function's policy, and what its runtime reads. */
function bound(props: Partial<DuckLakeStepProps> = {}): { statements: any[]; step: any; extensions: string[] } {
  new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [step(props)] });
  const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
  const { steps, extensions } = runtimeConfig(stack);
  return { statements: policy.Properties.PolicyDocument.Statement, step: steps[0], extensions };
}

const warnings = () => Annotations.fromStack(stack).findWarning('/Stack/Reports', Match.anyValue()).map(({ entry }) => entry.data);
const arn = (rest: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:${rest}`]] });
const allow = (Action: string | string[], Resource: unknown, Condition?: object) => ({ Effect: 'Allow', Action, Resource, ...(Condition && { Condition }) });
const objects = arn('s3:::my-lake/lake/*');
const list = allow('s3:ListBucket', arn('s3:::my-lake'), { StringLike: { 's3:prefix': ['lake/*'] } });
const secret = allow('ssm:GetParameter', arn('ssm:eu-west-1:111111111111:parameter/db/password'));
const READING = { scopes: ['s3://my-lake/lake/'] };
const AT_POSTGRES = { host: 'db.example.com', port: 5432, database: 'app', user: 'writer', password: { ssm: '/db/password' } };

test('a lake to read: nothing is written that is a default', () => {
  expect(bound()).toEqual({
    statements: [secret, allow('s3:GetObject', objects), list],
    step: {
      name: 'ducklake',
      type: 'ducklake',
      provides: ['lake'],
      config: { catalog: 'lake', ...AT_POSTGRES, dataPath: 's3://my-lake/lake/', s3: READING },
    },
    extensions: ['httpfs', 'postgres_scanner', 'ducklake'],
  });
  expect(warnings()).toEqual([]);
});

test.each<[LakeAccess, string | string[]]>([
  [LakeAccess.READ, 's3:GetObject'],
  [LakeAccess.WRITE, ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload']],
  [LakeAccess.MAINTAIN, ['s3:GetObject', 's3:DeleteObject']],
])('%s needs exactly what it does to the data', (access, actions) => {
  const { statements, step: { config } } = bound({ access });
  expect(statements).toEqual([secret, allow(actions, objects), list]);
  expect(config.access).toBe(access === LakeAccess.READ ? undefined : access);
});

test('what is given reaches the runtime', () => {
  expect(bound({
    name: 'sales',
    catalog: 'sales_lake',
    metadata: postgres({
      endpoint: PostgresEndpoint.fromHost('db.example.com', { port: 6432 }),
      schema: 'sales',
      tls: PostgresTls.VERIFY_FULL,
      caFile: '/opt/rds.pem',
      connectTimeout: Duration.seconds(2),
      tcpUserTimeout: Duration.seconds(3),
      keepalive: Duration.minutes(2),
      statementTimeout: Duration.minutes(1),
      maxConnections: 2,
      applicationName: 'sales',
    }),
    access: LakeAccess.WRITE,
    createIfMissing: true,
    encrypted: true,
    migrateIfNeeded: true,
    dataInliningRowLimit: 20,
    s3: {
      region: 'eu-north-1',
      assumeRole: iam.Role.fromRoleArn(stack, 'Role', ROLE),
      requesterPays: true,
      endpoint: 'https://s3.example.com',
      urlStyle: S3UrlStyle.PATH,
    },
  }).step).toEqual({
    name: 'sales',
    type: 'ducklake',
    provides: ['sales_lake'],
    config: {
      catalog: 'sales_lake',
      ...AT_POSTGRES,
      port: 6432,
      metadataSchema: 'sales',
      tls: 'verify-full',
      caFile: '/opt/rds.pem',
      connectTimeoutSeconds: 2,
      tcpUserTimeoutSeconds: 3,
      keepaliveSeconds: 120,
      statementTimeoutSeconds: 60,
      maxConnections: 2,
      applicationName: 'sales',
      dataPath: 's3://my-lake/lake/',
      access: 'WRITE',
      createIfMissing: true,
      encrypted: true,
      migrateIfNeeded: true,
      dataInliningRowLimit: 20,
      s3: { ...READING, region: 'eu-north-1', assumeRole: ROLE, requesterPays: true, endpoint: 'https://s3.example.com', urlStyle: 'path' },
    },
  });
});

test('the configuration takes a part of the 4 KB of all variables', () => {
  const { step: { config } } = bound();
  expect(JSON.stringify({ name: 'ducklake', type: 'ducklake', provides: ['lake'], config }).length).toBeLessThan(300);
});

test('the database is reached as by a PostgresStep, with the same keys and permissions', () => {
  const credentials = PostgresCredentials.fromSecret(Secret.fromSecretCompleteArn(stack, 'Secret', 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf'));
  const options = { endpoint: undefined, database: undefined, credentials, maxConnections: 3, disableStatementTimeout: true };
  const { catalog, dataPath, s3: access, ...connection } = bound({ metadata: postgres(options) }).step.config;
  const other = unbundledStack();
  new DuckDbFunction(other, 'Reports', { entry: ENTRY, bootstrap: [new PostgresStep(options)] });
  const { catalog: pg, ...ofPostgres } = runtimeConfig(other).steps[0].config;
  expect(connection).toEqual(ofPostgres);
});

describe('a frozen lake', () => {
  const key = allow('s3:GetObject', arn('s3:::my-lake/catalogs/2026.ducklake'));

  test('is read by its catalog\'s key alone and the prefix of its data, without a database', () => {
    expect(bound({ metadata: frozen() })).toEqual({
      statements: [key, allow('s3:GetObject', objects), list],
      step: {
        name: 'ducklake',
        type: 'ducklake',
        provides: ['lake'],
        config: {
          catalog: 'lake',
          file: 's3://my-lake/catalogs/2026.ducklake',
          dataPath: 's3://my-lake/lake/',
          s3: { scopes: ['s3://my-lake/catalogs/2026.ducklake', 's3://my-lake/lake/'] },
        },
      },
      extensions: ['httpfs', 'ducklake'],
    });
  });

  test('may leave its data to another step', () => {
    const { statements, step: { config } } = bound({ metadata: frozen(), data: undefined });
    expect(statements).toEqual([key]);
    expect(config).toEqual({ catalog: 'lake', file: 's3://my-lake/catalogs/2026.ducklake', s3: { scopes: ['s3://my-lake/catalogs/2026.ducklake'] } });
  });

  test('has a key that is one key, also where IAM would read a pattern', () => {
    const { statements } = bound({ metadata: DuckLakeMetadata.file(lake, new CfnParameter(stack, 'Key').valueAsString), data: undefined });
    expect(statements[0].Resource['Fn::Join'][1]).toEqual(['arn:', { Ref: 'AWS::Partition' }, ':s3:::my-lake/', { Ref: 'Key' }]);
    for (const pattern of ['catalogs/*', 'cat?.ducklake', '/cat.ducklake', 's3://lake/cat.ducklake', 'a/../cat.ducklake', 'catalogs/']) {
      expect(() => DuckLakeMetadata.file(lake, pattern)).toThrow(`DuckLakeMetadata.file has the key "${pattern}": expected a key such as "catalogs/2026-01.ducklake"`);
    }
  });

  test.each([LakeAccess.WRITE, LakeAccess.MAINTAIN])('takes no %s', (access) => {
    expect(() => step({ metadata: frozen(), access })).toThrow(
      `the DuckLakeStep "ducklake" has LakeAccess.${access} beside metadata in a file, which is read-only: use DuckLakeMetadata.postgres, or LakeAccess.READ`);
  });

  test('is in a VPC reached by S3\'s endpoint alone', () => {
    const vpc = new ec2.Vpc(stack, 'Vpc');
    const fn = new DuckDbFunction(stack, 'Reports', { entry: ENTRY, vpc, bootstrap: [step({ metadata: frozen() })] });
    expect(fn.requiredEndpoints).toContainEqual({ service: 's3' });
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::EC2::SecurityGroupIngress'))).toEqual([]);
  });
});

describe('keys of KMS', () => {
  test.each<[LakeAccess, string | string[]]>([
    [LakeAccess.READ, 'kms:Decrypt'],
    [LakeAccess.WRITE, ['kms:Decrypt', 'kms:GenerateDataKey']],
    [LakeAccess.MAINTAIN, 'kms:Decrypt'],
  ])('%s', (access, actions) => {
    const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', KEY);
    const known = s3.Bucket.fromBucketAttributes(stack, 'Known', { bucketName: 'known', encryptionKey });
    expect(bound({ access, data: { bucket: known, prefix: 'lake/' } }).statements).toContainEqual(allow(actions, KEY));
  });

  test('that CDK does not know are named', () => {
    expect(bound({ s3: { encryptionKeys: [kms.Key.fromKeyArn(stack, 'Key', KEY)] } }).statements).toContainEqual(allow('kms:Decrypt', KEY));
  });
});

test('a role that owns the data gets the permissions, and the function may assume it', () => {
  const assumeRole = new iam.Role(stack, 'Owner', { assumedBy: new iam.AccountRootPrincipal() });
  const fn = new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [step({ s3: { assumeRole }, access: LakeAccess.WRITE })] });
  const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')).map(({ Properties }) => (
    [Properties.Roles, Properties.PolicyDocument.Statement.map(({ Action }: any) => Action)]));
  expect(policies).toEqual([
    [[{ Ref: expect.stringMatching(/^Owner/) }], [['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'], 's3:ListBucket']],
    [[{ Ref: expect.stringMatching(/^Reports/) }], ['ssm:GetParameter', 'sts:AssumeRole']],
  ]);
  expect(fn.requiredEndpoints.map(({ service }) => service)).toEqual(expect.arrayContaining(['s3', 'ssm', 'sts']));
});

test('an immutable role causes a warning that names every statement', () => {
  new DuckDbFunction(stack, 'Reports', {
    entry: ENTRY, role: iam.Role.fromRoleArn(stack, 'Role', ROLE, { mutable: false }), bootstrap: [step({ access: LakeAccess.MAINTAIN })],
  });
  expect(warnings()).toEqual([expect.stringMatching(/ssm:GetParameter.*s3:DeleteObject.*s3:ListBucket.*ack: cdk-duckdb-lambda:immutableRole/)]);
});

describe('a database of RDS', () => {
  let vpc: ec2.Vpc;
  const engine = rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_17_4 });
  beforeEach(() => {
    vpc = new ec2.Vpc(stack, 'Vpc');
  });
  const cluster = () => new rds.DatabaseCluster(stack, 'Cluster', { engine, vpc, writer: rds.ClusterInstance.serverlessV2('writer') });
  const primary = () => new rds.DatabaseInstance(stack, 'Db', {
    engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }), vpc,
  });

  test('is reached through the two security groups, and signed in to by IAM at its writer', () => {
    const endpoint = PostgresEndpoint.fromClusterWriter(cluster());
    const metadata = postgres({ endpoint, credentials: PostgresCredentials.fromIam('writer') });
    new DuckDbFunction(stack, 'Reports', { entry: ENTRY, vpc, bootstrap: [step({ metadata, access: LakeAccess.WRITE })] });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', { Description: 'DuckDB of Stack/Reports' });
    template.hasResourceProperties('AWS::IAM::Policy', { PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 'rds-db:connect' })]) } });
    const { host: address } = stack.resolve({ host: endpoint.host });
    expect(address['Fn::GetAtt'][1]).toBe('Endpoint.Address');
    expect(() => step({ metadata }).bind(new DuckDbFunction(stack, 'Outside', { entry: ENTRY }))).toThrow(
      'the DuckLakeStep "ducklake" reaches a database in a VPC, but Stack/Outside is not in a VPC');
  });

  test.each<[string, () => PostgresEndpoint]>([
    ['the reader of a cluster', () => PostgresEndpoint.fromClusterReader(cluster())],
    ['a replica', () => PostgresEndpoint.fromInstance(new rds.DatabaseInstanceReadReplica(stack, 'Replica', {
      sourceDatabaseInstance: primary(), vpc, instanceType: new ec2.InstanceType('t4g.medium'),
    }))],
  ])('%s serves readers only', (_, endpoint) => {
    const metadata = postgres({ endpoint: endpoint() });
    step({ metadata });
    for (const access of [LakeAccess.WRITE, LakeAccess.MAINTAIN]) {
      expect(() => step({ metadata, access })).toThrow(`the DuckLakeStep "ducklake" has LakeAccess.${access} beside metadata at a replica, which cannot be written: `
        + 'name the writer, as in PostgresEndpoint.fromClusterWriter(cluster) or fromInstance(primary), or LakeAccess.READ');
    }
  });

  test('a primary serves writers too', () => {
    step({ metadata: postgres({ endpoint: PostgresEndpoint.fromInstance(primary()) }), access: LakeAccess.WRITE });
  });
});

test('a host of a private network, and S3 there, cause warnings outside of a VPC', () => {
  const metadata = postgres({ endpoint: PostgresEndpoint.fromHost('10.0.0.5') });
  bound({ metadata, s3: { endpoint: 'http://minio.internal:9000' } });
  expect(warnings()).toEqual([
    expect.stringMatching(/^the DuckLakeStep "ducklake" reaches 10\.0\.0\.5, which is not on the internet/),
    expect.stringMatching(/^the DuckLakeStep "ducklake" reaches minio\.internal, which is not on the internet/),
  ]);
});

describe('a snapshot', () => {
  test.each<[DuckLakeSnapshot, object]>([
    [DuckLakeSnapshot.version(42), { snapshotVersion: 42 }],
    [DuckLakeSnapshot.version(0), { snapshotVersion: 0 }],
    [DuckLakeSnapshot.time('2026-01-31T00:00:00Z'), { snapshotTime: '2026-01-31T00:00:00Z' }],
    [DuckLakeSnapshot.time('2026-01-31T00:00:00.5+01:00'), { snapshotTime: '2026-01-31T00:00:00.5+01:00' }],
  ])('%j is what all queries read', (snapshot, config) => {
    expect(bound({ snapshot }).step.config).toMatchObject(config);
  });

  test('may be known when the stack is deployed', () => {
    const { step: { config } } = bound({ snapshot: DuckLakeSnapshot.version(new CfnParameter(stack, 'Snapshot', { type: 'Number' }).valueAsNumber) });
    expect(config.snapshotVersion).toBe('*');
    DuckLakeSnapshot.time(new CfnParameter(stack, 'Time').valueAsString);
  });

  test.each([-1, 1.5, NaN, '3', undefined])('number %p is refused', (id: any) => {
    expect(() => DuckLakeSnapshot.version(id)).toThrow('expected a whole number from 0, as lake.snapshots() lists them');
  });

  test.each(['2026-01-31', '2026-01-31T00:00:00', 'yesterday', '2026-13-31T00:00:00Z', '2026-02-31T00:00:00Z', '2026-01-31T00:00:00+25:00', ''])('time "%s" is refused', (time) => {
    expect(() => DuckLakeSnapshot.time(time)).toThrow(/^DuckLakeSnapshot\.time has ".*": expected .*"2026-01-31T00:00:00Z"/);
  });

  test.each([LakeAccess.WRITE, LakeAccess.MAINTAIN])('is refused with %s', (access) => {
    expect(() => step({ access, snapshot: DuckLakeSnapshot.version(1) })).toThrow(
      `the DuckLakeStep "ducklake" has a snapshot with LakeAccess.${access}, but only the latest one can be written: remove it, or use LakeAccess.READ`);
  });
});

test('a lock file must pin what the step brings', () => {
  const lockFile = join(temporaryDirectory(), 'duckdb.lock.json');
  const client = { version: tested.client, integrity: 'sha512-x' };
  const pinned = { sha256: 'b'.repeat(64) };
  const lock = (extensions: object) => writeFileSync(lockFile, JSON.stringify({
    version: 1,
    duckdbVersion: tested.duckdb,
    baseImage: { reference: 'public.ecr.aws/lambda/nodejs:24', digest: `sha256:${'a'.repeat(64)}` },
    nodeApi: { '@duckdb/node-api': client, '@duckdb/node-bindings': client, '@duckdb/node-bindings-linux-arm64': client },
    extensions: { linux_arm64: extensions },
  }));
  const declare = () => new DuckDbFunction(new Stack(new App(), 'Built', { env: ENV }), 'Reports', { entry: ENTRY, lockFile, bootstrap: [step()] });
  lock({ httpfs: pinned });
  expect(declare).toThrow(`the lock file "${lockFile}" does not pin postgres_scanner, ducklake for linux_arm64`);
  lock({ httpfs: pinned, postgres_scanner: pinned, ducklake: pinned });
  expect(declare().extensions).toEqual(['httpfs', 'postgres_scanner', 'ducklake']);
});

test('the queries that maintain a lake are those of a query function', () => {
  const fn = new DuckDbQueryFunction(stack, 'Reports', {
    queries: DuckLakeStep.maintenanceQueries, bootstrap: [step({ access: LakeAccess.MAINTAIN })], timeout: Duration.minutes(15),
  });
  expect(fn.queries.map(({ name, parameters }) => [name, parameters.map((each) => each.name)])).toEqual([
    ['clean-up', ['catalog', 'age']], ['expire', ['catalog', 'age']], ['merge', ['catalog', 'deleted', 'files']],
  ]);
  expect(warnings()).toEqual([]);
});

describe('a role that writes and may delete', () => {
  const told = 'the DuckLakeStep "ducklake" has LakeAccess.WRITE, but its role may also delete below "lake/": ';
  const writing = (more: object = {}, ...steps: IBootstrapStep[]) => (
    new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [step({ access: LakeAccess.WRITE }), ...steps], ...more })
  );
  const deleting = (prefixes?: string[]) => new S3Step({ buckets: [lake], prefixes, permissions: S3Permissions.READ_WRITE_DELETE });

  test.each<[string, () => void]>([
    ['by an S3Step', () => writing({}, deleting())],
    ['by an S3Step for a part', () => writing({}, deleting(['lake/sub/']))],
    ['by the bucket', () => lake.grantReadWrite(writing())],
    ['by a function that maintains the lake with the same role', () => {
      const role = new iam.Role(stack, 'Shared', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
      writing({ role });
      new DuckDbFunction(stack, 'Cleaning', { entry: ENTRY, role, bootstrap: [step({ access: LakeAccess.MAINTAIN })] });
    }],
  ])('%s: a warning', (_, declare) => {
    declare();
    expect(warnings().filter((text) => !String(text).includes('lakeFolder'))).toEqual([expect.stringContaining(told)]);
  });

  test('elsewhere, or by another role: none', () => {
    writing({}, deleting(['other/']));
    new DuckDbFunction(stack, 'Cleaning', { entry: ENTRY, bootstrap: [step({ access: LakeAccess.MAINTAIN })] });
    expect(warnings()).toEqual([]);
  });
});

describe('bad input', () => {
  test.each<[string, object, string]>([
    ['createIfMissing', { createIfMissing: true }, 'has createIfMissing with LakeAccess.READ, which writes nothing: remove it, or use LakeAccess.WRITE'],
    ['migrateIfNeeded', { migrateIfNeeded: true }, 'has migrateIfNeeded with LakeAccess.READ, which writes nothing'],
    ['dataInliningRowLimit', { dataInliningRowLimit: 10 }, 'has dataInliningRowLimit with LakeAccess.READ, which writes nothing'],
    ['a limit below 0', { access: 'WRITE', dataInliningRowLimit: -1 }, 'has the dataInliningRowLimit -1: expected a whole number from 0, such as 10'],
    ['a limit as text', { access: 'WRITE', dataInliningRowLimit: '10' }, 'has the dataInliningRowLimit "10": expected a whole number from 0'],
    ['encrypted', { encrypted: true, access: 'WRITE' }, 'has encrypted without createIfMissing, which has an effect only when a lake is created'],
    ['a flag as text', { access: 'WRITE', createIfMissing: 'false' }, 'has the createIfMissing "false": expected true or false'],
    ['an access', { access: 'ADMIN' }, 'has the access "ADMIN": expected one of LakeAccess.READ, LakeAccess.WRITE, LakeAccess.MAINTAIN'],
    ['a catalog of DuckDB\'s', { catalog: 'memory' }, 'has the catalog "memory", which DuckDB uses itself'],
    ['a catalog of PostgreSQL\'s', { catalog: 'pg_catalog' }, 'has the catalog "pg_catalog", which DuckDB uses itself'],
    ['metadata', { metadata: 'postgres://db' }, 'has as metadata "postgres://db": expected DuckLakeMetadata such as DuckLakeMetadata.postgres('],
    ['a snapshot', { snapshot: 3 }, 'has the snapshot 3: expected a DuckLakeSnapshot such as DuckLakeSnapshot.version(42)'],
    ['no data', { data: undefined }, 'has no data: say where its files are, as in data: { bucket, prefix: \'lake/\' }'],
    ['a region', { s3: { region: 'Ireland' } }, 'has the region "Ireland"'],
    ['an endpoint with credentials', { s3: { endpoint: 'https://key:secret@s3.example.com' } }, 'has an endpoint with credentials, which the template would show'],
  ])('%s', (_, props, message) => {
    expect(() => step(props)).toThrow(`the DuckLakeStep "ducklake" ${message}`);
  });

  test.each<[unknown, string]>([
    ['', 'has the prefix "", the whole bucket, whose other Parquet files a clean-up would delete'],
    ['lake', 'has the prefix "lake": expected folders such as "lake/", which end with "/"'],
    ['/lake/', 'has the prefix "/lake/": expected folders such as "lake/"'],
    ['s3://my-lake/lake/', 'has the prefix "s3://my-lake/lake/": expected folders'],
    ['lake/*/', 'has the prefix "lake/*/": expected folders'],
    ['lake/../other/', 'has the prefix "lake/../other/": expected folders'],
    [undefined, 'has the prefix undefined: expected text such as "lake/"'],
  ])('the prefix %j', (prefix: any, message) => {
    expect(() => step({ data: { bucket: lake, prefix } })).toThrow(`the data of the DuckLakeStep "ducklake" ${message}`);
  });

  test('no bucket', () => {
    expect(() => step({ data: { bucket: 'my-lake' as any, prefix: 'lake/' } })).toThrow('the data of the DuckLakeStep "ducklake" has as bucket "my-lake": expected an IBucket');
    expect(() => DuckLakeMetadata.file('my-lake' as any, 'cat.ducklake')).toThrow('DuckLakeMetadata.file has as bucket "my-lake": expected an IBucket');
  });

  test('of the connection is an error of the metadata', () => {
    expect(() => postgres({ tls: PostgresTls.VERIFY_FULL })).toThrow('DuckLakeMetadata.postgres has PostgresTls.VERIFY_FULL without caFile');
    expect(() => postgres({ maxConnections: 0 })).toThrow('DuckLakeMetadata.postgres has maxConnections 0: expected a whole number above 0');
    expect(() => postgres({ endpoint: undefined })).toThrow('DuckLakeMetadata.postgres has no endpoint: give it, or use PostgresCredentials.fromSecret');
    expect(() => postgres({ schema: ' ' })).toThrow('DuckLakeMetadata.postgres has the schema " ": expected text such as "lake"');
  });

  test('writing and deleting the same data with one role', () => {
    const declare = (writer: Partial<DuckLakeStepProps>, maintainer: Partial<DuckLakeStepProps>) => () => new DuckDbFunction(stack, 'Reports', {
      entry: ENTRY,
      bootstrap: [step({ access: LakeAccess.WRITE, ...writer }), step({ name: 'cleaner', catalog: 'cleaner', access: LakeAccess.MAINTAIN, ...maintainer })],
    });
    expect(declare({}, {})).toThrow('Stack/Reports has LakeAccess.MAINTAIN in the step "cleaner" beside LakeAccess.WRITE in "ducklake" for the same data: '
      + 'give one of them a function of its own');
    stack = unbundledStack();
    const assumeRole = iam.Role.fromRoleArn(stack, 'Cleaner', ROLE);
    expect(declare({}, { s3: { assumeRole } })).not.toThrow();
    stack = unbundledStack();
    expect(declare({}, { data: { bucket: lake, prefix: 'other/' } })).not.toThrow();
  });

  test('two lakes whose data lie within each other', () => {
    const declare = (other: Partial<DuckLakeStepProps>) => () => new DuckDbFunction(unbundledStack(), 'Reports', {
      entry: ENTRY, bootstrap: [step(), step({ name: 'other', catalog: 'other', ...other })],
    });
    const told = 'Stack/Reports has the data of two lakes within each other, in the steps "ducklake" and "other": give each lake a prefix of its own';
    for (const metadata of [postgres(), postgres({ schema: 'other' })]) {
      expect(declare({ metadata, data: { bucket: lake, prefix: 'lake/inner/' } })).toThrow(told);
      expect(declare({ metadata, data: { bucket: lake, prefix: 'lakes/' } })).not.toThrow();
    }
    expect(declare({ metadata: postgres({ schema: 'other' }) })).toThrow(told);
    expect(declare({ metadata: postgres({ database: 'other' }) })).toThrow(told);
    expect(declare({ metadata: postgres({ endpoint: PostgresEndpoint.fromHost('replica.example.com') }) })).not.toThrow();
    expect(declare({ metadata: frozen() })).not.toThrow();
  });

  test('two lakes under one name, or one beside a PostgresStep', () => {
    const declare = (...bootstrap: any[]) => () => new DuckDbFunction(unbundledStack(), 'Reports', { entry: ENTRY, bootstrap });
    expect(declare(step(), step({ name: 'other', catalog: 'LAKE' }))).toThrow('has two bootstrap steps that attach the catalog "LAKE", "ducklake" and "other"');
    expect(declare(step(), new PostgresStep({ catalog: 'lake', endpoint: host, database: 'app', credentials: password }))).toThrow(
      'has two bootstrap steps that attach the catalog "lake", "ducklake" and "postgres"');
    expect(declare(step(), step({ name: 'other', catalog: 'other' }))).not.toThrow();
  });
});

test('texts may be known when the stack is deployed', () => {
  const { step: { config } } = bound({
    catalog: Lazy.string({ produce: () => 'late' }),
    data: { bucket: new s3.Bucket(stack, 'New'), prefix: `${Aws.REGION}/` },
    metadata: postgres({ endpoint: PostgresEndpoint.fromHost(new CfnParameter(stack, 'Host').valueAsString), schema: new CfnParameter(stack, 'Schema').valueAsString }),
  });
  expect(config).toMatchObject({ catalog: 'late', host: '*', metadataSchema: '*', dataPath: expect.stringMatching(/^s3:\/\/\*\/(eu-west-1|\*)\/$/) });
});

describe('the whole template', () => {
  test.each<[string, () => Partial<DuckLakeStepProps>]>([
    ['a lake in PostgreSQL to read', () => ({})],
    ['a lake in PostgreSQL to write', () => ({ access: LakeAccess.WRITE, createIfMissing: true })],
    ['a lake in PostgreSQL to maintain', () => ({ access: LakeAccess.MAINTAIN })],
    ['a frozen lake', () => ({ metadata: frozen() })],
  ])('of %s is as it was', (_, props) => {
    bound(props());
    const { Resources } = Template.fromStack(stack).toJSON();
    const text = JSON.stringify(Resources, undefined, 2).replace(/[0-9a-f]{64}/g, '<asset>');
    expect(text).toMatchSnapshot();
  });
});
