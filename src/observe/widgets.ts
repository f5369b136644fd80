import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { MeasuredFunction } from './alarms';
import { functionSize } from './function-size';
import { NAMESPACE } from '../runtime/runtime-metrics';

const WIDTH = 8;
const HEIGHT = 6;

/** A function whose cold starts, steps and rows can be shown. */
export interface ShownFunction extends MeasuredFunction {
  metricColdStartDuration(options?: cloudwatch.MetricOptions): cloudwatch.Metric;
  metricBootstrapDuration(options?: cloudwatch.MetricOptions & { step?: string }): cloudwatch.Metric;
  metricRows(options?: cloudwatch.MetricOptions): cloudwatch.Metric;
}

/** A heading, and three rows of three graphs. */
export function functionWidgets(fn: ShownFunction, steps: string[], queries: cloudwatch.Metric[]): cloudwatch.IWidget[] {
  const { timeoutMs, memoryBytes, storageBytes } = functionSize(fn);
  return [
    new cloudwatch.TextWidget({ markdown: `## ${fn.node.path}`, width: 3 * WIDTH, height: 1 }),
    new cloudwatch.Row(
      graph('Invocations', [
        fn.metricInvocations({ label: 'invocations' }), fn.metricErrors({ label: 'errors' }), fn.metricThrottles({ label: 'throttles' }),
      ]),
      graph('Duration', spread((statistic) => fn.metricDuration({ statistic, label: statistic })), { label: 'ms', limit: timeoutMs, of: 'timeout' }),
      graph('Errors by code', [errorsByCode(fn)]),
    ),
    new cloudwatch.Row(
      graph('Cold starts', [
        ...spread((statistic) => fn.metricColdStartDuration({ statistic, label: statistic })),
      ], { label: 'ms', right: [fn.metricColdStartDuration({ statistic: cloudwatch.Stats.SAMPLE_COUNT, label: 'cold starts' })] }),
      graph('Bootstrap steps', steps.length === 0
        ? [fn.metricBootstrapDuration({ label: 'all steps' })]
        : steps.map((step) => fn.metricBootstrapDuration({ step, label: step })), { label: 'ms' }),
      graph('Queries', queries, { label: 'ms' }),
    ),
    new cloudwatch.Row(
      graph('Rows', [fn.metricRows({ label: 'rows' })]),
      graph('Memory', [fn.metricMemoryBytes({ label: 'memory' })], { label: 'bytes', limit: memoryBytes, of: 'memory size' }),
      graph('Spill', [fn.metricSpillBytes({ label: 'spilled' })], { label: 'bytes', limit: storageBytes, of: 'ephemeral storage' }),
    ),
  ];
}

interface Axis {
  readonly label?: string;
  /** A line at the function's limit. */
  readonly limit?: number;
  readonly of?: string;
  readonly right?: cloudwatch.IMetric[];
}

function graph(title: string, left: cloudwatch.IMetric[], { label, limit, of, right }: Axis = {}): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({
    title,
    width: WIDTH,
    height: HEIGHT,
    left,
    leftYAxis: { min: 0, showUnits: false, ...(label && { label }) },
    ...(right && { right, rightYAxis: { min: 0, showUnits: false } }),
    ...(limit !== undefined && { leftAnnotations: [{ value: limit, label: of, color: cloudwatch.Color.RED }] }),
  });
}

function spread(metric: (statistic: string) => cloudwatch.Metric): cloudwatch.Metric[] {
  return ['p50', 'p99', cloudwatch.Stats.MAXIMUM].map(metric);
}

/** Only the codes that have occurred. */
function errorsByCode({ functionName }: ShownFunction): cloudwatch.IMetric {
  return new cloudwatch.MathExpression({
    expression: `SEARCH('{${NAMESPACE},Code,FunctionName} MetricName="DuckDbErrors" FunctionName="${functionName}"', 'Sum')`,
    usingMetrics: {},
    label: '',
  });
}
