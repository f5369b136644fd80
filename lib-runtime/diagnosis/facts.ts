import type { StepConfig } from '../base/config';

/** What the runtime knows, and DuckDB does not, when a statement has failed. */
export interface Facts {
  /** Whether this is a Lambda execution environment. */
  readonly isInLambda: boolean;
  /** Whether a stack's configuration is there. */
  readonly isConfigured: boolean;
  readonly steps: readonly StepConfig[];
  /** The steps that the statement could trigger; all where undefined. */
  readonly allowed: readonly string[] | undefined;
  /** The catalogs that are attached. */
  readonly attached: readonly string[];
  /** The values of the statement's parameters. */
  readonly parameters: object | undefined;
  /** Where the image has its extensions; undefined where DuckDB installs them itself. */
  readonly extensionDirectory: string | undefined;
  /** The command that puts an extension into a directory. */
  readonly installCommand: (name: string) => string;
}
