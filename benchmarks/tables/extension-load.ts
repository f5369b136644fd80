import type { BenchContainer } from '../harness/container';
import { buildExtensionFunction, CHECKED, EXTENSIONS, FAST, loadOf } from '../harness/extension-function';
import type { BuiltFunction } from '../harness/image';
import { interleaved } from '../harness/interleaved';
import { atEachSize } from '../harness/memory-sizes';
import type { Benchmark, Row } from '../report/table';

export const extensionLoad: Benchmark = {
  name: 'extension-load',
  summary: 'LOAD of baked extensions in fresh processes, with and without DuckDB\'s signature check',
  runs: 9,
  measure: async (runs, progress) => {
    progress('building the image');
    const fn = await buildExtensionFunction();
    const { rows, machine } = await atEachSize({ image: fn.image, env: fn.environment }, async (container, size) => {
      const measured: Row[] = [];
      for (const extension of EXTENSIONS) {
        progress(`${size}: ${extension}`);
        measured.push({ condition: `${size}: ${extension}`, measured: await bothWays(container, fn, extension, runs) });
      }
      return measured;
    });
    return {
      title: 'LOAD of an extension in a fresh process',
      conditions: 'extension',
      unit: 'ms',
      contenders: [CHECKED, FAST],
      ratios: [{ of: CHECKED, to: FAST }],
      rows,
      notes: ['Without its dependencies, which were loaded before: httpfs for aws, ducklake and iceberg, and avro for iceberg.'],
      machine,
    };
  },
};

async function bothWays(container: BenchContainer, fn: BuiltFunction, extension: string, runs: number) {
  const load = (how: typeof CHECKED | typeof FAST) => async () => (await container.cold(loadOf(extension, fn, how))).answer[extension];
  return interleaved({ [CHECKED]: load(CHECKED), [FAST]: load(FAST) }, runs);
}
