import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { ENTRY, runtimeConfig, unbundledStack } from './unbundled';
import { client } from '../../assets/docker/versions.json';
import { DuckDbExtension, DuckDbFunction, DuckDbFunctionProps, ExtensionRepository, S3Step } from '../../src';

let stack: Stack;
let code: lambda.DockerImageCode;

beforeEach(() => {
  stack = unbundledStack();
  code = lambda.DockerImageCode.fromEcr(Repository.fromRepositoryName(stack, 'Repository', 'reports'), { tagOrDigest: '1.0', cmd: ['index.monthly'] });
});

test('a prebuilt image runs with the steps, grants and configuration of any other', () => {
  const lake = Bucket.fromBucketName(stack, 'Lake', 'lake');
  const fn = new DuckDbFunction(stack, 'Reports', { code, bootstrap: [new S3Step({ buckets: [lake] })], settings: { threads: '2' } });
  expect(fn.duckdbVersion).toBeUndefined();
  expect(fn.extensions).toEqual(['httpfs']);
  expect(fn.steps).toEqual(['s3']);
  expect(runtimeConfig(stack)).toEqual({
    version: 1,
    extensions: ['httpfs'],
    steps: [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/'] } }],
    settings: { threads: '2' },
    timeoutSeconds: 30,
  });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Code: { ImageUri: { 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp('/reports:1.0$')])] } },
    ImageConfig: { Command: ['index.monthly'] },
    MemorySize: 1769,
    Architectures: ['arm64'],
  });
  template.hasResourceProperties('AWS::IAM::Policy', { PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 's3:GetObject' })]) } });
});

test('its extensions lie where the library\'s own images hold them, unless the environment says where', () => {
  new DuckDbFunction(stack, 'Reports', { code, environment: { DUCKDB_EXTENSIONS_DIR: '/var/task/extensions' } });
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: { DUCKDB_EXTENSIONS_DIR: '/var/task/extensions' } } });
});

test.each<[keyof DuckDbFunctionProps, Partial<DuckDbFunctionProps>]>([
  ['entry', { entry: ENTRY }],
  ['handler', { handler: 'monthly' }],
  ['extensions', { extensions: [DuckDbExtension.core('fts')] }],
  ['extensionRepository', { extensionRepository: ExtensionRepository.core() }],
  ['lockFile', { lockFile: 'duckdb.lock.json' }],
  ['nodeApiVersion', { nodeApiVersion: client }],
  ['baseImage', { baseImage: 'public.ecr.aws/lambda/nodejs:24' }],
  ['buildImage', { buildImage: 'node:24' }],
  ['imageBuild', { imageBuild: {} }],
  ['bundling', { bundling: {} }],
])('the prop %s, which decides what is in an image, is refused', (prop, props) => {
  expect(() => new DuckDbFunction(stack, 'Reports', { code, ...props })).toThrow(`Stack/Reports has the prop ${prop} beside code, a prebuilt image: `);
});

test('without code there is an entry', () => {
  expect(() => new DuckDbFunction(stack, 'Reports', {})).toThrow(
    'Stack/Reports has neither entry nor code: name the handler\'s source file, as in entry: \'src/reports.ts\', or a prebuilt image');
});
