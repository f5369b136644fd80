import { Annotations, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';
import { expectDuration, shown } from './expect';

/** Lambda's longest timeout. */
const MAX_TIMEOUT_SECONDS = 900;

/** Lambda's most memory, but for functions on managed instances. */
const MAX_MEMORY_MB = 10_240;

/** Refuses memory in which DuckDB cannot run, and a timeout that Lambda does not have. */
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
      + 'split longer work into several invocations, as by Step Functions');
  }
}

/** Warns of memory and time that are enough, but for little, and of memory that few functions can have. */
export function warnOfLimits(fn: IConstruct, { memorySize, timeout }: lambda.FunctionOptions): void {
  if (memorySize !== undefined && !Token.isUnresolved(memorySize)) warnOfMemory(fn, memorySize);
  if (timeout && !timeout.isUnresolved() && timeout.toSeconds() < 10) {
    Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:timeout', `timeout is ${timeout.toSeconds()} s: `
      + 'a cold start and a query over the network may take longer; 10 s and more is advised');
  }
}

function warnOfMemory(fn: IConstruct, memorySize: number): void {
  if (memorySize < 512) {
    Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:memorySize', `memorySize is ${memorySize} MB: `
      + 'DuckDB and Node.js take about 200 MB of it before the first query; 512 MB and more is advised');
  }
  if (memorySize > MAX_MEMORY_MB) {
    Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:memorySize', `memorySize is ${memorySize} MB: `
      + `Lambda has at most ${MAX_MEMORY_MB} MB, but for functions on managed instances, and would refuse the deployment`);
  }
}
