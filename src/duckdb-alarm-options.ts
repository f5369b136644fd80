import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';

/** When the alarms of a function are raised, each over 5 minutes, and what they do then. */
export interface DuckDbAlarmOptions {
  /**
   * What an alarm does when it is raised, such as `new SnsAction(topic)`.
   *
   * @default - nothing
   */
  readonly actions?: cloudwatch.IAlarmAction[];

  /**
   * The number of invocations that fail.
   *
   * @default 1
   */
  readonly errors?: number;

  /**
   * The number of invocations that Lambda refuses because too many run.
   *
   * @default 1
   */
  readonly throttles?: number;

  /**
   * The percentage of the function's timeout that the longest invocation takes.
   *
   * @default 80
   */
  readonly durationPercentage?: number;

  /**
   * The percentage of the function's memory that its process uses at the end of an invocation.
   *
   * @default 90
   */
  readonly memoryPercentage?: number;

  /**
   * The percentage of the function's ephemeral storage to which a query spills.
   *
   * @default 80
   */
  readonly spillPercentage?: number;
}
