import type { Runtime } from './fresh-runtime';

/** What `promise` rejects with; fails when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<InstanceType<Runtime['DuckDbError']>> {
  return promise.then((value) => {
    throw new Error(`expected a rejection, got ${JSON.stringify(value)}`);
  }, (error) => error);
}
