import { Aws, CfnParameter, Duration, Fn, Stack } from 'aws-cdk-lib';
import { NetworkMode } from 'aws-cdk-lib/aws-ecr-assets';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ENTRY, runtimeConfig, unbundledStack } from './unbundled';
import { client } from '../../assets/docker/versions.json';
import {
  DuckDbExtension, DuckDbFunction, DuckDbFunctionProps, ExtensionRepository, IBootstrapStep, MotherDuckStep, PostgresCredentials, PostgresEndpoint,
  PostgresStep, S3Step, SecretSource, SqlStep,
} from '../../src';

let stack: Stack;
let lake: S3Step;

beforeEach(() => {
  stack = unbundledStack();
  lake = new S3Step({ buckets: [s3.Bucket.fromBucketName(stack, 'Lake', 'lake')] });
});

function declare(props: object): DuckDbFunction {
  return new DuckDbFunction(stack, 'Reports', { entry: ENTRY, ...props } as DuckDbFunctionProps);
}

const postgres = (props: object = {}) => new PostgresStep({
  endpoint: PostgresEndpoint.fromHost('db.example.com'), credentials: PostgresCredentials.fromSecret(Secret.fromSecretNameV2(stack, `Secret${Math.random()}`, 'db')), ...props,
});

/** A step of the user's own. */
const own = (config: any, more: object = {}): IBootstrapStep => ({ name: 'own', extensions: [], bind: () => config, ...more });

function cycle(): object {
  const list: unknown[] = [];
  const config = { list };
  list.push(config);
  return config;
}

// As plain JavaScript can have them, where no compiler looks.
test.each<[string, () => object, string]>([
  ['a step alone', () => ({ bootstrap: lake }), 'Stack/Reports has as bootstrap an object of the class S3Step: expected a list such as [new S3Step({ buckets: [lake] })]'],
  ['no step', () => ({ bootstrap: [undefined] }), 'Stack/Reports has in bootstrap undefined: expected a step such as new S3Step({ buckets: [lake] })'],
  ['the name of a step', () => ({ bootstrap: ['s3'] }), 'Stack/Reports has in bootstrap "s3": expected a step'],
  ['the class of a step', () => ({ bootstrap: [S3Step] }), 'Stack/Reports has in bootstrap the class S3Step: expected a step'],
  ['a step without a name', () => ({ bootstrap: [new SqlStep({ statements: ['SELECT 1'] } as any)] }), 'Stack/Reports has a bootstrap step named undefined: expected a letter'],
  ['a step with an empty name', () => ({ bootstrap: [new SqlStep({ name: '', statements: ['SELECT 1'] })] }), 'Stack/Reports has a bootstrap step named "": expected a letter'],
  ['a step that tells nothing', () => ({ bootstrap: [own(undefined)] }), 'the bootstrap step "own" of Stack/Reports returns undefined from bind: expected what the runtime needs'],
  ['a step without a type', () => ({ bootstrap: [own({ type: ' ' })] }), 'the bootstrap step "own" of Stack/Reports has the type " ": expected text such as "sql"'],
  ['a step with a catalog without a name', () => ({ bootstrap: [own({ type: 'sql', provides: [''] })] }),
    'the bootstrap step "own" of Stack/Reports provides the catalog "": expected text such as "lake"'],
  ['a step with a catalog of DuckDB\'s own', () => ({ bootstrap: [new SqlStep({ name: 'own', statements: ['SELECT 1'], provides: ['Memory'] })] }),
    'the bootstrap step "own" of Stack/Reports provides the catalog "Memory", which DuckDB uses itself: expected another name such as "lake"'],
  ['a step that attaches what it does not provide', () => ({ bootstrap: [own({ type: 'own', provides: ['lake'], attaches: ['LAKE', 'x'] })] }),
    'the bootstrap step "own" of Stack/Reports attaches the catalog "x", which it does not provide: add it to provides, or remove it from attaches'],
  ['a step that provides a catalog alone', () => ({ bootstrap: [own({ type: 'own', provides: 'lake' })] }),
    'the bootstrap step "own" of Stack/Reports provides the catalog "lake": expected a list such as ["lake"]'],
  ['a step that binds later', () => ({ bootstrap: [own(Promise.resolve({ type: 'own' }))] }),
    'the bootstrap step "own" of Stack/Reports returns a Promise from bind: expected what the runtime needs itself'],
  ['a step that throws', () => ({ bootstrap: [own({}, { bind: () => { throw new Error('no table'); } })] }),
    'cannot bind the bootstrap step "own" of Stack/Reports: no table'],
  ['a step that throws text', () => ({ bootstrap: [own({}, { bind: () => { throw 'no table'; } })] }), 'cannot bind the bootstrap step "own" of Stack/Reports: no table'],
  ['a step configured with a function', () => ({ bootstrap: [own({ type: 'own', config: { retries: [{ when: () => true }] } })] }),
    'the bootstrap step "own" of Stack/Reports has in config.retries[0].when a function: expected a JSON value'],
  ['a step configured with a bigint', () => ({ bootstrap: [own({ type: 'own', config: { rows: 1n } })] }),
    'the bootstrap step "own" of Stack/Reports has in config.rows a bigint: expected a JSON value'],
  ['a step configured with no number', () => ({ bootstrap: [own({ type: 'own', config: { rows: NaN } })] }),
    'the bootstrap step "own" of Stack/Reports has in config.rows NaN: expected a JSON value'],
  ['a step configured with a cycle', () => ({ bootstrap: [own({ type: 'own', config: cycle() })] }),
    'the bootstrap step "own" of Stack/Reports has in config.list[0] what contains it, a cycle: expected a JSON value'],
  ['a step configured with an object of a class', () => ({ bootstrap: [own({ type: 'own', config: { stations: new Map() } })] }),
    'the bootstrap step "own" of Stack/Reports has in config.stations an object of the class Map: expected a JSON value'],
  ['a network in words', () => ({ imageBuild: { networkMode: 'host' } }),
    'the imageBuild of Stack/Reports has the networkMode "host": expected a NetworkMode such as NetworkMode.HOST'],
  ['a network without a name', () => ({ imageBuild: { networkMode: NetworkMode.custom('') } }),
    'the imageBuild of Stack/Reports has the networkMode "": expected text such as "host"'],
  ['a build argument that is the library\'s, without bundling', () => ({ imageBuild: { buildArgs: { EXTENSIONS: 'x' } } }),
    'the build argument EXTENSIONS is the library\'s own: set the prop extensions instead'],
  ['a build argument that only a deployment knows', () => ({ imageBuild: { buildArgs: { FLAVOUR: Aws.REGION } } }),
    'the build argument FLAVOUR is a CDK token: expected a literal, because the image is built before the stack is deployed'],
  ['certificates without a name', () => ({ imageBuild: { caBundle: '' } }), 'the imageBuild of Stack/Reports has the caBundle "": expected text such as'],
  ['a build secret without a name', () => ({ imageBuild: { buildSecrets: { npmrc: 1 } } }), 'imageBuild.buildSecrets of Stack/Reports has the npmrc 1: expected text such as ".npmrc"'],
  ['a timeout of parts of a second', () => ({ timeout: Duration.millis(1500) }),
    'Stack/Reports has the timeout 1500 ms: expected whole seconds, such as Duration.seconds(2)'],
  ['a step with the name of an extension', () => ({ bootstrap: [own({ type: 'sql' }, { extensions: ['httpfs'] })] }),
    'extensions has "httpfs": expected an extension such as DuckDbExtension.core(\'httpfs\')'],
  ['an invalid mode', () => ({ bootstrapMode: 'eager' }), 'Stack/Reports has the bootstrapMode "eager": expected one of BootstrapMode.LAZY, BootstrapMode.EAGER'],
  ['the name of an extension', () => ({ extensions: ['spatial'] }), 'extensions has "spatial": expected an extension such as DuckDbExtension.core(\'spatial\')'],
  ['an extension without a name', () => ({ extensions: [DuckDbExtension.core(undefined as any)] }), 'undefined is not a name of a DuckDB extension: expected lower-case'],
  ['a database that is not an object', () => ({ databases: { archive: 'archive.duckdb' } }),
    'the database "archive" of Stack/Reports is "archive.duckdb": expected its options, such as { file: \'archive.duckdb\' }'],
  ['a database with a blank file', () => ({ databases: { archive: { file: ' ' } } }), 'the database "archive" of Stack/Reports has the file " ": expected a bare name'],
  ['a database with a step alone', () => ({ databases: { archive: { bootstrap: 's3' } } }), 'the database "archive" of Stack/Reports has as bootstrap "s3": expected a list'],
  ['an empty entry', () => ({ entry: '' }), 'Stack/Reports has the entry "": expected text such as "src/reports.ts"'],
  ['a blank handler', () => ({ handler: ' ' }), 'Stack/Reports has the handler " ": expected text such as "handler"'],
  ['an empty lock file', () => ({ lockFile: '' }), 'Stack/Reports has the lockFile "": expected text such as "duckdb.lock.json"'],
  ['an empty projectRoot', () => ({ projectRoot: '' }), 'Stack/Reports has the projectRoot "": expected text such as "."'],
  ['an empty depsLockFilePath', () => ({ depsLockFilePath: '' }), 'Stack/Reports has the depsLockFilePath "": expected text'],
  ['a number as nodeApiVersion', () => ({ nodeApiVersion: 1.5 }), `Stack/Reports has the nodeApiVersion 1.5: expected text such as "${client}"`],
  ['an empty base image', () => ({ baseImage: '' }), 'Stack/Reports has the baseImage "": expected text such as "public.ecr.aws/lambda/nodejs:24"'],
  ['a base image in two lines', () => ({ baseImage: 'node:24\nRUN x' }), 'Stack/Reports has the baseImage "node:24\\nRUN x": expected the name of an image'],
  ['an extension alone', () => ({ extensions: DuckDbExtension.core('spatial') }),
    'Stack/Reports has as extensions an object of the class DuckDbExtension: expected a list such as [DuckDbExtension.core(\'spatial\')]'],
  ['the URL of a repository', () => ({ extensionRepository: 'https://mirror.example.com' }),
    'Stack/Reports has the extensionRepository "https://mirror.example.com": expected an ExtensionRepository such as ExtensionRepository.fromUrl(url)'],
  ['a package alone', () => ({ bundling: { nodeModules: 'sharp' } }), 'Stack/Reports has in bundling.nodeModules "sharp": expected a list such as ["sharp"]'],
  ['a package without a name', () => ({ bundling: { externalModules: [''] } }), 'Stack/Reports has in bundling.externalModules "": expected text such as "@aws-sdk/*"'],
  ['a flag in words', () => ({ metrics: 'false' }), 'Stack/Reports has the metrics "false": expected true or false'],
  ['a timeout that Lambda does not have', () => ({ timeout: Duration.minutes(20) }), 'Stack/Reports has a timeout of 1200 s: expected at most 900 s, the longest'],
  ['a timeout as a number', () => ({ timeout: 30 }), 'Stack/Reports has the timeout 30: expected a Duration such as Duration.seconds(5)'],
  ['memory as text', () => ({ memorySize: '1769' }), 'Stack/Reports has the memorySize "1769": expected a whole number of MB such as 1769'],
  ['a range as nodeApiVersion', () => ({ nodeApiVersion: '^1.5.5' }), `nodeApiVersion "^1.5.5" is not an exact version of @duckdb/node-api: expected one such as "${client}"; a range`],
  ['a tag as nodeApiVersion', () => ({ nodeApiVersion: 'latest' }), `nodeApiVersion "latest" is not an exact version of @duckdb/node-api: expected one such as "${client}"; a range`],
  ['a setting without a value', () => ({ settings: { threads: null } }),
    'Stack/Reports has the setting threads with the value null: expected a string; leave it out for DuckDB\'s default'],
  ['a setting with credentials', () => ({ settings: { http_proxy: 'http://user:hunter2@proxy:3128' } }),
    'Stack/Reports has the setting http_proxy with credentials in a URL, which the template would show: remove them; a SqlStep with secrets can set them'],
  ['a build image with credentials', () => ({ buildImage: 'https://user:hunter2@registry.example.com/node:24' }),
    'Stack/Reports has the buildImage as a URL or with credentials: expected the name of an image'],
])('%s is refused with what was expected', (_, props, message) => {
  expect(() => declare(props())).toThrow(message);
  expect(() => new DuckDbFunction(stack, 'Again', { entry: ENTRY, ...props() } as DuckDbFunctionProps)).not.toThrow(/hunter2/);
});

test.each<[string, () => unknown, string]>([
  ['function', () => new DuckDbFunction(stack, 'Reports', undefined as any), 'Stack/Reports has as props undefined: expected an object, as in new DuckDbFunction(this'],
  ['S3Step', () => new S3Step(undefined as any), 'an S3Step has as props undefined: expected an object, as in new S3Step({ buckets: [lake] })'],
  ['PostgresStep', () => new PostgresStep([] as any), 'a PostgresStep has as props an empty list: expected an object, as in new PostgresStep({ endpoint'],
  ['SqlStep', () => new SqlStep('SELECT 1' as any), 'a SqlStep has as props "SELECT 1": expected an object, as in new SqlStep({ name: '],
  ['MotherDuckStep', () => new MotherDuckStep(null as any), 'a MotherDuckStep has as props null: expected an object, as in new MotherDuckStep({ token })'],
])('a %s without props is refused', (_, make, message) => {
  expect(make).toThrow(message);
});

test('an error of bind that names the step stays as it is', () => {
  expect(() => declare({ bootstrap: [own({}, { bind: () => { throw new Error('the WeatherStep "own" has no table'); } })] })).toThrow(/^the WeatherStep/);
});

test('a service without a name is refused', () => {
  expect(() => declare({}).addRequiredEndpoint({ service: '' })).toThrow('the required endpoint of Stack/Reports has the service "": expected text such as "dynamodb"');
});

test('a directory without a name is refused', () => {
  expect(() => ExtensionRepository.fromDirectory('')).toThrow('ExtensionRepository.fromDirectory has the directory "": expected text such as "extensions"');
});

test('a secret with a field without a name, or an age that is not a Duration, is refused', () => {
  const secret = Secret.fromSecretNameV2(stack, 'Secret', 'db');
  expect(() => SecretSource.fromSecretsManager(secret, ' ')).toThrow('SecretSource.fromSecretsManager has the field " ": expected text such as "password"');
  expect(() => SecretSource.fromSecretsManager(secret, 'password', { maxAge: 60 as any })).toThrow(
    'a SecretSource has the maxAge 60: expected a Duration such as Duration.seconds(5)');
});

test.each(['node', 'node:24', 'localhost:5000/node', 'registry.example.com/a/b_c/node:24-slim', `public.ecr.aws/lambda/nodejs:24@sha256:${'a'.repeat(64)}`])(
  'an image may be named %s', (baseImage) => {
    expect(() => declare({ baseImage, buildImage: baseImage })).not.toThrow();
  });

describe('two steps of one name', () => {
  test.each<[string, () => IBootstrapStep[], string]>([
    ['PostgresSteps', () => [postgres(), postgres()], 'Stack/Reports has two bootstrap steps named "postgres", each a PostgresStep: '
      + 'give one of them another name, as in new PostgresStep({ name: \'archive\', ... })'],
    ['S3Steps', () => [lake, new S3Step({ buckets: [s3.Bucket.fromBucketName(stack, 'Other', 'other')] })],
      'Stack/Reports has two bootstrap steps named "s3", each a S3Step: give one of them another name, as in new S3Step({ name: \'archive\', ... })'],
    ['steps of two kinds', () => [lake, new SqlStep({ name: 's3', statements: ['SELECT 1'] })],
      'Stack/Reports has two bootstrap steps named "s3", a S3Step and a SqlStep: give one of them another name, as in new SqlStep({ name: \'archive\', ... })'],
    ['one object', () => [lake, lake], 'Stack/Reports has the bootstrap step "s3" twice in its list: remove one of them'],
  ])('the error names their classes: %s', (_, steps, message) => {
    expect(() => declare({ bootstrap: steps() })).toThrow(message);
  });

  test.each<[string, () => IBootstrapStep[], string]>([
    ['PostgresSteps', () => [postgres(), postgres({ name: 'archive' })], 'attach the catalog "pg_replica", "postgres" and "archive": '
      + 'let one of them attach it under another name (the prop catalog of a step, the statement and provides of a SqlStep), leave it to one of them, '
      + 'or give each its own database with the prop databases'],
    ['MotherDuckSteps', () => ['a', 'b'].map((name) => new MotherDuckStep({ name, databases: ['sales'], token: token() })),
      'attach the catalog "sales", "a" and "b": let one of them'],
    ['a PostgresStep and a SqlStep', () => [postgres(), new SqlStep({ name: 'setup', statements: ['ATTACH \'x.duckdb\' AS "PG_replica" (READ_ONLY)'], provides: ['PG_replica'] })],
      'attach the catalog "PG_replica", "postgres" and "setup": let one of them'],
    ['SqlSteps', () => ['a', 'b'].map((name) => new SqlStep({ name, statements: ['SELECT 1; attach \'x.duckdb\' as lake'], provides: ['lake'] })),
      'attach the catalog "lake", "a" and "b": let one of them'],
    ['both', () => [new MotherDuckStep({ databases: ['pg_replica'], token: token() }), postgres()],
      'attach the catalog "pg_replica", "motherduck" and "postgres": let one of them'],
    ['steps of the user\'s own', () => ['a', 'b'].map((name) => ({ name, extensions: [], bind: () => ({ type: 'own', provides: ['crm'], attaches: ['crm'] }) })),
      'attach the catalog "crm", "a" and "b": let one of them'],
  ])('that attach one catalog: the error says what to change: %s', (_, steps, message) => {
    expect(() => declare({ bootstrap: steps() })).toThrow(message);
  });

  test.each([
    ['adds to it', ['CREATE OR REPLACE VIEW pg_replica.v AS SELECT 1']],
    ['attaches it where it is missing', ['ATTACH IF NOT EXISTS \'x.duckdb\' AS pg_replica']],
    ['attaches another', ['ATTACH \'pg_replica.duckdb\' AS other']],
  ])('but a SqlStep may provide a catalog that another attaches: one that %s', (_, statements) => {
    expect(() => declare({ bootstrap: [postgres(), new SqlStep({ name: 'setup', statements, provides: ['pg_replica'] })] })).not.toThrow();
  });

  const token = () => SecretSource.fromSecretsManager(Secret.fromSecretNameV2(stack, `Token${Math.random()}`, 'token'));
});

test('tokens stand wherever a deployment can put text', () => {
  const text = (id: string) => new CfnParameter(stack, id).valueAsString;
  const seconds = new CfnParameter(stack, 'Seconds', { type: 'Number' }).valueAsNumber;
  declare({
    timeout: Duration.seconds(seconds),
    bootstrap: [
      new S3Step({
        buckets: [s3.Bucket.fromBucketName(stack, 'Named', text('Bucket'))], prefixes: [`${text('Prefix')}/`], region: text('Region'), endpoint: text('Endpoint'),
      }),
      postgres({
        endpoint: PostgresEndpoint.fromHost(Fn.importValue('host'), { port: seconds }),
        database: text('Database'),
        schema: text('Schema'),
        catalog: text('Catalog'),
        applicationName: text('Application'),
        maxConnections: seconds,
      }),
      new SqlStep({ name: 'setup', statements: [`USE ${text('Used')}`], provides: [text('Provided')] }),
    ],
  });
  expect(runtimeConfig(stack)).toMatchObject({
    steps: [
      { config: { scopes: ['s3://*/*/'], region: '*', endpoint: '*' } },
      { provides: ['*'], config: { catalog: '*', host: '*', port: '*', database: '*', schema: '*', applicationName: '*', maxConnections: '*' } },
      { provides: ['*'], config: { statements: ['USE *'] } },
    ],
    timeoutSeconds: '*',
  });
});
