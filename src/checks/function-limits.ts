import { Annotations, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';

/** Refuses memory in which DuckDB cannot run. */
export function checkMemory({ memorySize }: lambda.FunctionOptions, at: string): void {
  if (memorySize !== undefined && !Token.isUnresolved(memorySize) && memorySize < 256) {
    throw new Error(`${at} has a memorySize of ${memorySize} MB, in which DuckDB cannot run: expected 256 or more; 1769 MB, the default, is one vCPU`);
  }
}

/** Warns of memory and time that are enough, but for little. */
export function warnOfTightLimits(fn: IConstruct, { memorySize, timeout }: lambda.FunctionOptions): void {
  if (memorySize !== undefined && !Token.isUnresolved(memorySize) && memorySize < 512) {
    Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:memorySize', `memorySize is ${memorySize} MB: `
      + 'DuckDB and Node.js take about 200 MB of it before the first query; 512 MB and more is advised');
  }
  if (timeout && !timeout.isUnresolved() && timeout.toSeconds() < 10) {
    Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:timeout', `timeout is ${timeout.toSeconds()} s: `
      + 'a cold start and a query over the network may take longer; 10 s and more is advised');
  }
}
