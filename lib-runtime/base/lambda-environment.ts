import { totalmem } from 'node:os';

/** Whether this process is a Lambda execution environment: it has a Runtime API or a function name. */
export function inLambda(env: NodeJS.ProcessEnv): boolean {
  return env.AWS_LAMBDA_RUNTIME_API !== undefined || env.AWS_LAMBDA_FUNCTION_NAME !== undefined;
}

/** The function's memory in MiB; undefined outside Lambda. */
export function functionMemoryMiB(env: NodeJS.ProcessEnv): number | undefined {
  const memory = Number(env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE);
  return memory > 0 ? memory : undefined;
}

// The machine's memory, or the container's. Cached, because each query needs it and the system reads a file for it.
const machineBytes = Math.min(totalmem(), process.constrainedMemory() || Infinity);

/** The most bytes that this process may use: the function's memory, or the machine's. */
export function processMemoryBytes(env: NodeJS.ProcessEnv): number {
  const memory = functionMemoryMiB(env);
  return memory === undefined ? machineBytes : memory * 1024 * 1024;
}
