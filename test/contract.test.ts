import * as fs from 'fs';
import * as path from 'path';
import { App, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { DockerImageCode } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { documentedProps, valueOf } from './contract/documented';
import { readConfig, RuntimeConfig as ConfigRead } from '../lib-runtime/base/config';
import { BootstrapMode, DuckDbExtension, DuckDbFunction, DuckDbFunctionProps, S3Step } from '../src';
import {
  CorsConfig as CorsWritten, DatabaseConfig as DatabaseWritten, HttpConfig as HttpWritten, ResultsConfig as ResultsWritten,
  RuntimeConfig as ConfigWritten, StepConfig as StepWritten,
} from '../src/runtime/runtime-config';

// The construct and the runtime share no code: these tests check that one reads what the other writes. test/contract has the steps.

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
  const results: Required<ResultsWritten> = { location: 's3://lake/results/' };
  const cors: Required<CorsWritten> = {
    allowedOrigins: ['https://example.com'], allowCredentials: true, allowedHeaders: ['x-a'], exposedHeaders: ['etag'], maxAgeSeconds: 60,
  };
  const http: Required<HttpWritten> = { streaming: true, cors };
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
    results,
    http,
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

test.each<[keyof DuckDbFunctionProps, string, string, unknown]>([
  ['bootstrapMode', 'duckdb-function-options.ts', 'DuckDbFunctionOptions', BootstrapMode.EAGER],
  ['metrics', 'duckdb-function-options.ts', 'DuckDbFunctionOptions', true],
  ['verifyExtensionsAtRuntime', 'duckdb-options.ts', 'DuckDbOptions', true],
])('the runtime\'s default for %s is the documented one', (prop, file, interfaceName, other) => {
  expect(read({ [prop]: valueOf(documentedProps(file, interfaceName)[prop]) })).toEqual(read({}));
  expect(read({ [prop]: other })).not.toEqual(read({}));
});

test('the image names the directory of its extensions in the variable that the runtime reads', () => {
  const dockerfile = fs.readFileSync(path.join(__dirname, '..', 'assets', 'docker', 'Dockerfile'), 'utf8');
  const [, directory] = dockerfile.match(/^ENV DUCKDB_EXTENSIONS_DIR=(\S+)$/m)!;
  expect(dockerfile).toContain(`--target ${directory} `);
  expect(dockerfile).toContain(`COPY --from=extensions ${directory} ${directory}`);
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
