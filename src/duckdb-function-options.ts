import * as lambda from 'aws-cdk-lib/aws-lambda';
import { BootstrapMode } from './bootstrap-mode';
import { DuckDbOptions } from './duckdb-options';

/**
 * Options of every Lambda function with DuckDB.
 *
 * Some of Lambda's options have other defaults, because DuckDB does not run well with Lambda's:
 *
 * - `architecture` is ARM_64.
 * - `memorySize` is 1769 MB; the minimum is 256. DuckDB gets 70 % of the memory above 200 MB, and one thread per vCPU. There is one vCPU for each
 *   1769 MB or part of it.
 * - `timeout` is 30 seconds.
 * - `environment` has UV_THREADPOOL_SIZE 16.
 * - In a VPC, `allowAllOutbound` is false: the function's new security group allows port 443 of any host, and the hosts that the bootstrap steps
 *   need. If you set `allowAllOutbound` or `securityGroups`, the function can reach what these options allow.
 *
 * Options that a function with an image cannot have, such as `layers`, are errors. Unknown props are errors too. A subclass may pass on its own
 * props, if their names do not resemble a known one.
 */
export interface DuckDbFunctionOptions extends lambda.FunctionOptions, DuckDbOptions {
  /**
   * When the bootstrap steps run.
   *
   * @default BootstrapMode.LAZY
   */
  readonly bootstrapMode?: BootstrapMode;

  /**
   * Whether the function writes metrics of cold starts, bootstrap steps and queries to its log, from which CloudWatch reads them.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
   * @default false
   */
  readonly metrics?: boolean;
}
