// launcher.mjs MODULE: calls the handler that MODULE exports, once, and once more for each line of standard input.
// Answers go to descriptor 3, as handlers log to standard output.
import { writeSync } from 'node:fs';

const { handler } = await import(process.argv[2]);
await call();
for await (const _ of process.stdin) await call();

async function call() {
  const started = performance.now();
  const answer = await handler({});
  writeSync(3, `${JSON.stringify({ milliseconds: performance.now() - started, answer })}\n`);
}
