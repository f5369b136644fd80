// The CDK's command line asks every five seconds whether a stack is ready, and waits for nothing else as long. In MiniStack, a stack is ready in less than one.
const { setTimeout: wait } = globalThis;
globalThis.setTimeout = Object.defineProperties(
  (callback, ms, ...args) => wait(callback, ms === 5000 ? 200 : ms, ...args),
  Object.getOwnPropertyDescriptors(wait),
);
