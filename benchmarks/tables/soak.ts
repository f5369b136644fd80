import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeThisProcess } from '../harness/machine';
import type { Benchmark, Row } from '../report/table';

const run = promisify(execFile);
const BEFORE = 'before';
const AFTER = 'after';
const SOAKS = { '10,000 cursors': ['cursors', '10000'], '1,000 sessions': ['sessions', '1000'] } as const;

export const soak: Benchmark = {
  name: 'soak',
  summary: 'what 10,000 cursors and 1,000 sessions leave in memory',
  runs: 3,
  withoutDocker: true,
  measure: async (runs, progress) => {
    const rows: Row[] = Object.keys(SOAKS).map((condition) => ({ condition, measured: { [BEFORE]: [], [AFTER]: [] } }));
    for (let round = 1; round <= runs; round++) {
      for (const { condition, measured } of rows) {
        progress(`${condition}, ${round} of ${runs}`);
        const { before, after } = await soakOf(condition as keyof typeof SOAKS);
        (measured[BEFORE] as number[]).push(before);
        (measured[AFTER] as number[]).push(after);
      }
    }
    return {
      title: 'Resident memory of a process that opens and closes',
      conditions: 'one after the other',
      unit: 'MiB',
      contenders: [BEFORE, AFTER],
      ratios: [{ of: AFTER, to: BEFORE }],
      rows,
      notes: ['Each run is a separate process, which first warms up with a tenth as many. Each cursor reads 100 rows. Each session fills a table with 10,000 rows.'],
      machine: describeThisProcess(),
    };
  },
};

async function soakOf(condition: keyof typeof SOAKS): Promise<{ readonly before: number; readonly after: number }> {
  const { stdout } = await run(process.execPath, ['--expose-gc', join(__dirname, '..', 'process', 'soak.mjs'), ...SOAKS[condition]]);
  return JSON.parse(stdout);
}
