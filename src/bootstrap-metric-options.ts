import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';

/** Selects a metric of a function's bootstrap steps. */
export interface BootstrapMetricOptions extends cloudwatch.MetricOptions {
  /**
   * The name of the step.
   *
   * @default - all steps
   */
  readonly step?: string;
}
