import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { ENTRY, runtimeConfig, unbundledStack } from './unbundled';
import { DuckDbFunction, IBootstrapStep } from '../../src';

let stack: Stack;

beforeEach(() => {
  stack = unbundledStack();
});

const lake: IBootstrapStep = { name: 'lake', extensions: [], bind: () => ({ type: 'plain' }) };

const measured = () => new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [lake], metrics: true });

test('the runtime is told to emit them', () => {
  measured();
  expect(runtimeConfig(stack)).toMatchObject({ metrics: true });
});

test.each([
  ['ColdStartDuration', 'Average', (fn: DuckDbFunction) => fn.metricColdStartDuration()],
  ['BootstrapDuration', 'Average', (fn: DuckDbFunction) => fn.metricBootstrapDuration()],
  ['QueryDuration', 'Average', (fn: DuckDbFunction) => fn.metricQueryDuration()],
  ['Rows', 'Sum', (fn: DuckDbFunction) => fn.metricRows()],
  ['SpillBytes', 'Maximum', (fn: DuckDbFunction) => fn.metricSpillBytes()],
  ['MemoryBytes', 'Maximum', (fn: DuckDbFunction) => fn.metricMemoryBytes()],
  ['DuckDbErrors', 'Sum', (fn: DuckDbFunction) => fn.metricDuckDbErrors()],
])('%s: an alarm on it, by function', (name, statistic, metric) => {
  metric(measured()).createAlarm(stack, 'Alarm', { threshold: 1, evaluationPeriods: 1 });
  Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
    Namespace: 'DuckDbLambda',
    MetricName: name,
    Statistic: statistic,
    Period: 300,
    Dimensions: [{ Name: 'FunctionName', Value: { Ref: Match.stringLikeRegexp('^Reports') } }],
  });
});

test('of one step, and otherwise as asked', () => {
  measured().metricBootstrapDuration({ step: 'lake', statistic: 'p99', period: Duration.minutes(1) })
    .createAlarm(stack, 'Alarm', { threshold: 1, evaluationPeriods: 1 });
  Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'BootstrapDuration',
    ExtendedStatistic: 'p99',
    Period: 60,
    Dimensions: [{ Name: 'FunctionName', Value: Match.anyValue() }, { Name: 'Step', Value: 'lake' }],
  });
});

test('errors of one code', () => {
  const fn = measured();
  fn.metricDuckDbErrors({ code: 'TIMEOUT' }).createAlarm(stack, 'Alarm', { threshold: 1, evaluationPeriods: 1 });
  Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'DuckDbErrors', Dimensions: [{ Name: 'Code', Value: 'TIMEOUT' }, { Name: 'FunctionName', Value: Match.anyValue() }],
  });
  expect(() => fn.metricDuckDbErrors({ kode: 'TIMEOUT' } as any)).toThrow('has the prop "kode", which it does not know; did you mean "code"?');
});

test('of a step that is not declared they are refused', () => {
  expect(() => measured().metricBootstrapDuration({ step: 'lakes' })).toThrow(
    'Stack/Reports has no bootstrap step "lakes"; declared are: "lake"; did you mean "lake"?');
});

test('there are none by default', () => {
  const fn = new DuckDbFunction(stack, 'Reports', { entry: ENTRY });
  expect(runtimeConfig(stack)).not.toHaveProperty('metrics');
  expect(() => fn.metricRows()).toThrow('Stack/Reports has no metric Rows: its metrics are off; turn them on with the prop metrics: true');
});
