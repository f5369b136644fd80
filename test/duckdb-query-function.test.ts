import * as path from 'path';
import { App, CfnParameter, Duration, InjectionContext, IPropertyInjector, PropertyInjectors, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { runtimeConfig, unbundledStack } from './duckdb-function/unbundled';
import { client, duckdb } from '../assets/docker/versions.json';
import { readConfig } from '../lib-runtime/base/config';
import { DuckDbExtension, DuckDbQueryFunction, DuckDbQueryFunctionProps, S3Step } from '../src';

const QUERIES = path.join(__dirname, 'fixtures', 'queries');

let stack: Stack;

beforeEach(() => {
  stack = unbundledStack();
});

function declare(props: object = {}): DuckDbQueryFunction {
  return new DuckDbQueryFunction(stack, 'Sales', { queries: QUERIES, ...props } as DuckDbQueryFunctionProps);
}

const lake = () => new S3Step({ buckets: [s3.Bucket.fromBucketName(stack, 'Lake', 'lake')], prefixes: ['orders/'] });

test('the template of a function over a bucket, with results', () => {
  stack = new Stack(new App(), 'Stack');
  declare({ bootstrap: [lake()], results: { bucket: new s3.Bucket(stack, 'Results'), prefix: 'results/' } });
  const template = JSON.stringify(Template.fromStack(stack).toJSON(), undefined, 2);
  expect(template.replace(/[0-9a-f]{64}/g, '<asset>')).toMatchSnapshot();
});

test('it tells its queries, their parameters and their columns', () => {
  expect(declare().queries).toEqual([
    {
      name: 'monthly-sales',
      description: 'Sales by category.',
      parameters: [
        { name: 'month', type: 'VARCHAR', isRequired: false, description: 'the month as YYYY-MM' },
        { name: 'least', type: 'DECIMAL(18,2)', isRequired: true },
      ],
      columns: [{ name: 'revenue', type: 'DECIMAL(18,2)', description: 'in euros' }],
    },
    { name: 'reports/daily', parameters: [], columns: [] },
  ]);
});

test('its defaults, steps, metrics and extensions are those of every function with DuckDB', () => {
  const fn = declare({ bootstrap: [lake()], extensions: [DuckDbExtension.core('fts')], metrics: true, environment: { LAKE: 'x' } });
  expect(fn).toMatchObject({ steps: ['s3'], extensions: ['httpfs', 'fts'], duckdbVersion: duckdb, resultsLocation: undefined });
  expect(fn.metricQueryDuration().metricName).toBe('QueryDuration');
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
    Architectures: ['arm64'],
    MemorySize: 1769,
    Timeout: 30,
    PackageType: 'Image',
    Environment: { Variables: { LAKE: 'x', UV_THREADPOOL_SIZE: '16' } },
  });
  expect(runtimeConfig(stack)).toMatchObject({ metrics: true, steps: [{ name: 's3' }] });
});

test('the runtime reads where results are written, and the step that gives access to it', () => {
  declare({ results: { bucket: s3.Bucket.fromBucketName(stack, 'Results', 'reports'), prefix: 'team/results/' } });
  expect(readConfig({ DUCKDB_LAMBDA_CONFIG: JSON.stringify(runtimeConfig(stack)) })).toMatchObject({
    results: { location: 's3://reports/team/results/' },
    steps: [{ name: 'results', type: 's3', config: { scopes: ['s3://reports/team/results/'] } }],
  });
});

test('a property injector gives props to it', () => {
  class Defaults implements IPropertyInjector {
    readonly constructUniqueId = 'cdk-duckdb-lambda.DuckDbQueryFunction';
    inject(props: DuckDbQueryFunctionProps, _: InjectionContext): DuckDbQueryFunctionProps {
      return { memorySize: 3008, ...props };
    }
  }
  PropertyInjectors.of(stack).add(new Defaults());
  expect(declare()).toBeInstanceOf(DuckDbQueryFunction);
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { MemorySize: 3008 });
});

describe('bad input is refused at synth, with its fix', () => {
  test.each<[string, object, string]>([
    ['a misspelt prop', { querys: 'queries' }, 'Stack/Sales has the prop "querys", which it does not know; did you mean "queries"?'],
    ['another misspelt prop', { result: {} }, 'Stack/Sales has the prop "result", which it does not know; did you mean "results"?'],
    ['a misspelt prop of every function', { memorysize: 512 }, 'Stack/Sales has the prop "memorysize", which it does not know; did you mean "memorySize"?'],
    ...['entry', 'handler', 'code', 'bundling', 'projectRoot', 'depsLockFilePath'].map((prop): [string, object, string] => (
      [`${prop}, which is about a handler`, { [prop]: 'x' },
        `Stack/Sales has the prop "${prop}", and the handler of a DuckDbQueryFunction is this library's: remove it, or declare a DuckDbFunction`]
    )),
    ['a prop of the image\'s build', { buildArgs: {} }, 'move it to imageBuild'],
    ['what an image cannot have', { layers: [] }, 'Stack/Sales has the prop layers, which a function from an image cannot have'],
    ['a client that is a range', { nodeApiVersion: '^1.5.5' }, `nodeApiVersion "^1.5.5" is not an exact version of @duckdb/node-api: expected one such as "${client}"`],
  ])('%s', (_, props, message) => {
    expect(() => declare(props)).toThrow(message);
  });

  test('a handler, also from a subclass, which may have other props', () => {
    class Sales extends DuckDbQueryFunction {}
    expect(() => new Sales(stack, 'Sales', { queries: QUERIES, handler: 'sales' } as DuckDbQueryFunctionProps)).toThrow('the handler of a DuckDbQueryFunction is');
  });

  test('no props', () => {
    expect(() => new DuckDbQueryFunction(stack, 'Sales', undefined as any)).toThrow(
      'Stack/Sales has as props undefined: expected an object, as in new DuckDbQueryFunction(this, \'Sales\', { queries: \'queries\' })');
  });
});

describe('the retry policy of tasks', () => {
  test('retries throttling, the service\'s errors and what the runtime calls retryable, and not what ran out of memory or time', () => {
    const task = new LambdaInvoke(stack, 'Ask', { lambdaFunction: declare(), retryOnServiceExceptions: false });
    task.addRetry(DuckDbQueryFunction.retry);
    new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(task) });
    const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine'));
    const text = Properties.DefinitionString['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : '*')).join('');
    expect(JSON.parse(text).States.Ask.Retry).toEqual([{
      ErrorEquals: [
        'DuckDbRetryableError', 'Lambda.TooManyRequestsException', 'Lambda.ServiceException', 'Lambda.AWSLambdaException', 'Lambda.SdkClientException',
        'Lambda.ClientExecutionTimeoutException',
      ],
      IntervalSeconds: 2,
      MaxAttempts: 6,
      BackoffRate: 2,
      JitterStrategy: 'FULL',
    }]);
  });

  test('covers what CDK\'s own policy does', () => {
    new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(new LambdaInvoke(stack, 'Ask', { lambdaFunction: declare() })) });
    const definition = JSON.stringify(Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine'));
    const [, errors] = /ErrorEquals\\+":\[([^\]]*)\]/.exec(definition)!;
    const ofCdk = errors.replace(/\\/g, '').split(',').map((name) => JSON.parse(name));
    expect(ofCdk).toHaveLength(4);
    expect(DuckDbQueryFunction.retry.errors).toEqual(expect.arrayContaining(ofCdk));
  });
});

test('options of Lambda reach it, tokens included', () => {
  const memory = new CfnParameter(stack, 'Memory', { type: 'Number' }).valueAsNumber;
  declare({ memorySize: memory, timeout: Duration.minutes(2), architecture: lambda.Architecture.X86_64, description: 'monthly' });
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
    MemorySize: { Ref: 'Memory' }, Timeout: 120, Architectures: ['x86_64'], Description: 'monthly',
  });
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
});
