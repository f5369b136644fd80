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

/** Selects a metric of a function's queries. */
export interface QueryMetricOptions extends cloudwatch.MetricOptions {
  /**
   * The name of the query.
   *
   * @default - all queries
   */
  readonly query?: string;
}

/** Selects a metric of a function's errors. */
export interface ErrorMetricOptions extends cloudwatch.MetricOptions {
  /**
   * The code of the errors, such as `TIMEOUT`.
   *
   * @default - all codes
   */
  readonly code?: string;
}
