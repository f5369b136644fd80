import { functionMemoryMiB } from '../base/lambda-environment';

/** The memory and spill space that an instance may use. */
export interface Limits {
  readonly memoryBytes: number;
  readonly spillBytes: number;
}

/** MiB that Node.js, DuckDB's code and the handler need beside DuckDB's buffers. */
const OUTSIDE_DUCKDB_MIB = 200;
/** Peak RSS was measured at 90 MB + 1.1 to 1.5 times the memory limit. */
const SHARE_FOR_DUCKDB = 0.7;
const MIN_LIMIT_MIB = 32;

/** The settings that enforce an instance's limits. */
export function limitSettings({ memoryBytes, spillBytes }: Limits) {
  return { memory_limit: `${Math.floor(memoryBytes / 1024)}KiB`, max_temp_directory_size: `${Math.floor(spillBytes / 1024)}KiB` };
}

/** Bytes for all instances of a Lambda process together; undefined outside Lambda. */
export function lambdaMemoryLimit(env: NodeJS.ProcessEnv): number | undefined {
  const memory = functionMemoryMiB(env);
  if (memory === undefined) return undefined;
  const mib = Math.max(MIN_LIMIT_MIB, SHARE_FOR_DUCKDB * (memory - OUTSIDE_DUCKDB_MIB));
  return Math.floor(mib) * 1024 * 1024;
}
