/** When a function's bootstrap steps run. */
export enum BootstrapMode {
  /** Each when a query first needs it. */
  LAZY = 'LAZY',

  /**
   * All in Lambda's init phase, at once. A step that fails is logged, and tried again when a query needs it.
   *
   * With provisioned concurrency they run so in either mode.
   */
  EAGER = 'EAGER',
}
