import { ResourceEnvironment, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Node } from 'constructs';
import { DuckDbAlarmOptions } from './duckdb-alarm-options';
import { RequiredEndpoint } from './required-endpoint';

// It does not extend IResource: Python could not order it and lambda.IFunction, whose bases newer versions of aws-cdk-lib have in another order.
/**
 * The function that runs DuckDB, as bootstrap steps and secrets see it. They grant its role permissions, and open its network.
 *
 * `DuckDbFunction` implements it.
 */
export interface IDuckDbHost extends ec2.IConnectable, iam.IGrantable {
  /**
   * The tree node of the construct.
   */
  readonly node: Node;

  /**
   * The stack that declares the function.
   */
  readonly stack: Stack;

  /**
   * The account and the region of the function.
   */
  readonly env: ResourceEnvironment;

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

/** A Lambda function that runs DuckDB. */
export interface IDuckDbFunction extends lambda.IFunction, IDuckDbHost {
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
