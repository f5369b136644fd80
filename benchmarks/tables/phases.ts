import { FLOOR, OURS } from '../cold-start/contender-names';
import { Containers, sharedArena } from '../cold-start/contenders';
import { BOTH } from '../cold-start/workloads';
import { program } from '../harness/container';
import { describeMachine } from '../harness/machine';
import { LARGE } from '../harness/memory-sizes';
import { untilQuiet } from '../harness/quiet-machine';
import type { Benchmark, Row } from '../report/table';

export const phases: Benchmark = {
  name: 'phases',
  summary: 'the phases of a cold start',
  runs: 11,
  measure: async (runs, progress) => {
    const arena = await sharedArena(progress);
    const containers = await Containers.start(arena, LARGE.memoryMb);
    try {
      const programs = await containers.programs(BOTH);
      const series: Record<string, Record<string, number[]>> = {};
      progress(LARGE.size);
      for (let round = 0; round <= runs; round++) {
        for (const name of [FLOOR, OURS]) {
          const [container, { module, env }] = programs[name];
          await untilQuiet();
          const { answer } = await container.cold({ module: program('phases'), env: { ...env, PROGRAM: module } });
          if (round > 0) for (const [phase, milliseconds] of Object.entries<number>(answer)) ((series[phase] ??= {})[name] ??= []).push(milliseconds);
        }
      }
      const rows = Object.entries(series).map(([condition, measured]): Row => ({ condition, measured }));
      return {
        title: 'Phases of a cold start, for S3 and PostgreSQL joined',
        conditions: LARGE.size,
        unit: 'ms',
        contenders: [FLOOR, OURS],
        ratios: [],
        rows,
        notes: ['The phases of one contender overlap: DuckDB opens on its own thread, and steps run at the same time. Steps begin while the module is evaluated.'],
        machine: await describeMachine(containers.node),
      };
    } finally {
      await containers.stop();
    }
  },
};
