import { DEFAULTS, FLOOR, OURS, SIXTEEN, startContender, type ContenderName, type Failure, type FloorStatement } from './contenders';
import { floorPlan, type FileLayout } from './floor-plan';
import type { Workload } from './queries';
import type { FarS3Server } from '../../test/bed';
import { cpuQuota, type CpuQuota } from '../harness/cpu-quota';
import { interleaved } from '../harness/interleaved';
import type { Row } from '../report/table';

/** What is found beside the time. */
export const FIGURES = ['requests', 'connections', 'at once', 'CPU ms'] as const;
/** Where CPU and memory shall decide nothing. */
const PLENTY_MB = 3008;
/** In the order in which they come. */
const STATES = ['cold', 'repeat', 'after prefetch'] as const;

type State = (typeof STATES)[number];

/** What one measurement found. */
interface Observation extends Readonly<Record<(typeof FIGURES)[number], number>> {
  readonly milliseconds: number;
}

type Observations = Partial<Record<State, Observation | Failure>>;

/** By state, what the floor runs in place of each statement. */
export type FloorStatements = Partial<Record<State, readonly FloorStatement[]>>;

export interface ContestOptions {
  readonly s3: FarS3Server;
  /** Where contenders may write. */
  readonly directory: string;
  readonly layouts: ReadonlyMap<string, FileLayout>;
  readonly runs: number;
  readonly progress: (message: string) => void;
}

/** Measures workloads, and keeps what it found. */
export class Contest {
  readonly rows: Row[] = [];
  readonly failures: string[] = [];
  /** The digest of a workload's rows, by whoever ran it first. */
  private readonly digests = new Map<Workload, string>();

  constructor(private readonly options: ContestOptions) {}

  /** With a floor where there is one. */
  async measure(condition: string, workload: Workload, memoryMb: number, floor?: FloorStatements): Promise<void> {
    this.options.progress(condition);
    const quota = cpuQuota(memoryMb / 1769);
    const names: readonly ContenderName[] = [OURS, DEFAULTS, SIXTEEN, ...floor ? [FLOOR] as const : []];
    try {
      const measures = Object.fromEntries(names.map((name) => [name, () => this.observe(name, workload, memoryMb, quota, floor)]));
      const observed = await interleaved(measures, this.options.runs);
      for (const state of STATES) this.keep(`${condition}, ${state}`, observed, state);
    } finally {
      quota.remove();
    }
  }

  /** What DuckDB by hand asks for, reduced to what nobody can do without. */
  async floorStatements(workload: Workload): Promise<FloorStatements> {
    const floor: FloorStatements = {};
    const record = async (run: Run, knowsFooters: boolean) => {
      const recorded: FloorStatement[] = [];
      for (const statement of workload.statements) {
        const ran = await run([statement]);
        if ('failure' in ran) throw new Error(`the floor of ${workload.what} cannot be recorded: ${ran.failure}`);
        recorded.push({ ...floorPlan((await this.options.s3.traffic()).requests, this.options.layouts), knowsFooters });
      }
      return recorded;
    };
    await this.withContender(DEFAULTS, PLENTY_MB, undefined, async (run) => {
      floor.cold = await record(run, false);
      floor.repeat = await record(run, true);
    });
    if (workload.prefetch === undefined) return floor;
    await this.withContender(DEFAULTS, PLENTY_MB, undefined, async (run) => {
      await run([prefetchOf(workload)]);
      floor['after prefetch'] = await record(run, true);
    });
    return floor;
  }

  /** One contender's times in all states. */
  private async observe(name: ContenderName, workload: Workload, memoryMb: number, quota: CpuQuota, floor?: FloorStatements): Promise<Observations> {
    const statements = (state: State) => (name === FLOOR ? floor![state]! : workload.statements);
    const observations: Observations = {};
    await this.withContender(name, memoryMb, quota, async (run) => {
      observations.cold = await run(statements('cold'), name === FLOOR ? undefined : workload);
      observations.repeat = await run(statements('repeat'));
    });
    if (workload.prefetch === undefined) return observations;
    await this.withContender(name, memoryMb, quota, async (run) => {
      if (name !== FLOOR) await run([prefetchOf(workload)]);
      else await run(floor!.cold!.map((statement) => ({ ...statement, files: statement.files.map((file) => ({ ...file, chunks: [] })) })));
      observations['after prefetch'] = await run(statements('after prefetch'));
    });
    return observations;
  }

  private async withContender(name: ContenderName, memoryMb: number, quota: CpuQuota | undefined, task: (run: Run) => Promise<void>): Promise<void> {
    const { s3, directory } = this.options;
    const contender = await startContender(name, { s3, memoryMb, quota, directory });
    try {
      await task(async (statements, workload) => {
        await s3.reset();
        const answer = await contender.run(statements);
        if ('failure' in answer) return answer;
        if (workload) this.expectSame(workload, answer.digest, name);
        const { requests, connections, mostAtOnce } = await s3.traffic();
        return { 'milliseconds': answer.milliseconds, 'requests': requests.length, connections, 'at once': mostAtOnce, 'CPU ms': answer.cpuMilliseconds };
      });
    } finally {
      await contender.stop();
    }
  }

  /** Whoever failed once has no figures. */
  private keep(condition: string, observed: Readonly<Record<string, readonly Observations[]>>, state: State): void {
    const row = { condition, measured: {} as Record<string, number[]>, needed: {} as Record<string, Record<string, number[]>> };
    for (const [name, observations] of Object.entries(observed)) {
      const ofState = observations.flatMap((each) => each[state] ?? []);
      const failed = ofState.find((each): each is Failure => 'failure' in each);
      if (failed) this.failures.push(`${condition}: ${name} failed: ${failed.failure}.`);
      if (failed || ofState.length === 0) continue;
      const complete = ofState as Observation[];
      row.measured[name] = complete.map(({ milliseconds }) => milliseconds);
      row.needed[name] = Object.fromEntries(FIGURES.map((figure) => [figure, complete.map((each) => each[figure])]));
    }
    if (Object.keys(row.measured).length > 0) this.rows.push(row);
  }

  /** Those who do not give the same rows do not do the same work. */
  private expectSame(workload: Workload, digest: string, name: ContenderName): void {
    const expected = this.digests.get(workload);
    this.digests.set(workload, digest);
    if (expected !== undefined && expected !== digest) throw new Error(`${workload.what} gives other rows by ${name} than before`);
  }
}

/** Runs statements one after the other. With a workload, its rows are compared. */
type Run = (statements: readonly (string | FloorStatement)[], workload?: Workload) => Promise<Observation | Failure>;

function prefetchOf({ prefetch }: Workload): string {
  return `SELECT count(*) AS files FROM parquet_file_metadata(${prefetch})`;
}
