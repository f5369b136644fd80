import type { StepConfig } from '../base/config';

/** Facts about a failed statement that the runtime knows and DuckDB does not. */
export interface Facts {
  /** Whether this is a Lambda execution environment. */
  readonly isInLambda: boolean;
  /** Whether a stack's configuration is present. */
  readonly isConfigured: boolean;
  readonly steps: readonly StepConfig[];
  /** The steps that the statement could trigger; all steps if undefined. */
  readonly allowed: readonly string[] | undefined;
  /** The catalogs that are attached. */
  readonly attached: readonly string[];
  /** The values of the statement's parameters. */
  readonly parameters: object | undefined;
  /** The directory of the image's extensions; undefined if DuckDB installs them itself. */
  readonly extensionDirectory: string | undefined;
  /** The command that puts an extension into a directory. */
  readonly installCommand: (name: string) => string;
}
