// Loaded before the CDK's command line, which asks every five seconds whether a stack is ready. In MiniStack, it is ready in less than one.
const { setTimeout: wait } = globalThis;
globalThis.setTimeout = Object.defineProperties(
  (callback, ms, ...args) => wait(callback, ms === 5000 ? 200 : ms, ...args),
  Object.getOwnPropertyDescriptors(wait),
);
