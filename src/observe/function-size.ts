import { Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';

const MIB = 1024 * 1024;
const DEFAULT_STORAGE_MIB = 512;

/** The limits of a function that its metrics can be compared with. One that only a deployment knows is undefined. */
export interface FunctionSize {
  readonly timeoutMs?: number;
  readonly memoryBytes?: number;
  readonly storageBytes?: number;
}

export function functionSize(fn: lambda.Function): FunctionSize {
  const { memorySize, ephemeralStorage } = fn.node.defaultChild as lambda.CfnFunction;
  const storage = (ephemeralStorage as lambda.CfnFunction.EphemeralStorageProperty | undefined)?.size ?? DEFAULT_STORAGE_MIB;
  return {
    timeoutMs: fn.timeout === undefined || fn.timeout.isUnresolved() ? undefined : fn.timeout.toMilliseconds(),
    memoryBytes: inBytes(memorySize),
    storageBytes: inBytes(storage),
  };
}

function inBytes(mebibytes: number | undefined): number | undefined {
  return mebibytes === undefined || Token.isUnresolved(mebibytes) ? undefined : mebibytes * MIB;
}
