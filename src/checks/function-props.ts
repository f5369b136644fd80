import * as lambda from 'aws-cdk-lib/aws-lambda';
import { PropNames } from './expect';
import { refuseImageBuildProps } from './image-build';
import { expectInheritedProps } from './inherited-props';
import { DuckDbFunctionOptions } from '../duckdb-function-options';
import { DuckDbFunctionProps } from '../duckdb-function-props';
import { DuckDbOptions } from '../duckdb-options';
import { DuckDbQueryFunctionProps } from '../duckdb-query-function-props';

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

const QUERY_FUNCTION_PROPS: PropNames<Omit<DuckDbQueryFunctionProps, keyof lambda.FunctionOptions>> = {
  ...FUNCTION_OPTIONS,
  queries: true,
  results: true,
  http: true,
};

/** The props of Lambda functions. They include those that a function from an image cannot have, which have errors of their own. */
const LAMBDA_PROPS = { name: 'FunctionProps', files: ['aws-lambda/lib/function.d.ts', 'aws-lambda/lib/event-invoke-config.d.ts'] };

/**
 * Refuses an unknown prop of a `DuckDbFunction`. The known ones are the library's own and those of every Lambda function.
 *
 * @param mayHaveMore whether only misspelt and misplaced props are refused, because a subclass may pass on props of its own
 */
export function checkFunctionProps(props: DuckDbFunctionProps, at: string, mayHaveMore: boolean): void {
  expectFunctionProps(props, FUNCTION_PROPS, at, mayHaveMore);
}

/** The same for a `DuckDbQueryFunction`, which also refuses a handler: this library brings it. */
export function checkQueryFunctionProps(props: DuckDbQueryFunctionProps, at: string, mayHaveMore: boolean): void {
  const ofHandler = Object.keys(props).find((prop) => prop in FUNCTION_PROPS && !(prop in QUERY_FUNCTION_PROPS));
  if (ofHandler !== undefined) {
    throw new Error(`${at} has the prop "${ofHandler}", and the handler of a DuckDbQueryFunction is this library's: remove it, or declare a DuckDbFunction`);
  }
  expectFunctionProps(props, QUERY_FUNCTION_PROPS, at, mayHaveMore);
}

function expectFunctionProps(props: object, names: PropNames<object>, at: string, mayHaveMore: boolean): void {
  refuseImageBuildProps(props, at);
  expectInheritedProps(props, names, LAMBDA_PROPS, at, mayHaveMore);
}
