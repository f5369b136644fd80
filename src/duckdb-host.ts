import { IResource } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { RequiredEndpoint } from './required-endpoint';

// Its bases stand in the order of lambda.IFunction's: Python finds no order of both otherwise.
/**
 * What runs DuckDB, as bootstrap steps and secrets see it: they grant its role permissions, and open its network.
 *
 * `DuckDbFunction` is one.
 */
export interface IDuckDbHost extends IResource, ec2.IConnectable, iam.IGrantable {
  /**
   * The role that DuckDB runs with, a function's execution role.
   */
  readonly executionRole?: iam.IRole;

  /**
   * Whether it is in a VPC. Outside of one it has no `connections`, and reaches whatever the internet does.
   */
  readonly isInVpc: boolean;

  /**
   * Notes that it calls a service of AWS, which takes a VPC endpoint in subnets without a way to the internet.
   *
   * @param endpoint the service
   */
  addRequiredEndpoint(endpoint: RequiredEndpoint): void;

  /**
   * Opens a port of any host, where it is in a VPC and its security group is left to this library.
   *
   * @param port        the port
   * @param description what is reached by it, for the rule
   */
  allowToAnyHost(port: ec2.Port, description: string): void;
}

/** A Lambda function that runs DuckDB. */
export interface IDuckDbFunction extends lambda.IFunction, IDuckDbHost {}
