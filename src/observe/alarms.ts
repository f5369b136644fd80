import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { functionSize } from './function-size';
import { expectList, expectObject, expectOptions, PropNames, shown } from '../checks/expect';
import { DuckDbAlarmOptions } from '../duckdb-alarm-options';

const OPTIONS: PropNames<DuckDbAlarmOptions> = {
  actions: true, errors: true, throttles: true, durationPercentage: true, memoryPercentage: true, spillPercentage: true,
};

/** A function with metrics of the runtime. */
export interface MeasuredFunction extends lambda.Function {
  metricMemoryBytes(options?: cloudwatch.MetricOptions): cloudwatch.Metric;
  metricSpillBytes(options?: cloudwatch.MetricOptions): cloudwatch.Metric;
}

/** The alarms of a function. One whose limit only a deployment knows is left out. */
export function functionAlarms(fn: MeasuredFunction, options: DuckDbAlarmOptions): cloudwatch.Alarm[] {
  const at = `the alarms of ${fn.node.path}`;
  expectOptions(options, at, OPTIONS);
  const { actions = [], errors = 1, throttles = 1, durationPercentage = 80, memoryPercentage = 90, spillPercentage = 80 } = options;
  expectList(actions, `${at} have as actions`, '[new SnsAction(topic)]');
  for (const action of actions) expectObject(action, 'bind', `${at} have among their actions`, 'an IAlarmAction, such as new SnsAction(topic)');
  for (const [prop, count] of Object.entries({ errors, throttles })) expectAbove0(count, Infinity, `${at} have ${prop}`);
  for (const [prop, share] of Object.entries({ durationPercentage, memoryPercentage, spillPercentage })) expectAbove0(share, 100, `${at} have ${prop}`);

  const { timeoutMs, memoryBytes, storageBytes } = functionSize(fn);
  const alarm = (name: string, metric: cloudwatch.Metric, threshold: number, description: string) => {
    const created = metric.createAlarm(fn, `${name}Alarm`, {
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      alarmDescription: `${fn.node.path}: ${description}`,
    });
    created.addAlarmAction(...actions);
    return created;
  };
  const near = (name: string, metric: cloudwatch.Metric, limit: number | undefined, percentage: number, what: string) => (
    limit === undefined ? [] : [alarm(name, metric, Math.floor(limit * percentage / 100), `${what}, ${percentage} % or more`)]
  );
  return [
    alarm('Errors', fn.metricErrors(), errors, 'invocations that failed'),
    alarm('Throttles', fn.metricThrottles(), throttles, 'invocations that Lambda refused because too many ran'),
    ...near('Duration', fn.metricDuration({ statistic: cloudwatch.Stats.MAXIMUM }), timeoutMs, durationPercentage, 'the longest invocation of its timeout'),
    ...near('Memory', fn.metricMemoryBytes(), memoryBytes, memoryPercentage, 'the process of the function\'s memory'),
    ...near('Spill', fn.metricSpillBytes(), storageBytes, spillPercentage, 'a query\'s spilled data of the ephemeral storage'),
  ];
}

function expectAbove0(value: unknown, most: number, what: string): void {
  if (typeof value === 'number' && value > 0 && value <= most) return;
  throw new Error(`${what} ${shown(value)}: expected a number above 0${most === Infinity ? '' : `, at most ${most}`}`);
}
