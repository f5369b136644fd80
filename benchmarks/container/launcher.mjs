// launcher.mjs MODULE: calls the handler that MODULE exports with $EVENT, once, and once more for each line of standard input.
// Answers go to descriptor 3, as handlers log to standard output.
import { writeSync } from 'node:fs';

const event = JSON.parse(process.env.EVENT ?? '{}');
const { handler } = await import(process.argv[2]);
await call();
for await (const _ of process.stdin) await call();

async function call() {
  const started = performance.now();
  const answer = await handler(event);
  writeSync(3, `${JSON.stringify({ milliseconds: performance.now() - started, answer })}\n`);
}
