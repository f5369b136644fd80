import { Annotations, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';
import { expectDuration, shown } from './expect';

/** Lambda's longest timeout. */
const MAX_TIMEOUT_SECONDS = 900;

/** The most memory of a Lambda function, except on managed instances. */
const MAX_MEMORY_MB = 10_240;

/** Refuses too little memory for DuckDB, and a timeout that Lambda does not allow. */
export function checkLimits({ memorySize, timeout }: lambda.FunctionOptions, at: string): void {
  if (memorySize !== undefined && !Token.isUnresolved(memorySize)) {
    if (!Number.isInteger(memorySize)) throw new Error(`${at} has the memorySize ${shown(memorySize)}: expected a whole number of MB such as 1769`);
    if (memorySize < 256) {
      throw new Error(`${at} has a memorySize of ${memorySize} MB, in which DuckDB cannot run: expected 256 or more; 1769 MB, the default, is one vCPU`);
    }
  }
  expectDuration(timeout, `${at} has the timeout`);
  if (timeout && !timeout.isUnresolved() && timeout.toSeconds() > MAX_TIMEOUT_SECONDS) {
    throw new Error(`${at} has a timeout of ${timeout.toSeconds()} s: expected at most ${MAX_TIMEOUT_SECONDS} s, the longest that Lambda runs; `
      + 'split longer work into several invocations, for example with Step Functions');
  }
}

/** Warns of scarce memory and time, and of more memory than Lambda usually offers. */
export function warnOfLimits(fn: IConstruct, { memorySize, timeout }: lambda.FunctionOptions): void {
  if (memorySize !== undefined && !Token.isUnresolved(memorySize)) warnOfMemory(fn, memorySize);
  if (timeout && !timeout.isUnresolved() && timeout.toSeconds() < 10) {
    Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:timeout', `timeout is ${timeout.toSeconds()} s: `
      + 'a cold start and a query over the network may take longer; use 10 s or more');
  }
}

function warnOfMemory(fn: IConstruct, memorySize: number): void {
  if (memorySize < 512) {
    Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:memorySize', `memorySize is ${memorySize} MB: `
      + 'DuckDB and Node.js take about 200 MB of it before the first query; use 512 MB or more');
  }
  if (memorySize > MAX_MEMORY_MB) {
    Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:memorySize', `memorySize is ${memorySize} MB: `
      + `Lambda offers at most ${MAX_MEMORY_MB} MB, except for functions on managed instances, and would refuse the deployment`);
  }
}
