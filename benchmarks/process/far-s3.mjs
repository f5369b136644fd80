// far-s3.mjs CONTENDER: opens one of the contenders beside this file, and runs what it is sent.
//   { open }          its options; DuckDB is opened only now, when this process has its CPU quota
//   { statements }    one after the other; answers the milliseconds that passed, and those of CPU, and a digest of all rows
import { createHash } from 'node:crypto';

const { open } = await import(`./far-s3-${process.argv[2]}.mjs`);
let contender;

process.on('message', async (message) => {
  process.send(await answer(message).catch((error) => ({ failure: error.message.split('\n')[0] })));
});

async function answer({ open: options, statements }) {
  if (options) {
    contender = await open(options);
    return {};
  }
  const rows = [];
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  for (const statement of statements) rows.push(await contender.run(statement));
  const milliseconds = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const digest = createHash('sha256').update(JSON.stringify(rows)).digest('hex');
  return { milliseconds, cpuMilliseconds: (user + system) / 1000, digest };
}
