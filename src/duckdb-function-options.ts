import * as lambda from 'aws-cdk-lib/aws-lambda';
import { BootstrapMode } from './bootstrap-mode';
import { DuckDbOptions } from './duckdb-options';

/**
 * Options of every Lambda function with DuckDB.
 *
 * Those of Lambda have defaults of their own where DuckDB could not live in Lambda's:
 *
 * - `architecture` is ARM_64;
 * - `memorySize` is 1769 MB, from 256; DuckDB gets 70 % of what exceeds 200 MB, and a thread for each 1769 MB (one vCPU) begun;
 * - `timeout` is 30 seconds;
 * - `environment` has UV_THREADPOOL_SIZE 16;
 * - in a VPC, `allowAllOutbound` is false: the security group that is made lets the function reach port 443 of any host, and what its
 *   bootstrap steps need. With `allowAllOutbound` or `securityGroups` it reaches what these say.
 *
 * Options that an image cannot have, such as `layers`, are refused, and so is a misspelt prop.
 */
export interface DuckDbFunctionOptions extends lambda.FunctionOptions, DuckDbOptions {
  /**
   * When the bootstrap steps run.
   *
   * @default BootstrapMode.LAZY
   */
  readonly bootstrapMode?: BootstrapMode;

  /**
   * Whether the function writes metrics of cold starts, bootstrap steps and queries to its log, from which CloudWatch takes them.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
   * @default false
   */
  readonly metrics?: boolean;
}
