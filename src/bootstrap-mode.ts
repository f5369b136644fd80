/** When a function's bootstrap steps run. */
export enum BootstrapMode {
  /** Each step runs when a query first needs it. */
  LAZY = 'LAZY',

  /**
   * All steps run at the same time in Lambda's init phase. A step that fails is logged, and tried again when a query needs it.
   *
   * With provisioned concurrency, steps always run this way.
   */
  EAGER = 'EAGER',
}
