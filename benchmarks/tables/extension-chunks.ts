import { startContainer } from '../harness/container';
import { buildExtensionFunction, CHECKED, EXTENSIONS, FAST, loadOf } from '../harness/extension-function';
import { interleaved } from '../harness/interleaved';
import { describeMachine } from '../harness/machine';
import { dropPageCache, whyNoColdCache } from '../harness/page-cache';
import { dockerReadAheadSetting, withoutReadAhead } from '../harness/read-ahead';
import { touchedChunks } from '../harness/touched-chunks';
import type { Benchmark, Row } from '../report/table';

export const extensionChunks: Benchmark = {
  name: 'extension-chunks',
  summary: '512-KiB chunks of the extension files that LOAD touches from a cold page cache',
  runs: 3,
  measure: async (runs, progress) => {
    const impossible = whyNoColdCache();
    if (impossible) throw new Error(`extension-chunks cannot be measured here: ${impossible}`);
    progress('building the image');
    const fn = await buildExtensionFunction();
    const container = await startContainer({ image: fn.image, memoryMb: 3538, env: fn.environment });
    try {
      const { duckdb } = await container.versions();
      const directory = `/opt/duckdb_extensions/v${duckdb}/linux_${process.arch === 'x64' ? 'amd64' : process.arch}`;
      const rows: Row[] = [];
      await withoutReadAhead(await dockerReadAheadSetting(), async () => {
        for (const extension of EXTENSIONS) {
          progress(extension);
          const file = await container.path(`${directory}/${extension}.duckdb_extension`);
          const touched = (how: typeof CHECKED | typeof FAST) => async () => {
            await dropPageCache();
            await container.cold(loadOf(extension, fn, how));
            return touchedChunks(file);
          };
          rows.push({ condition: extension, measured: await interleaved({ [CHECKED]: touched(CHECKED), [FAST]: touched(FAST) }, runs) });
        }
      });
      return {
        title: '512-KiB chunks of the extension\'s file that LOAD touches',
        conditions: 'extension',
        unit: 'chunks',
        contenders: [CHECKED, FAST],
        ratios: [{ of: FAST, to: CHECKED }],
        rows,
        notes: ['From a cold page cache, with the disk\'s read-ahead at 0: read-ahead would load chunks that were not requested.'],
        machine: await describeMachine(container),
      };
    } finally {
      await container.stop();
    }
  },
};
