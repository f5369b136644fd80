import { Annotations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { BootstrapStepConfig } from '../bootstrap/bootstrap-step';

/** The environment variable in which the construct tells the runtime what was declared. */
export const RUNTIME_CONFIG_VARIABLE = 'DUCKDB_LAMBDA_CONFIG';

/** The runtime's configuration, as the construct writes it and `lib-runtime/base/config.ts` reads it. */
export interface RuntimeConfig {
  readonly version: 1;
  /** DuckDB's names of the extensions to load when a database opens, dependencies first. */
  readonly extensions: string[];
  /** The steps, in the order of their declaration. */
  readonly steps: StepConfig[];
  /** Whether the steps run in Lambda's init phase, not when a query first needs them. */
  readonly mode?: 'eager';
  /** DuckDB's settings, which override those that the runtime derives. */
  readonly settings?: { [name: string]: string };
  /** Whether DuckDB checks signatures at LOAD. */
  readonly verifyExtensions?: true;
  /** The declared logical databases by name. There is always one named `default`. */
  readonly databases?: { [name: string]: DatabaseConfig };
  /** Whether the runtime emits metrics. */
  readonly metrics?: true;
  /** The function's timeout. The runtime's own timeouts need not be longer. */
  readonly timeoutSeconds?: number;
}

/** A logical database of the runtime's configuration. */
export interface DatabaseConfig {
  /** The absolute path of its file; undefined for a database in memory. */
  readonly file?: string;
  /** The names of the steps that its queries may trigger; undefined means all. */
  readonly steps?: string[];
}

/** A step of the runtime's configuration. */
export interface StepConfig extends BootstrapStepConfig {
  readonly name: string;
}

/** Lambda's limit for the names and values of all environment variables together. */
const LAMBDA_ENVIRONMENT_BYTES = 4096;

/** Above this size, names and ARNs that only the deployment knows may exceed the limit. */
const NEARLY_FULL_BYTES = 3500;

/** Refuses variables whose literal parts alone exceed Lambda's limit, and warns of variables close to it. */
export function checkEnvironmentSize(scope: IConstruct, variables: { [name: string]: string }): void {
  const literal = Object.entries(variables).flat().join('').replace(/\$\{Token\[[^\]]*\]\}/g, '');
  const bytes = Buffer.byteLength(literal);
  const taken = `the environment variables of ${scope.node.path} take ${bytes} of the ${LAMBDA_ENVIRONMENT_BYTES} bytes that Lambda allows for all, `
    + `${Buffer.byteLength(variables[RUNTIME_CONFIG_VARIABLE])} of them for bootstrap steps`;
  const fix = 'declare fewer buckets and prefixes, shorten or remove other variables, or split the function';
  if (bytes > LAMBDA_ENVIRONMENT_BYTES) throw new Error(`${taken}: ${fix}`);
  if (bytes > NEARLY_FULL_BYTES) Annotations.of(scope).addWarningV2('cdk-duckdb-lambda:environment', `${taken}, and the values of tokens add to that: ${fix}`);
}
