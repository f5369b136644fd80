import { Annotations, Duration, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { BootstrapStepConfig } from '../bootstrap/bootstrap-step';
import { BootstrapMode } from '../bootstrap-mode';
import { DuckDbFunctionOptions } from '../duckdb-function-options';

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
  /** Where large results are written. */
  readonly results?: ResultsConfig;
  /** How HTTP requests are answered. */
  readonly http?: HttpConfig;
}

/** How a function of queries answers HTTP requests. */
export interface HttpConfig {
  readonly streaming?: boolean;
  readonly cors?: CorsConfig;
}

/** Which web pages may read the answers. */
export interface CorsConfig {
  readonly allowedOrigins: string[];
  readonly allowCredentials?: boolean;
  readonly allowedHeaders?: string[];
  readonly exposedHeaders?: string[];
  readonly maxAgeSeconds?: number;
}

/** Where the queries of a function write results that are too large for an answer. */
export interface ResultsConfig {
  /** The URL that the results' objects begin with: `s3://bucket/prefix/`. */
  readonly location: string;
}

/** A logical database of the runtime's configuration. */
export interface DatabaseConfig {
  /** The absolute path of its file; undefined for a database in memory. */
  readonly file?: string;
  /** The names of the steps that its queries may trigger; undefined means all. */
  readonly steps?: string[];
}

/** A step of the runtime's configuration. */
export interface StepConfig {
  readonly name: string;
  readonly type: string;
  readonly provides?: string[];
  readonly config?: { [key: string]: any };
}

/** The result of a step's `bind`. */
export interface BoundStep extends BootstrapStepConfig {
  readonly name: string;
}

/** The facts about a function that its runtime needs. */
export interface RuntimeFacts {
  readonly options: DuckDbFunctionOptions;
  /** DuckDB's names of the extensions to load when a database opens, dependencies first. */
  readonly extensions: string[];
  readonly steps: BoundStep[];
  readonly databases: { [name: string]: DatabaseConfig };
  readonly timeout?: Duration;
  readonly answers?: AnswersConfig;
}

/** How a function of queries answers. */
export type AnswersConfig = Pick<RuntimeConfig, 'results' | 'http'>;

/** The configuration of a function's runtime. Props that were not declared are left out, so that the runtime's defaults apply. */
export function runtimeConfig({ options, extensions, steps, databases, timeout, answers }: RuntimeFacts): RuntimeConfig {
  const { bootstrapMode, settings, verifyExtensionsAtRuntime, metrics } = options;
  return {
    version: 1,
    extensions,
    steps: steps.map(({ attaches, ...step }) => step),
    ...(bootstrapMode === BootstrapMode.EAGER && { mode: 'eager' }),
    ...(settings && { settings }),
    ...(verifyExtensionsAtRuntime && { verifyExtensions: true }),
    ...(Object.keys(databases).length > 0 && { databases }),
    ...(metrics && { metrics: true }),
    // A token becomes a number when the stack is deployed.
    ...(timeout && { timeoutSeconds: timeout.toSeconds() }),
    ...answers,
  };
}

/** Adds the configuration to a function's environment, beside the existing variables. */
export function tellRuntime(fn: lambda.Function, config: RuntimeConfig, environment: { [name: string]: string }): void {
  checkEnvironmentSize(fn, { ...environment, [RUNTIME_CONFIG_VARIABLE]: JSON.stringify(config) });
  fn.addEnvironment(RUNTIME_CONFIG_VARIABLE, Stack.of(fn).toJsonString(config));
}

/** Lambda's limit for the names and values of all environment variables together. */
const LAMBDA_ENVIRONMENT_BYTES = 4096;

/** Above this size, names and ARNs that only the deployment knows may exceed the limit. */
const NEARLY_FULL_BYTES = 3500;

/** Refuses variables whose literal parts alone exceed Lambda's limit, and warns of variables close to it. */
function checkEnvironmentSize(fn: lambda.Function, variables: { [name: string]: string }): void {
  const literal = Object.entries(variables).flat().join('').replace(/\$\{Token\[[^\]]*\]\}/g, '');
  const bytes = Buffer.byteLength(literal);
  const taken = `the environment variables of ${fn.node.path} take ${bytes} of the ${LAMBDA_ENVIRONMENT_BYTES} bytes that Lambda allows for all, `
    + `${Buffer.byteLength(variables[RUNTIME_CONFIG_VARIABLE])} of them for bootstrap steps`;
  const fix = 'declare fewer buckets and prefixes, shorten or remove other variables, or split the function';
  if (bytes > LAMBDA_ENVIRONMENT_BYTES) throw new Error(`${taken}: ${fix}`);
  if (bytes > NEARLY_FULL_BYTES) Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:environment', `${taken}, and the values of tokens add to that: ${fix}`);
}
