import { CfnParameter, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { DuckDbQueryFunction, DuckDbQueryFunctionProps, S3Step, SqlStep } from '../../src';
import { runtimeConfig, unbundledStack } from '../duckdb-function/unbundled';
import { project, write } from '../staged';

let stack: Stack;
let bucket: s3.Bucket;

beforeEach(() => {
  stack = unbundledStack();
  bucket = new s3.Bucket(stack, 'Bucket');
  write('answer.sql', 'SELECT 42 AS answer');
});

function declare(props: object = { results: { bucket, prefix: 'results/' } }, id = 'Sales'): DuckDbQueryFunction {
  return new DuckDbQueryFunction(stack, id, { queries: project(), ...props } as DuckDbQueryFunctionProps);
}

const imported = () => s3.Bucket.fromBucketName(stack, 'Imported', 'reports');

test('it is the last step, reads, writes and deletes under the prefix alone, and brings its extension', () => {
  const fn = declare({ results: { bucket: imported(), prefix: 'results/' }, bootstrap: [new SqlStep({ name: 'setup', statements: ['SELECT 1'] })] });
  expect(fn.steps).toEqual(['setup', 'results']);
  expect(fn.extensions).toEqual(['httpfs']);
  expect(fn.resultsLocation).toMatchObject({ prefix: 'results/' });
  const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
  expect(policy.Properties.PolicyDocument.Statement).toMatchObject([
    {
      Action: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:DeleteObject'],
      Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::reports/results/*']] },
    },
    { Action: 's3:ListBucket', Condition: { StringLike: { 's3:prefix': ['results/*'] } } },
  ]);
});

test('without results there is neither a step nor a location', () => {
  expect(declare({}).steps).toEqual([]);
  expect(runtimeConfig(stack)).not.toHaveProperty('results');
});

test('databases that list their steps have it too, because their queries may write results', () => {
  declare({
    results: { bucket, prefix: 'results/' },
    bootstrap: [new SqlStep({ name: 'setup', statements: ['SELECT 1'] })],
    databases: { default: { bootstrap: ['setup'] }, none: { bootstrap: [] }, all: {} },
  });
  expect(runtimeConfig(stack).databases).toEqual({ default: { steps: ['setup', 'results'] }, none: { steps: ['results'] }, all: {} });
});

test('the keys that CDK knows of the bucket are granted', () => {
  const key = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111111111111:key/key');
  declare({ results: { bucket: s3.Bucket.fromBucketAttributes(stack, 'Encrypted', { bucketName: 'reports', encryptionKey: key }), prefix: 'results/' } });
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: ['kms:Decrypt', 'kms:GenerateDataKey'] })]) },
  });
});

test('the prefix may be a token', () => {
  const prefix = `${new CfnParameter(stack, 'Team').valueAsString}/results/`;
  declare({ results: { bucket: imported(), prefix } });
  expect(runtimeConfig(stack).results).toEqual({ location: 's3://reports/*/results/' });
});

test.each<[string, (bucket: s3.IBucket) => unknown, string]>([
  ['text', () => 's3://reports/results/', 'the results of Stack/Sales has as options "s3://reports/results/": expected an object with some of bucket, prefix'],
  ['nothing', () => null, 'the results of Stack/Sales has as options null'],
  ['a misspelt prop', (of) => ({ bucket: of, prefx: 'results/' }), 'the results of Stack/Sales has the prop "prefx", which it does not know: expected among bucket, prefix; did you mean "prefix"?'],
  ['no bucket', () => ({ prefix: 'results/' }), 'the results of Stack/Sales have as bucket undefined: expected an IBucket'],
  ['the name of a bucket', () => ({ bucket: 'reports', prefix: 'results/' }), 'the results of Stack/Sales have as bucket "reports": expected an IBucket'],
  ['no prefix', (of) => ({ bucket: of }), 'the results of Stack/Sales have the prefix undefined: expected text such as "results/"'],
])('%s is refused', (_, results, message) => {
  expect(() => declare({ results: results(bucket) })).toThrow(message);
});

test.each<[string, string]>([
  ...['', ' '].map((prefix) => [prefix, 'text'] as [string, string]),
  ...['results', '/results/', '/', 'a//b/', 's3://reports/results/', 'results/*/', 'a?/', 'a#b/', 'a/../b/', './a/', 'a b/', 'größe/'].map((prefix) => [prefix, 'folders'] as [string, string]),
])('the prefix "%s" is refused', (prefix, expected) => {
  expect(() => declare({ results: { bucket, prefix } })).toThrow(`the results of Stack/Sales have the prefix "${prefix}": expected ${expected} such as "results/"`);
});

test('a step of the user with the same name is refused', () => {
  const bootstrap = [new S3Step({ name: 'results', buckets: [bucket] })];
  expect(() => declare({ results: { bucket, prefix: 'results/' }, bootstrap })).toThrow(
    'Stack/Sales has a bootstrap step named "results" beside the prop results, which adds a step of this name: give yours another name');
  expect(() => declare({ bootstrap }, 'Other')).not.toThrow();
});

test.each<[object, string]>([
  [{ bootstrap: 's3' }, 'Stack/Sales has as bootstrap "s3": expected a list'],
  [{ bootstrap: [undefined] }, 'Stack/Sales has in bootstrap undefined: expected a step'],
  [{ databases: { cache: null } }, 'the database "cache" of Stack/Sales is null: expected its options'],
  [{ databases: { cache: { bootstrap: 'setup' } } }, 'the database "cache" of Stack/Sales has as bootstrap "setup": expected a list'],
])('what every function refuses is refused with the same error: %j', (props, message) => {
  expect(() => declare({ results: { bucket, prefix: 'results/' }, ...props })).toThrow(message);
});

describe('uploads that a killed process left behind', () => {
  const rules = () => Object.values(Template.fromStack(stack).findResources('AWS::S3::Bucket'))[0].Properties?.LifecycleConfiguration?.Rules;

  test('are removed after a day by a rule of the app\'s bucket, once for each prefix', () => {
    declare();
    declare(undefined, 'Other');
    declare({ results: { bucket, prefix: 'exports/' } }, 'Exports');
    expect(rules()).toEqual(['results/', 'exports/'].map((Prefix) => (
      { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Prefix, Status: 'Enabled' })));
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('of a bucket that CDK cannot change cause a warning that says what to add', () => {
    declare({ results: { bucket: imported(), prefix: 'results/' } });
    Annotations.fromStack(stack).hasWarning('/Stack/Sales', Match.stringLikeRegexp(
      'CDK cannot add a lifecycle rule to it: add one for the prefix "results/" that aborts incomplete multipart uploads after a day.*ack: cdk-duckdb-lambda:results'));
    const cfn = new s3.CfnBucket(stack, 'Cfn');
    declare({ results: { bucket: s3.Bucket.fromCfnBucket(cfn), prefix: 'results/' } }, 'Cfn-Sales');
    Annotations.fromStack(stack).hasWarning('/Stack/Cfn-Sales', Match.stringLikeRegexp('ack: cdk-duckdb-lambda:results'));
  });
});
