import { CHECKED_FLOOR, DISTANT, FLOOR, OURS, OURS_LAZY, PYTHON, RUN_TIME_INSTALL, SEQUENTIAL } from '../cold-start/contender-names';
import { Containers, sharedArena, type Contender } from '../cold-start/contenders';
import { whyNoPython } from '../cold-start/python-image';
import { BOOTSTRAP_ONLY, BOTH, LAKE_SCAN, LOOKUP, S3_COUNT, SELECT_1, type Workload } from '../cold-start/workloads';
import { interleaved } from '../harness/interleaved';
import { describeMachine, type Machine } from '../harness/machine';
import { LARGE, SMALL } from '../harness/memory-sizes';
import { dropPageCache, whyNoColdCache } from '../harness/page-cache';
import type { Benchmark, Row, Table } from '../report/table';

/** How often a distant contender takes part. */
const SELDOM = 3;
const EVERY = Object.fromEntries(DISTANT.map((name) => [name, SELDOM]));

type State = 'cold start' | 'cold start, cold page cache' | 'warm call';

/** The measurements in a container of one size. */
interface Plan {
  readonly size: string;
  readonly memoryMb: number;
  readonly states: readonly State[];
}

const IN_FULL: readonly Plan[] = [
  { ...LARGE, states: ['cold start', 'cold start, cold page cache', 'warm call'] },
  { ...SMALL, states: ['cold start'] },
];
const OTHER_SIZES: readonly Plan[] = [
  { size: '1 CPU (1769 MB)', memoryMb: 1769, states: ['cold start'] },
  { size: '0.29 CPU (512 MB)', memoryMb: 512, states: ['cold start'] },
];

/** Each workload with all of its contenders. */
export const coldStarts: readonly Benchmark[] = [
  benchmark('select-1', SELECT_1, 'SELECT 1', IN_FULL),
  benchmark('s3-count', S3_COUNT, 'Rows of a Parquet file in S3', IN_FULL),
  benchmark('postgres-lookup', LOOKUP, 'A row of a PostgreSQL database, with the password from SSM', IN_FULL),
  benchmark('both', BOTH, 'S3 and PostgreSQL joined', [...IN_FULL, ...OTHER_SIZES]),
  benchmark('ducklake-scan', LAKE_SCAN, 'A scan of a DuckLake in S3', IN_FULL),
  benchmark('default-bootstrap', BOOTSTRAP_ONLY, 'SELECT 1 where S3 and PostgreSQL are set up', [{ ...LARGE, states: ['cold start'] }, { ...SMALL, states: ['cold start'] }]),
];

function benchmark(name: string, workload: Workload, title: string, plans: readonly Plan[]): Benchmark {
  return { name, summary: `cold starts: ${title}`, runs: 15, measure: (runs, progress) => measure(workload, title, plans, runs, progress) };
}

async function measure(workload: Workload, title: string, plans: readonly Plan[], runs: number, progress: (message: string) => void): Promise<Table> {
  const arena = await sharedArena(progress);
  const rows: Row[] = [];
  let machine: Machine;
  for (const { size, memoryMb, states } of plans) {
    const containers = await Containers.start(arena, memoryMb);
    try {
      machine = await describeMachine(containers.node);
      const contenders = await containers.contenders(workload);
      for (const state of states.filter(isPossible)) {
        progress(`${size}, ${state}`);
        rows.push({ condition: `${size}, ${state}`, measured: await inTurns(contenders, state, runs, arena.servers.lakeFiles) });
      }
    } finally {
      await containers.stop();
    }
  }
  return {
    title,
    conditions: 'CPU, state',
    unit: 'ms',
    contenders: ORDER.filter((name) => rows.some(({ measured }) => name in measured)),
    ratios: RATIOS.filter(({ of, to }) => rows.some(({ measured }) => of in measured && to in measured)),
    rows,
    notes: await notes(),
    machine: machine!,
  };
}

const ORDER = [FLOOR, OURS, OURS_LAZY, CHECKED_FLOOR, SEQUENTIAL, RUN_TIME_INSTALL, PYTHON];
const RATIOS = [{ of: OURS, to: FLOOR }, ...[SEQUENTIAL, RUN_TIME_INSTALL, PYTHON].map((of) => ({ of, to: OURS }))];

function inTurns(contenders: Readonly<Record<string, Contender>>, state: State, runs: number, lakeFiles: readonly string[]) {
  const once: Record<State, (contender: Contender) => Promise<number>> = {
    'cold start': async (contender) => (await contender.cold()).milliseconds,
    'cold start, cold page cache': async (contender) => {
      await dropPageCache(lakeFiles);
      return (await contender.cold()).milliseconds;
    },
    'warm call': async (contender) => (await contender.warm()).milliseconds,
  };
  const measures = Object.fromEntries(Object.entries(contenders).map(([name, contender]) => [name, () => once[state](contender)]));
  // Reading from disk takes long, and the differences are large.
  const rounds = state === 'cold start, cold page cache' ? Math.ceil(runs / SELDOM) : runs;
  return interleaved(measures, rounds, undefined, rounds >= SELDOM ? EVERY : {});
}

function isPossible(state: State): boolean {
  return state !== 'cold start, cold page cache' || whyNoColdCache() === undefined;
}

async function notes(): Promise<readonly string[]> {
  const [noColdCache, noPython] = [whyNoColdCache(), await whyNoPython()];
  return [
    ...noColdCache ? [`No cold page cache: ${noColdCache}.`] : [],
    ...noPython ? [`No Python: ${noPython}.`] : [],
  ];
}
