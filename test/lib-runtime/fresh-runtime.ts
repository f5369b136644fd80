import type * as runtime from '../../lib-runtime';

export type Runtime = typeof runtime;

const OURS = /^(AWS_|DUCKDB_|UV_THREADPOOL_SIZE$)/;
const outside = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));

/** The runtime as a new process would import it with `env`: no instance yet, nothing remembered. */
export function freshRuntime(env: Record<string, string> = {}): Runtime {
  for (const name of Object.keys(process.env)) {
    if (!(name in outside)) delete process.env[name];
  }
  Object.assign(process.env, env);
  for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
    if (Symbol.keyFor(symbol)?.startsWith('cdk-duckdb-lambda.')) delete (globalThis as Record<symbol, unknown>)[symbol];
  }
  // What is loaded when it is first needed only, such as the cache of secrets.
  jest.resetModules();
  let fresh: Runtime | undefined;
  jest.isolateModules(() => {
    fresh = jest.requireActual<Runtime>('../../lib-runtime');
  });
  return fresh!;
}

/** `DUCKDB_LAMBDA_CONFIG` as the construct writes it. */
export function config(parts: {
  extensions?: string[];
  steps?: { name: string; type: string; config?: object; provides?: string[] }[];
  databases?: Record<string, { file?: string; steps?: string[] }>;
  settings?: Record<string, unknown>;
  verifyExtensions?: boolean;
  timeoutSeconds?: number;
  results?: { location: string };
  http?: object;
}): { DUCKDB_LAMBDA_CONFIG: string } {
  return { DUCKDB_LAMBDA_CONFIG: JSON.stringify({ version: 1, extensions: [], steps: [], ...parts }) };
}

/** What `promise` rejects with; fails when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<InstanceType<Runtime['DuckDbError']>> {
  return promise.then((value) => {
    throw new Error(`expected a rejection, got ${JSON.stringify(value)}`);
  }, (error) => error);
}
