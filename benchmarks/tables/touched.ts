import { CHECKED_FLOOR, FLOOR, OURS, PYTHON } from '../cold-start/contender-names';
import { Containers, sharedArena } from '../cold-start/contenders';
import { BOTH, S3_COUNT, SELECT_1 } from '../cold-start/workloads';
import { interleaved } from '../harness/interleaved';
import { describeMachine } from '../harness/machine';
import { LARGE } from '../harness/memory-sizes';
import { dropPageCache, whyNoColdCache } from '../harness/page-cache';
import { dockerReadAheadSetting, withoutReadAhead } from '../harness/read-ahead';
import { touchedChunks } from '../harness/touched-chunks';
import type { Benchmark, Row } from '../report/table';

const CONTENDERS = [FLOOR, OURS, CHECKED_FLOOR, PYTHON];

export const touched: Benchmark = {
  name: 'touched-chunks',
  summary: '512-KiB chunks of the image that a cold start touches',
  runs: 3,
  measure: async (runs, progress) => {
    const impossible = whyNoColdCache();
    if (impossible) throw new Error(`touched-chunks cannot be measured here: ${impossible}`);
    const arena = await sharedArena(progress);
    const containers = await Containers.start(arena, LARGE.memoryMb);
    try {
      const rows: Row[] = [];
      await withoutReadAhead(await dockerReadAheadSetting(), async () => {
        for (const workload of [SELECT_1, S3_COUNT, BOTH]) {
          progress(workload.name);
          const programs = await containers.programs(workload);
          const measures = Object.fromEntries(CONTENDERS.filter((name) => name in programs).map((name) => {
            const [container, run] = programs[name];
            return [name, async () => {
              // Without the language runtime: the measuring process itself holds it in memory.
              const paths = await Promise.all(['/opt', '/var/task'].map((path) => container.path(path)));
              await dropPageCache();
              await container.cold(run);
              return touchedChunks(...paths);
            }] as const;
          }));
          rows.push({ condition: workload.name, measured: await interleaved(measures, runs, async () => undefined) });
        }
      });
      return {
        title: '512-KiB chunks of the image that a cold start touches',
        conditions: 'query',
        unit: 'chunks',
        contenders: CONTENDERS.filter((name) => rows.some(({ measured }) => name in measured)),
        ratios: [{ of: OURS, to: FLOOR }, { of: OURS, to: CHECKED_FLOOR }, { of: PYTHON, to: OURS }],
        rows,
        notes: ['Chunks of DuckDB, extensions, packages and code, without the language runtime, as if the files were one after the other, with the disk\'s read-ahead at 0.'],
        machine: await describeMachine(containers.node),
      };
    } finally {
      await containers.stop();
    }
  },
};
