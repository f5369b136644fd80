import { lambdaBaseImage } from '../../test/bed';
import { CHECKED_FLOOR, FLOOR, OURS, PYTHON, RUN_TIME_INSTALL, SEQUENTIAL } from '../cold-start/contender-names';
import { Containers, sharedArena, type Arena } from '../cold-start/contenders';
import { buildWorkloadImage } from '../cold-start/functions';
import { BOTH, SELECT_1 } from '../cold-start/workloads';
import { startContainer } from '../harness/container';
import { addedBytes, bytesUnder } from '../harness/image-size';
import { interleaved } from '../harness/interleaved';
import { describeMachine } from '../harness/machine';
import { LARGE } from '../harness/memory-sizes';
import type { Benchmark, Row } from '../report/table';
import { BootstrapMode } from 'cdk-duckdb-lambda';

const CONTENDERS = [FLOOR, OURS, CHECKED_FLOOR, SEQUENTIAL, RUN_TIME_INSTALL, PYTHON];
const MIB = 2 ** 20;

export const footprint: Benchmark = {
  name: 'footprint',
  summary: 'the size of images, and the memory of processes that have answered',
  runs: 5,
  measure: async (runs, progress) => {
    const arena = await sharedArena(progress);
    progress('images');
    const images = await imageRows(arena);
    const containers = await Containers.start(arena, LARGE.memoryMb);
    try {
      const rows: Row[] = [];
      for (const workload of [SELECT_1, BOTH]) {
        progress(`memory after ${workload.name}`);
        const contenders = await containers.contenders(workload);
        const measures = Object.fromEntries(CONTENDERS.filter((name) => name in contenders)
          .map((name) => [name, async () => (await contenders[name].cold()).residentMiB!] as const));
        rows.push({ condition: `memory: resident after ${workload.name}`, measured: await interleaved(measures, runs, async () => undefined) });
      }
      return {
        title: 'Sizes',
        conditions: 'what',
        unit: 'MiB',
        contenders: CONTENDERS,
        ratios: [{ of: OURS, to: FLOOR }, { of: PYTHON, to: OURS }],
        rows: [...images, ...rows],
        notes: [
          'Images of a function with the extensions for S3 and PostgreSQL. Packed means that each layer is compressed with gzip, as in a registry.',
          'DuckDB\'s own files are its client\'s packages and the extensions. Python\'s image also contains Python itself, which in Lambda is part of the base image.',
        ],
        machine: await describeMachine(containers.node),
      };
    } finally {
      await containers.stop();
    }
  },
};

async function imageRows({ servers, pythonImage }: Arena): Promise<Row[]> {
  const { reference } = await lambdaBaseImage();
  const { image, environment } = await buildWorkloadImage(BOTH, BootstrapMode.LAZY, servers);
  const ours = await addedBytes(image, reference);
  const python = pythonImage === undefined ? undefined : await addedBytes(pythonImage, reference);
  const row = (condition: string, own: number, pythons?: number): Row => (
    { condition, measured: { [OURS]: [own / MIB], ...pythons !== undefined && { [PYTHON]: [pythons / MIB] } } }
  );
  const container = await startContainer({ image, memoryMb: LARGE.memoryMb, env: environment });
  try {
    const isDuckDbs = (file: string) => file.startsWith('/node_modules/@duckdb/') || file.endsWith('.duckdb_extension');
    const [task, opt] = await Promise.all([container.path('/var/task'), container.path('/opt')]);
    const duckdbs = bytesUnder(task, isDuckDbs) + bytesUnder(opt, isDuckDbs);
    return [
      row('image: files over the base image', ours.files, python?.files),
      row('image: the same, packed', ours.packed, python?.packed),
      row('image: all but the base image and DuckDB\'s own files', ours.files - duckdbs),
    ];
  } finally {
    await container.stop();
  }
}
