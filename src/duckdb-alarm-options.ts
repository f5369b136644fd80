import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';

/** The thresholds of a function's alarms, each over 5 minutes, and the actions of the alarms. */
export interface DuckDbAlarmOptions {
  /**
   * The actions of each alarm, such as `new SnsAction(topic)`.
   *
   * @default - nothing
   */
  readonly actions?: cloudwatch.IAlarmAction[];

  /**
   * The number of failed invocations that raises the alarm.
   *
   * @default 1
   */
  readonly errors?: number;

  /**
   * The number of throttled invocations that raises the alarm.
   *
   * @default 1
   */
  readonly throttles?: number;

  /**
   * The percentage of the function's timeout that raises the alarm when the longest invocation takes it.
   *
   * @default 80
   */
  readonly durationPercentage?: number;

  /**
   * The percentage of the function's memory that raises the alarm when the process uses it at the end of an invocation.
   *
   * @default 90
   */
  readonly memoryPercentage?: number;

  /**
   * The percentage of the function's ephemeral storage that raises the alarm when a query spills that much.
   *
   * @default 80
   */
  readonly spillPercentage?: number;
}
