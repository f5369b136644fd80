import { IDuckDbHost } from '../duckdb-host';
import { DuckDbExtension } from '../extension';

/**
 * Connects a function's DuckDB to a data source, such as the buckets of a data lake.
 *
 * A step declares what it needs in two phases, because the image is complete before the function exists. First, the function reads the step's
 * `extensions` and bakes them into the image. Then it calls `bind`, which grants permissions and network access, and returns the configuration with
 * which the runtime runs the step.
 */
export interface IBootstrapStep {
  /**
   * The step's name, unique within a function. Handler code refers to the step by this name.
   *
   * Letters, digits, `-` and `_`, starting with a letter.
   */
  readonly name: string;

  /** The extensions that the step needs. Their dependencies are added automatically. */
  readonly extensions: DuckDbExtension[];

  /**
   * Grants the function what the step needs, and returns the step's configuration for the runtime. It must not be async.
   *
   * In a VPC, the function can reach port 443 of any host. Open other ports with `host.connections`. Record the AWS services that the step
   * calls with `host.addRequiredEndpoint`. `bind` may be called for several functions, in several stacks.
   *
   * @param host the function that the step belongs to
   */
  bind(host: IDuckDbHost): BootstrapStepConfig;
}

/** A step's configuration for the runtime. It is stored in the function's environment, so never put a secret here. */
export interface BootstrapStepConfig {
  /** The runtime's implementation that runs the step, such as `s3`. */
  readonly type: string;

  /**
   * The catalogs that exist once the step has run. DuckDB's own catalogs, such as `memory`, are errors.
   *
   * Several steps may provide one catalog. They run in the order of their declaration, so a step that only adds to a catalog of another step must be
   * declared after it.
   *
   * @default - none
   */
  readonly provides?: string[];

  /**
   * The catalogs of `provides` that the step attaches itself. Other catalogs are errors. No other step of the same database may attach them.
   *
   * If a step only adds to a catalog of another step, list the catalog in `provides` and not here.
   *
   * @default - none
   */
  readonly attaches?: string[];

  /**
   * Settings for the implementation, as JSON values. Strings may contain CDK tokens. Functions, bigints, objects of a class and cycles are errors.
   *
   * @default - none
   */
  readonly config?: { [key: string]: any };
}
