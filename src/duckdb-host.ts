import { IResource } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { DuckDbAlarmOptions } from './duckdb-alarm-options';
import { RequiredEndpoint } from './required-endpoint';

/**
 * The function that runs DuckDB, as bootstrap steps and secrets see it. They grant its role permissions, and open its network.
 *
 * `DuckDbFunction` implements it.
 */
export interface IDuckDbHost extends IResource, ec2.IConnectable, iam.IGrantable {
  /**
   * The function's execution role.
   */
  readonly executionRole?: iam.IRole;

  /**
   * Whether the function is in a VPC. Outside a VPC, it has no `connections`, and can reach every host on the internet.
   */
  readonly isInVpc: boolean;

  /**
   * Records that the function calls an AWS service. In subnets without access to the internet, the service needs a VPC endpoint.
   *
   * @param endpoint the service
   */
  addRequiredEndpoint(endpoint: RequiredEndpoint): void;

  /**
   * Opens a port to any host, if the function is in a VPC and this library manages its security group.
   *
   * @param port        the port
   * @param description what the port is for, as the rule's description
   */
  allowToAnyHost(port: ec2.Port, description: string): void;
}

// It does not extend IDuckDbHost: Python could not order the bases of both, which differ between the versions of aws-cdk-lib.
/** A Lambda function that runs DuckDB. `DuckDbFunction` implements it, and `IDuckDbHost`. */
export interface IDuckDbFunction extends lambda.IFunction {
  /**
   * Widgets for a dashboard: invocations, durations, errors by code, cold starts, bootstrap steps, queries, rows, memory and spill.
   */
  dashboardWidgets(): cloudwatch.IWidget[];

  /**
   * Alarms on errors, throttles, and durations, memory and spill that come close to the function's limits.
   *
   * @param options their thresholds and actions
   */
  createAlarms(options?: DuckDbAlarmOptions): cloudwatch.Alarm[];
}
