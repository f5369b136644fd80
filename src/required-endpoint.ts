/** An AWS service that a function calls over the network. In a subnet without access to the internet, the service needs a VPC endpoint. */
export interface RequiredEndpoint {
  /** The service, as at the end of the names of its VPC endpoints: `s3`, `ssm`, `secretsmanager`, `sts`. */
  readonly service: string;

  /**
   * The region in which the function calls it.
   *
   * @default - the function's
   */
  readonly region?: string;
}
