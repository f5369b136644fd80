// Opens and closes many cursors or sessions, and prints the resident memory, in MiB, before and after.
import { setTimeout as sleep } from 'node:timers/promises';
import { cursor, session } from '../../runtime/index.mjs';

const ONE = {
  cursors: () => cursor((c) => c.query('SELECT range AS i, range::VARCHAR AS s FROM range(100)')),
  sessions: () => session((s) => s.execute('CREATE TABLE t AS SELECT range AS i, hash(range) AS h FROM range(10000)')),
};

const [kind, times] = process.argv.slice(2);
await repeat(times / 10);
const before = await residentMiB();
await repeat(Number(times));
console.log(JSON.stringify({ before, after: await residentMiB() }));

async function repeat(count) {
  for (let i = 0; i < count; i++) await ONE[kind]();
}

async function residentMiB() {
  // The event loop must run to release what the last ones have left.
  await sleep(200);
  gc();
  return process.memoryUsage.rss() / 1024 / 1024;
}
