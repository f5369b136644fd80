import { Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { ENTRY, unbundledStack } from './unbundled';
import {
  DuckDbFunction, DuckDbFunctionProps, DuckLakeMetadata, DuckLakeStep, MotherDuckStep, PostgresCredentials, PostgresEndpoint, PostgresStep, S3Step,
  SecretSource, SqlStep,
} from '../../src';

let stack: Stack;
let bucket: s3.IBucket;
let secret: PostgresCredentials;

beforeEach(freshStack);

function freshStack(): void {
  stack = unbundledStack();
  bucket = s3.Bucket.fromBucketName(stack, 'Lake', 'lake');
  secret = PostgresCredentials.fromSecret(Secret.fromSecretNameV2(stack, 'Secret', 'db'));
}

function declare(props: object): DuckDbFunction {
  return new DuckDbFunction(stack, 'Reports', { entry: ENTRY, ...props } as DuckDbFunctionProps);
}

const parameter = () => StringParameter.fromStringParameterName(stack, 'Token', '/token');

// As plain JavaScript can have them, where no compiler looks.
describe('a misspelt prop is refused, with the nearest one', () => {
  test.each<[string, (misspelt: any) => unknown, object, string]>([
    ['an S3Step', (misspelt) => new S3Step({ buckets: [bucket], ...misspelt }), { prefix: ['orders/'] },
      'an S3Step has the prop "prefix", which it does not know: expected among buckets, prefixes, permissions, encryptionKeys, region, assumeRole, requesterPays, '
      + 'maxStaleness, immutable, prefetch, endpoint, urlStyle, credentialChain, name; did you mean "prefixes"?'],
    ['a PostgresStep', (misspelt) => new PostgresStep({ credentials: secret, ...misspelt }), { caFiel: '/opt/rds.pem' }, 'a PostgresStep has the prop "caFiel", which'],
    ['a DuckLakeStep', (misspelt) => new DuckLakeStep({ metadata: DuckLakeMetadata.file(bucket, 'lake.ducklake'), ...misspelt }), { createIfMising: true },
      'a DuckLakeStep has the prop "createIfMising", which it does not know: expected among metadata, data, s3, access, catalog, createIfMissing, encrypted, migrateIfNeeded, dataInliningRowLimit, '
      + 'snapshot, name; did you mean "createIfMissing"?'],
    ['the metadata of a lake', (misspelt) => DuckLakeMetadata.postgres({ credentials: secret, ...misspelt }), { catalog: 'lake' },
      'DuckLakeMetadata.postgres has the prop "catalog", which it does not know: expected among endpoint, database, credentials, tls, caFile,'],
    ['the data of a lake', (misspelt) => new DuckLakeStep({ metadata: DuckLakeMetadata.file(bucket, 'lake.ducklake'), data: { bucket, prefix: 'lake/', ...misspelt } }), { prefixes: [] },
      'the data of the DuckLakeStep "ducklake" has the prop "prefixes", which it does not know: expected among bucket, prefix; did you mean "prefix"?'],
    ['the access of a lake to S3', (misspelt) => new DuckLakeStep({ metadata: DuckLakeMetadata.file(bucket, 'lake.ducklake'), s3: misspelt }), { encryptionKey: [] },
      'the s3 of the DuckLakeStep "ducklake" has the prop "encryptionKey", which it does not know: expected among encryptionKeys, region, assumeRole, requesterPays, endpoint, '
      + 'urlStyle; did you mean "encryptionKeys"?'],
    ['a SqlStep', (misspelt) => new SqlStep({ name: 'setup', statements: ['SELECT 1'], ...misspelt }), { provide: ['lake'] }, 'did you mean "provides"?'],
    ['a MotherDuckStep', (misspelt) => new MotherDuckStep({ token: SecretSource.fromSsmParameter(parameter()), ...misspelt }), { saasmode: true },
      'a MotherDuckStep has the prop "saasmode", which it does not know: expected among token, databases, attachMode, saasMode, allowDownload, name; did you mean "saasMode"?'],
    ['the options of a host', (misspelt) => PostgresEndpoint.fromHost('db.example.com', misspelt), { prot: 6432 },
      'PostgresEndpoint.fromHost has the prop "prot", which it does not know: expected among port, connections; did you mean "port"?'],
    ['the options of a parameter', (misspelt) => SecretSource.fromSsmParameter(parameter(), misspelt), { maxage: 1 },
      'SecretSource.fromSsmParameter has the prop "maxage", which it does not know: expected among maxAge, encryptionKey; did you mean "maxAge"?'],
    ['the options of a secret', (misspelt) => SecretSource.fromSecretsManager(Secret.fromSecretNameV2(stack, 'Other', 'x'), 'field', misspelt), { key: 1 },
      'SecretSource.fromSecretsManager has the prop "key", which it does not know: expected among maxAge, encryptionKey'],
    ['the options of credentials', (misspelt) => PostgresCredentials.fromSecret(Secret.fromSecretNameV2(stack, 'Other', 'x'), misspelt), { maxAgeSeconds: 1 },
      'SecretSource.fromSecretsManager has the prop "maxAgeSeconds"'],
    ['a database', (misspelt) => declare({ databases: { cache: misspelt } }), { flie: 'cache.duckdb' },
      'the database "cache" of Stack/Reports has the prop "flie", which it does not know: expected among file, bootstrap; did you mean "file"?'],
    ['the bundling', (misspelt) => declare({ bundling: misspelt }), { minfy: true }, 'the bundling of Stack/Reports has the prop "minfy", which it does not know'],
    ['the image\'s build', (misspelt) => declare({ imageBuild: misspelt }), { buildArg: {} },
      'the imageBuild of Stack/Reports has the prop "buildArg", which it does not know: expected among buildArgs, networkMode, caBundle, buildSecrets; did you mean "buildArgs"?'],
    ['the build secrets', (misspelt) => declare({ imageBuild: { buildSecrets: misspelt } }), { npmRc: '.npmrc' },
      'imageBuild.buildSecrets of Stack/Reports has the prop "npmRc", which it does not know: expected among netrc, npmrc; did you mean "npmrc"?'],
    ['what a step returns from bind', (misspelt) => declare({ bootstrap: [{ name: 'own', extensions: [], bind: () => ({ type: 'own', ...misspelt }) }] }), { provide: ['x'] },
      'the result of bind of the bootstrap step "own" of Stack/Reports has the prop "provide", which it does not know: expected among type, provides, attaches, config; '
      + 'did you mean "provides"?'],
    ['an endpoint', (misspelt) => declare({}).addRequiredEndpoint({ service: 'dynamodb', ...misspelt }), { regoin: 'eu-west-1' },
      'the required endpoint of Stack/Reports has the prop "regoin", which it does not know: expected among service, region; did you mean "region"?'],
    ['a metric', (misspelt) => declare({ metrics: true }).metricBootstrapDuration(misspelt), { setp: 's3' },
      'metricBootstrapDuration of Stack/Reports has the prop "setp", which it does not know; did you mean "step"?'],
    ['a function', (misspelt) => declare(misspelt), { bootsrap: [] }, 'Stack/Reports has the prop "bootsrap", which it does not know; did you mean "bootstrap"?'],
    ['a function, of every function\'s props', (misspelt) => declare(misspelt), { securityGroup: [] },
      'Stack/Reports has the prop "securityGroup", which it does not know; did you mean "securityGroups"?'],
  ])('of %s', (_, make, misspelt, message) => {
    expect(() => make(misspelt)).toThrow(message);
    freshStack();
    expect(() => make({})).not.toThrow();
  });

  test('options that are not an object are refused', () => {
    expect(() => PostgresEndpoint.fromHost('db.example.com', 6432 as any)).toThrow(
      'PostgresEndpoint.fromHost has as options 6432: expected an object with some of port, connections');
  });
});

test.each(['buildArgs', 'networkMode', 'caBundle', 'buildSecrets'])('%s among the bundling is refused with where it belongs', (prop) => {
  expect(() => declare({ bundling: { minify: true, [prop]: {} } })).toThrow(
    `the bundling of Stack/Reports has the prop ${prop}, which is about the build of the image: move it to imageBuild, as in imageBuild: { ${prop}: ... }`);
});

test.each(['buildArgs', 'networkMode', 'caBundle', 'buildSecrets'])('%s among the function\'s props is refused with where it belongs', (prop) => {
  expect(() => declare({ [prop]: 'host' })).toThrow(
    `Stack/Reports has the prop ${prop}, which is about the build of the image: move it to imageBuild, as in imageBuild: { ${prop}: ... }`);
});

test('a prop that resembles none is refused too', () => {
  expect(() => declare({ team: 'sales' })).toThrow('Stack/Reports has the prop "team", which it does not know; remove it');
  expect(() => declare({ functionArn: 'arn' })).toThrow('Stack/Reports has the prop "functionArn", which it does not know');
  expect(() => declare({ metrics: true }).metricBootstrapDuration({ team: 'sales' } as object)).toThrow(
    'metricBootstrapDuration of Stack/Reports has the prop "team", which it does not know; remove it');
});

test('a subclass may pass on props of its own, but no misspelt one', () => {
  class TeamFunction extends DuckDbFunction {
    constructor(props: object) {
      super(stack, 'Reports', { entry: ENTRY, ...props });
    }
  }
  expect(() => new TeamFunction({ team: 'sales', bootsrap: [] })).toThrow('did you mean "bootstrap"?');
  expect(() => new TeamFunction({ team: 'sales' })).not.toThrow();
});

test('every prop that a Lambda function can have is known', () => {
  const options: { [prop in keyof Required<lambda.EventInvokeConfigOptions>]: undefined } = {
    onFailure: undefined, onSuccess: undefined, maxEventAge: undefined, retryAttempts: undefined,
  };
  expect(() => declare({ ...options, description: 'x', events: [], loggingFormat: undefined, filesystem: undefined, profiling: false })).not.toThrow();
});

test.each<[string, object, string]>([
  ['the runtime', { runtime: lambda.Runtime.NODEJS_22_X },
    'Stack/Reports has the prop runtime, which a function from an image cannot have: the image has its own; choose it with baseImage'],
  ['code as a path', { entry: undefined, code: 'src' },
    'Stack/Reports has as code "src": expected a prebuilt image such as lambda.DockerImageCode.fromEcr(repository); a source file is named by the prop entry'],
  ['no code', { entry: undefined, code: '' }, 'Stack/Reports has as code "": expected a prebuilt image'],
  ['code of a zip file', { entry: undefined, code: lambda.Code.fromInline('x') }, 'Stack/Reports has as code an object of the class InlineCode: expected a prebuilt image'],
])('%s is refused with what to give', (_, props, message) => {
  expect(() => declare(props)).toThrow(message);
});
