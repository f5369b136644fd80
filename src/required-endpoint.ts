/** A service of AWS that a function calls over the network: in a subnet without a way to the internet it needs a VPC endpoint. */
export interface RequiredEndpoint {
  /** The service, as the names of its VPC endpoints end: `s3`, `ssm`, `secretsmanager`, `sts`. */
  readonly service: string;

  /**
   * The region in which the function calls it.
   *
   * @default - the function's
   */
  readonly region?: string;
}
