import { createRequire } from 'node:module';
import { isSecretReference, readSecret } from '../aws/secrets';
import { readConfigAtImport } from '../base/config';
import { planEarlyRequests } from '../base/early-requests';
import type { Instance } from '../instance/instance';

/** Lambda ends an init phase after 10 s, and starts it again at the first invocation. */
const MAX_INIT_MS = 8_000;

// A name of its own, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** What reads files before a query does. */
const prefetching = () => requireFromHere('./prefetch') as typeof import('./prefetch');

const INIT = Symbol.for('cdk-duckdb-lambda.init.v1');

/** Whether the declared steps run in the init phase: if the stack says so, or with provisioned concurrency, where no request waits for it. */
export function isEager(env: NodeJS.ProcessEnv): boolean {
  return env.AWS_LAMBDA_INITIALIZATION_TYPE === 'provisioned-concurrency' || readConfigAtImport(env).eager === true;
}

/** Requests the secrets of all steps while DuckDB opens, so that they are in the cache, or on their way, when the steps need them. */
export function prefetchSecrets(env: NodeJS.ProcessEnv): void {
  const values = readConfigAtImport(env).steps.flatMap(({ config }) => Object.values(config).flatMap((item) => [item, ...Object.values(item ?? {})]));
  planEarlyRequests(values.filter(isSecretReference).map((reference) => () => readSecret(reference)));
}

/**
 * Runs all steps of the opening instances at the same time, and prefetches the files that they name. A step that fails is logged, and tried again
 * when a query needs it.
 *
 * The ES module awaits this at its top level, because Lambda freezes unfinished work between the end of the init phase and the first invocation.
 */
export function runEagerly(making: readonly Promise<Instance>[]): void {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, MAX_INIT_MS));
  const running = Promise.all(making.map((each) => (
    each.then(runSteps, () => undefined)
  )));
  (globalThis as { [INIT]?: Promise<unknown> })[INIT] = Promise.race([running, limit]).finally(() => clearTimeout(timer));
}

async function runSteps(instance: Instance): Promise<void> {
  await instance.bootstrap.runAll((error) => console.warn(error.message));
  const { prefetched } = instance.bootstrap;
  if (prefetched.length > 0) await prefetching().prefetch(instance, prefetched, (message) => console.warn(message));
}
