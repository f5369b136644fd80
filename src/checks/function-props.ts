import * as lambda from 'aws-cdk-lib/aws-lambda';
import { PropNames } from './expect';
import { expectInheritedProps } from './inherited-props';
import { DuckDbFunctionOptions } from '../duckdb-function-options';
import { DuckDbFunctionProps } from '../duckdb-function-props';
import { DuckDbOptions } from '../duckdb-options';

const DUCKDB_OPTIONS: PropNames<DuckDbOptions> = {
  bootstrap: true,
  databases: true,
  extensions: true,
  extensionRepository: true,
  lockFile: true,
  nodeApiVersion: true,
  verifyExtensionsAtRuntime: true,
  settings: true,
  baseImage: true,
  buildImage: true,
  imageBuild: true,
};

/** The props that this library adds to Lambda's options. */
const FUNCTION_OPTIONS: PropNames<Omit<DuckDbFunctionOptions, keyof lambda.FunctionOptions>> = {
  ...DUCKDB_OPTIONS,
  bootstrapMode: true,
  metrics: true,
};

const FUNCTION_PROPS: PropNames<Omit<DuckDbFunctionProps, keyof lambda.FunctionOptions>> = {
  ...FUNCTION_OPTIONS,
  entry: true,
  handler: true,
  projectRoot: true,
  depsLockFilePath: true,
  bundling: true,
  code: true,
};

/** The files of aws-cdk-lib that declare the options of Lambda. */
const DECLARATIONS = ['aws-lambda/lib/function.d.ts', 'aws-lambda/lib/event-invoke-config.d.ts'];

/** Refuses a misspelt prop of a function, both the library's own and those of every Lambda function. */
export function checkFunctionProps(props: DuckDbFunctionProps, at: string): void {
  expectInheritedProps(props, FUNCTION_PROPS, DECLARATIONS, at);
}
