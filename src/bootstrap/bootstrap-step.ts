import { IDuckDbHost } from '../duckdb-host';
import { DuckDbExtension } from '../extension';

/**
 * Something that a function's DuckDB is connected to, such as the buckets of a data lake.
 *
 * A step owns all that this takes, in two phases, because the image is complete before the function
 * exists: its `extensions` are read first and baked into the image; `bind` is called afterwards, grants
 * permissions and network access, and returns what the runtime needs to perform the step.
 */
export interface IBootstrapStep {
  /**
   * The step's name, unique within a function; handler code refers to it by this name.
   *
   * Letters, digits, `-` and `_`, starting with a letter.
   */
  readonly name: string;

  /** The extensions that the step needs. Those that they depend on are added by themselves. */
  readonly extensions: DuckDbExtension[];

  /**
   * Grants the function what the step needs and returns what the runtime will read.
   *
   * In a VPC the function reaches port 443 of any host; other ports are opened by `host.connections`. Services of AWS that the step
   * calls are noted by `host.addRequiredEndpoint`. It may be called for several functions, in several stacks.
   *
   * @param host the function that the step belongs to
   */
  bind(host: IDuckDbHost): BootstrapStepConfig;
}

/** What the runtime needs to know to perform a step. It ends up in the function's environment: never put a secret here. */
export interface BootstrapStepConfig {
  /** Which of the runtime's implementations performs the step, such as `s3`. */
  readonly type: string;

  /**
   * The catalogs that exist once the step is done.
   *
   * @default - none
   */
  readonly provides?: string[];

  /**
   * Those of `provides` that the step attaches itself, so that no other step of the same database may attach them too.
   *
   * A step that adds to a catalog of another step provides it as well, and does not attach it.
   *
   * @default - none
   */
  readonly attaches?: string[];

  /**
   * Settings for the implementation: JSON values; CDK tokens may stand in strings.
   *
   * @default - none
   */
  readonly config?: { [key: string]: any };
}
