import * as lambda from 'aws-cdk-lib/aws-lambda';
import { PropNames } from './expect';
import { expectInheritedProps } from './inherited-props';
import { DuckDbFunctionProps } from '../duckdb-function-props';

const OURS: PropNames<Omit<DuckDbFunctionProps, keyof lambda.FunctionOptions>> = {
  entry: true,
  handler: true,
  bootstrap: true,
  bootstrapMode: true,
  databases: true,
  extensions: true,
  extensionRepository: true,
  lockFile: true,
  nodeApiVersion: true,
  verifyExtensionsAtRuntime: true,
  metrics: true,
  settings: true,
  baseImage: true,
  buildImage: true,
  projectRoot: true,
  depsLockFilePath: true,
  bundling: true,
  code: true,
};

const FUNCTION_OPTIONS = ['aws-lambda/lib/function.d.ts', 'aws-lambda/lib/event-invoke-config.d.ts'];

/** Refuses a misspelt prop of a function, ours or one that every Lambda function has. */
export function checkFunctionProps(props: DuckDbFunctionProps, at: string): void {
  expectInheritedProps(props, OURS, FUNCTION_OPTIONS, at);
}
