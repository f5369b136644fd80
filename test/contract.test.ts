import * as fs from 'fs';
import * as path from 'path';
import { App, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { Role } from 'aws-cdk-lib/aws-iam';
import { DockerImageCode } from 'aws-cdk-lib/aws-lambda';
import { DatabaseInstance } from 'aws-cdk-lib/aws-rds';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { readConfig, RuntimeConfig as ConfigRead } from '../lib-runtime/base/config';
import {
  DuckDbExtension, DuckDbFunction, DuckDbFunctionProps, MotherDuckAttachMode, MotherDuckStep, MotherDuckStepProps, PostgresCredentials,
  PostgresEndpoint, PostgresStep, PostgresStepProps, PostgresTls, S3Permissions, S3Step, S3StepProps, S3UrlStyle, SecretSource, SqlStep,
} from '../src';
import { DatabaseConfig as DatabaseWritten, RuntimeConfig as ConfigWritten, StepConfig as StepWritten } from '../src/runtime/runtime-config';

// The construct and the runtime share no code: these tests check that one reads what the other writes.

function read(props: Partial<DuckDbFunctionProps>): ConfigRead {
  const stack = new Stack(new App(), 'Stack');
  new DuckDbFunction(stack, 'Fn', { entry: path.join(__dirname, 'fixtures', 'handler.ts'), ...props });
  const [fn] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  return readConfig(fn.Properties.Environment.Variables);
}

test('the runtime knows every key that the construct may write', () => {
  // tsc refuses this when a key is added to what is written, and the test fails when the runtime does not read it.
  const step: Required<StepWritten> = { name: 's3', type: 's3', provides: ['catalog'], config: { scopes: ['s3://lake/'] } };
  const database: Required<DatabaseWritten> = { file: '/tmp/archive.duckdb', steps: ['s3'] };
  const written: Required<ConfigWritten> = {
    version: 1,
    extensions: ['httpfs'],
    steps: [step],
    mode: 'eager',
    settings: { threads: '2' },
    verifyExtensions: true,
    databases: { archive: database },
    metrics: true,
    timeoutSeconds: 30,
  };
  const { version, mode, ...content } = written;
  expect(readConfig({ DUCKDB_LAMBDA_CONFIG: JSON.stringify(written) })).toMatchObject({ ...content, eager: true });
});

test('the runtime reads what the construct writes for a function without steps', () => {
  expect(read({})).toEqual({ extensions: [], steps: [], settings: {}, verifyExtensions: false, timeoutSeconds: 30 });
});

test('the runtime reads the function\'s timeout in seconds, also one that only a deployment knows', () => {
  expect(read({ timeout: Duration.minutes(15) }).timeoutSeconds).toBe(900);

  const stack = new Stack(new App(), 'Stack');
  const seconds = new CfnParameter(stack, 'Seconds', { type: 'Number' }).valueAsNumber;
  new DuckDbFunction(stack, 'Fn', { entry: path.join(__dirname, 'fixtures', 'handler.ts'), timeout: Duration.seconds(seconds) });
  const [fn] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  expect(fn.Properties.Timeout).toEqual({ Ref: 'Seconds' });
  const [, parts] = fn.Properties.Environment.Variables.DUCKDB_LAMBDA_CONFIG['Fn::Join'];
  const deployed = parts.map((part: string | { Ref: string }) => (typeof part === 'string' ? part : '45')).join('');
  expect(readConfig({ DUCKDB_LAMBDA_CONFIG: deployed }).timeoutSeconds).toBe(45);
});

test('the runtime reads what the construct writes for steps and extensions', () => {
  const lake = Bucket.fromBucketName(new Stack(), 'Lake', 'lake');
  expect(read({
    bootstrap: [new S3Step({ buckets: [lake], prefixes: ['events/'] })],
    extensions: [DuckDbExtension.core('iceberg')],
    verifyExtensionsAtRuntime: true,
  })).toEqual({
    extensions: ['httpfs', 'avro', 'iceberg'],
    steps: [{ name: 's3', type: 's3', provides: [], config: { scopes: ['s3://lake/events/'] } }],
    settings: {},
    verifyExtensions: true,
    timeoutSeconds: 30,
  });
});

test('the runtime reads what the construct writes for databases and metrics', () => {
  const lake = Bucket.fromBucketName(new Stack(), 'Lake', 'lake');
  expect(read({
    bootstrap: [new S3Step({ buckets: [lake] })],
    databases: { archive: { file: 'archive.duckdb', bootstrap: ['s3'] }, scratch: { bootstrap: [] }, plain: {} },
    metrics: true,
  })).toMatchObject({
    databases: { archive: { file: '/tmp/archive.duckdb', steps: ['s3'] }, scratch: { steps: [] }, plain: {} },
    metrics: true,
  });
});

test('the runtime knows every key of a step\'s configuration', () => {
  const stack = new Stack(new App(), 'Stack');
  const secret = SecretSource.fromSecretsManager(Secret.fromSecretNameV2(stack, 'Secret', 'secret'), 'field', { maxAge: Duration.minutes(1) });
  const replica = DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Replica', {
    instanceIdentifier: 'replica', instanceEndpointAddress: 'db.example.com', port: 5432, securityGroups: [], instanceResourceId: 'db-ABC',
  });
  const s3: Required<S3StepProps> = {
    name: 's3',
    buckets: [Bucket.fromBucketName(stack, 'Lake', 'lake')],
    prefixes: ['events/'],
    permissions: S3Permissions.READ,
    encryptionKeys: [],
    region: 'eu-west-1',
    assumeRole: undefined as any,
    requesterPays: true,
    immutable: true,
    endpoint: 'https://s3.example.com',
    urlStyle: S3UrlStyle.PATH,
    credentialChain: true,
  };
  const postgres: Required<PostgresStepProps> = {
    name: 'postgres',
    endpoint: PostgresEndpoint.fromInstance(replica),
    database: 'app',
    credentials: PostgresCredentials.fromPassword('reader', secret),
    catalog: 'pg_replica',
    schema: 'public',
    tls: PostgresTls.VERIFY_FULL,
    caFile: '/opt/rds.pem',
    connectTimeout: Duration.seconds(1),
    tcpUserTimeout: Duration.seconds(2),
    keepalive: Duration.seconds(3),
    statementTimeout: Duration.seconds(4),
    maxConnections: 5,
    applicationName: 'reports',
  };
  const motherduck: Required<MotherDuckStepProps> = {
    name: 'motherduck', token: secret, databases: ['sales'], attachMode: MotherDuckAttachMode.SINGLE, saasMode: true, allowDownload: true,
  };
  const fn = new DuckDbFunction(stack, 'Fn', { entry: path.join(__dirname, 'fixtures', 'handler.ts') });
  const role = Role.fromRoleArn(stack, 'Reader', 'arn:aws:iam::111111111111:role/reader');
  const configs = [
    new S3Step(s3),
    new S3Step({ buckets: s3.buckets, assumeRole: role }),
    new PostgresStep(postgres),
    new PostgresStep({ ...postgres, credentials: PostgresCredentials.fromIam('reader') }),
    new PostgresStep({ credentials: PostgresCredentials.fromSecret(Secret.fromSecretNameV2(stack, 'Rds', 'rds')) }),
    new MotherDuckStep(motherduck),
    new SqlStep({ name: 'sql', statements: ['SET VARIABLE t = $t'], secrets: { t: secret } }),
  ].map((step) => step.bind(fn));
  const directory = path.join(__dirname, '..', 'lib-runtime');
  const sources = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    .map((file) => fs.readFileSync(path.join(directory, file), 'utf8')).join('\n');
  const keys = new Set(configs.flatMap(({ config }) => Object.keys(config!)));
  // The key as text, or as a destructured name.
  const isRead = (key: string) => new RegExp(`'${key}'|[{,]\\s*${key}\\b[^:=}]*\\}\\s*=|\\.${key}\\b`).test(sources);
  expect([...keys].filter((key) => !isRead(key))).toEqual([]);
  expect(isRead('noSuchKey')).toBe(false);
  expect([...keys].sort()).toEqual([
    'applicationName', 'assumeRole', 'attachMode', 'caFile', 'catalog', 'connectTimeout', 'credentialChain', 'database', 'databases', 'endpoint', 'host', 'iam',
    'immutable', 'keepalive', 'maxConnections', 'password', 'port', 'region', 'requesterPays', 'saasMode', 'schema', 'scopes', 'secret', 'secrets', 'statementTimeout',
    'statements', 'tcpUserTimeout', 'tls', 'token', 'urlStyle', 'user',
  ]);
});

test('the image names the directory of its extensions in the variable that the runtime reads', () => {
  const dockerfile = fs.readFileSync(path.join(__dirname, '..', 'assets', 'docker', 'Dockerfile'), 'utf8');
  const [, directory] = dockerfile.match(/^ENV DUCKDB_EXTENSIONS_DIR=(\S+)$/m)!;
  expect(dockerfile).toContain(`--target ${directory} `);
  expect(dockerfile).toContain(`COPY --from=duckdb ${directory} ${directory}`);
  expect(fs.readFileSync(path.join(__dirname, '..', 'lib-runtime', 'extensions', 'extensions.ts'), 'utf8')).toContain('env.DUCKDB_EXTENSIONS_DIR');
  // A prebuilt image need not set the variable.
  const stack = new Stack(new App(), 'Stack');
  new DuckDbFunction(stack, 'Fn', { code: DockerImageCode.fromEcr(Repository.fromRepositoryName(stack, 'Repository', 'reports')) });
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: { DUCKDB_EXTENSIONS_DIR: directory } } });
});

test('neither half imports the other', () => {
  const sources = (folder: string) => fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts')).map((file) => fs.readFileSync(path.join(folder, file), 'utf8'));
  const imports = (folder: string) => sources(path.join(__dirname, '..', folder)).flatMap((text) => [...text.matchAll(/from '([^']+)'/g)].map((match) => match[1]));
  expect(imports('src').filter((name) => name.includes('lib-runtime'))).toEqual([]);
  expect(imports('lib-runtime').filter((name) => name.includes('/src') || name.startsWith('aws-cdk-lib'))).toEqual([]);
});
