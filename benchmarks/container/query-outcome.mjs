// The outcome of a query: milliseconds from its start to its rows, the rows as lines of text or their digest, and the memory and disk it used.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SAMPLE_MS = 20;
const { env } = process;

/** `run` returns the rows of QUERY. DuckDB spills into `directory`. */
export async function outcomeOf(run, directory) {
  let spilled = 0;
  const sampling = setInterval(() => { spilled = Math.max(spilled, bytesIn(directory)); }, SAMPLE_MS);
  try {
    const started = performance.now();
    const rows = await run(env.QUERY);
    const milliseconds = performance.now() - started;
    const lines = rows.map((row) => Object.values(row).join('|'));
    return {
      milliseconds,
      rows: lines.length,
      digest: createHash('sha256').update([...lines].sort().join('\n')).digest('hex'),
      ...env.WITH_ROWS && { lines },
      peakMiB: Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024,
      spilledMiB: spilled / 2 ** 20,
    };
  } catch (error) {
    return { failure: error.message.split('\n')[0] };
  } finally {
    clearInterval(sampling);
  }
}

function bytesIn(directory) {
  try {
    return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
  } catch {
    return 0; // DuckDB creates it when it first spills, and may remove files at any time
  }
}
