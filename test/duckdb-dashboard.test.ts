import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnParameter, Duration, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { dashboardPicture } from '../scripts/dashboard-picture';
import { DuckDbDashboard, DuckDbDashboardProps, DuckDbFunction, IBootstrapStep } from '../src';
import { ENTRY, unbundledStack } from './duckdb-function/unbundled';
import { queryFunction } from './map/machine';

let stack: Stack;

beforeEach(() => {
  stack = unbundledStack();
});

const step = (name: string): IBootstrapStep => ({ name, extensions: [], bind: () => ({ type: 'plain' }) });
const reports = (props = {}) => new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [step('lake'), step('replica')], metrics: true, ...props });

/** The body of the dashboard, with the names of tokens. */
function body(): any {
  const [dashboard] = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Dashboard'));
  const [, parts] = dashboard!.Properties.DashboardBody['Fn::Join'];
  return JSON.parse(parts.map((part: any) => (typeof part === 'string' ? part : part.Ref ?? part['Fn::GetAtt'].join('.'))).join(''));
}

const graph = (title: string, of = body()) => of.widgets.find(({ properties }: any) => properties.title === title);

test('shows a function and its limits', () => {
  new DuckDbDashboard(stack, 'Dashboard', { functions: [reports()], dashboardName: 'lake' });
  expect(body()).toMatchSnapshot();
});

test('is what the picture in the documentation shows', () => {
  expect(readFileSync(join(__dirname, '..', 'docs', 'dashboard.svg'), 'utf8')).toBe(dashboardPicture());
});

test('shows the steps of a function, each by its name', () => {
  new DuckDbDashboard(stack, 'Dashboard', { functions: [reports()] });
  const metrics = graph('Bootstrap steps').properties.metrics;
  expect(metrics.map((metric: any[]) => [metric[1], metric[5]])).toEqual([['BootstrapDuration', 'lake'], ['BootstrapDuration', 'replica']]);
});

test('shows the queries of a query function, each by its name', () => {
  const fn = queryFunction(stack, { metrics: true });
  new DuckDbDashboard(stack, 'Dashboard', { functions: [fn] });
  expect(graph('Queries').properties.metrics.map((metric: any[]) => [metric[1], metric[5]])).toEqual(fn.queries.map(({ name }) => ['AnswerDuration', name]));
});

test('shows several functions below each other', () => {
  new DuckDbDashboard(stack, 'Dashboard', { functions: [reports(), queryFunction(stack, { metrics: true })] });
  const rows = body().widgets.filter(({ type }: any) => type === 'text').map(({ y }: any) => y);
  expect(rows).toEqual([0, 19]);
});

describe('alarms', () => {
  const alarms = () => Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);

  test('are off by default', () => {
    expect(new DuckDbDashboard(stack, 'Dashboard', { functions: [reports()] }).alarms).toEqual([]);
    expect(alarms()).toEqual([]);
  });

  test('are raised at the first failure, and near the limits of the function', () => {
    const fn = reports({ timeout: Duration.seconds(10), memorySize: 2048, ephemeralStorageSize: Size.gibibytes(1) });
    new DuckDbDashboard(stack, 'Dashboard', { functions: [fn], alarms: {} });
    expect(alarms().map(({ MetricName, Threshold }) => [MetricName, Threshold])).toEqual([
      ['Errors', 1], ['Throttles', 1], ['Duration', 8_000], ['MemoryBytes', Math.floor(0.9 * 2 ** 31)], ['SpillBytes', Math.floor(0.8 * 2 ** 30)],
    ]);
    for (const alarm of alarms()) {
      expect(alarm).toMatchObject({ ComparisonOperator: 'GreaterThanOrEqualToThreshold', EvaluationPeriods: 1, Period: 300, TreatMissingData: 'notBreaching' });
    }
  });

  test('take other limits, and do something', () => {
    const topic = new sns.Topic(stack, 'Topic');
    new DuckDbDashboard(stack, 'Dashboard', {
      functions: [reports({ timeout: Duration.seconds(10) })],
      alarms: { actions: [new SnsAction(topic)], errors: 5, throttles: 20, durationPercentage: 50, memoryPercentage: 99.5, spillPercentage: 10 },
    });
    const MIB = 1024 * 1024;
    expect(alarms().map(({ Threshold }) => Threshold)).toEqual([5, 20, 5_000, Math.floor(1769 * MIB * 0.995), Math.floor(512 * MIB * 0.1)]);
    for (const { AlarmActions } of alarms()) expect(AlarmActions).toEqual([stack.resolve(topic.topicArn)]);
  });

  test('are left out where only the deployment knows the limit', () => {
    const memorySize = new CfnParameter(stack, 'Memory', { type: 'Number' }).valueAsNumber;
    const timeout = Duration.seconds(new CfnParameter(stack, 'Timeout', { type: 'Number' }).valueAsNumber);
    reports({ memorySize, timeout }).createAlarms();
    expect(alarms().map(({ MetricName }) => MetricName)).toEqual(['Errors', 'Throttles', 'SpillBytes']);
  });
});

test.each<[string, () => object, string]>([
  ['a function without metrics', () => ({ functions: [reports({ metrics: false })] }), 'Stack/Reports has no metric QueryDuration: its metrics are off; turn them on with the prop metrics: true'],
  ['no functions', () => ({ functions: [] }), 'Stack/Dashboard has no functions: name at least one, as in functions: [sales]'],
  ['something else', () => ({ functions: [stack] }), 'Stack/Dashboard has among its functions an object of the class Stack: expected a DuckDbFunction or a DuckDbQueryFunction'],
  ['an unknown prop', () => ({ functions: [reports()], alarm: {} }), 'Stack/Dashboard has the prop "alarm", which it does not know: expected among functions, alarms, dashboardName; did you mean "alarms"?'],
  ['an unknown alarm', () => ({ functions: [reports()], alarms: { error: 1 } }), 'did you mean "errors"?'],
  ['a limit of 0', () => ({ functions: [reports()], alarms: { errors: 0 } }), 'the alarms of Stack/Reports have errors 0: expected a number above 0'],
  ['more than all', () => ({ functions: [reports()], alarms: { memoryPercentage: 120 } }), 'have memoryPercentage 120: expected a number above 0, at most 100'],
  ['an action that is a topic', () => ({ functions: [reports()], alarms: { actions: [new sns.Topic(stack, 'Topic')] } }), 'an IAlarmAction, such as new SnsAction(topic)'],
])('refuses %s', (_, props, message) => {
  expect(() => new DuckDbDashboard(stack, 'Dashboard', props() as DuckDbDashboardProps)).toThrow(message);
});

test('the widgets of a function fit into a dashboard of your own', () => {
  new cloudwatch.Dashboard(stack, 'Own').addWidgets(...reports().dashboardWidgets());
  expect(body().widgets.map(({ width }: any) => width)).toEqual([24, ...Array(9).fill(8)]);
});
