import { setTimeout as sleep } from 'node:timers/promises';
import type * as runtime from '../../lib-runtime';
import type * as sharedInstances from '../../lib-runtime/instance/shared-instances';

export type Runtime = typeof runtime;
type CloseIdleInstances = typeof sharedInstances.closeIdleInstances;

/** What closes the shared instances of runtimes: those of the current test, of the file, and of tests that have ended. Nobody else would. */
const ofTest: CloseIdleInstances[] = [];
const ofFile: CloseIdleInstances[] = [];
const ofEndedTests: CloseIdleInstances[] = [];
let inTest = false;
let closing: Promise<unknown> | undefined;
const close = (runtimes: CloseIdleInstances[]) => Promise.all(runtimes.map((closeIdleInstances) => closeIdleInstances()));

beforeEach(() => { inTest = true; });
afterEach(() => {
  inTest = false;
  ofEndedTests.push(...ofTest.splice(0));
  // In the background: the end of an upload takes a while. An instance that is still in use is closed after a later test.
  closing = close(ofEndedTests);
});
// A test may leave an instance that never opens.
afterAll(() => Promise.race([Promise.all([closing, close([...ofEndedTests, ...ofFile])]), sleep(1000, undefined, { ref: false })]));

const LEFT_AFTER_RECYCLING = Symbol.for('cdk-duckdb-lambda.left-after-recycling.v1');

const OURS = /^(AWS_|DUCKDB_|UV_THREADPOOL_SIZE$)/;
const outside = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));

/**
 * The runtime as a new process would import it with `env`: no instance yet, nothing remembered. Its shared instances are closed after the test, or
 * after all tests if it is made outside of one.
 */
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
  // This process is not the function's: it has the memory of many tests, for which no instance may be closed in the middle of one.
  Object.defineProperty(globalThis, LEFT_AFTER_RECYCLING, { get: () => Infinity, set: () => undefined, configurable: true });
  let fresh: Runtime | undefined;
  jest.isolateModules(() => {
    fresh = jest.requireActual<Runtime>('../../lib-runtime');
    const { closeIdleInstances } = jest.requireActual<typeof sharedInstances>('../../lib-runtime/instance/shared-instances');
    (inTest ? ofTest : ofFile).push(closeIdleInstances);
  });
  return fresh!;
}
