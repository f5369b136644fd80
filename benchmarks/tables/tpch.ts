import { linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startS3, type S3Server } from '../../test/bed';
import { startContainer } from '../harness/container';
import type { BuiltFunction } from '../harness/image';
import { describeMachine, type Machine } from '../harness/machine';
import { BUCKET, buildQueryFunction, contenders, OURS, RAW, type Contender, type Failure, type Outcome } from '../harness/query-contest';
import { untilQuiet } from '../harness/quiet-machine';
import type { Benchmark, Row } from '../report/table';
import { differenceTo } from '../tpch/answers';
import { TABLES, tpchData, tpchQueries, type TpchQuery } from '../tpch/data';

const MEMORY_SIZES = [3538, 1769, 1024, 512];

export const tpch = tpchBenchmark({
  name: 'tpch',
  summary: 'the 22 queries of TPC-H over Parquet in S3, at scale factors 0.1 and 1, beside the raw client',
  runs: 1,
  scaleFactors: [0.1, 1],
  memorySizes: MEMORY_SIZES,
});

/** Too large for the memory: most of it spills. */
export const tpchLarge = tpchBenchmark({
  name: 'tpch-large',
  summary: 'the same at scale factor 10',
  runs: 1,
  scaleFactors: [10],
  memorySizes: [3538],
  optional: true,
});

interface TpchBenchmark extends Omit<Benchmark, 'measure'> {
  readonly scaleFactors: readonly number[];
  readonly memorySizes: readonly number[];
}

function tpchBenchmark({ scaleFactors, memorySizes, ...benchmark }: TpchBenchmark): Benchmark {
  return { ...benchmark, measure: (runs, progress) => measure({ scaleFactors, memorySizes, runs, progress }) };
}

interface Measuring {
  readonly scaleFactors: readonly number[];
  readonly memorySizes: readonly number[];
  readonly runs: number;
  readonly progress: (message: string) => void;
}

async function measure({ scaleFactors, memorySizes, runs, progress }: Measuring): ReturnType<Benchmark['measure']> {
  progress('building the image');
  const fn = await buildQueryFunction();
  const s3 = await startS3();
  const rows: Row[] = [];
  const notes: string[] = [];
  let machine: Machine;
  try {
    // Writes all tables before the first query, because the S3 server caches a bucket's listing for minutes.
    for (const scaleFactor of scaleFactors) {
      progress(`scale factor ${scaleFactor}: writing the tables`);
      await serve(s3, scaleFactor);
    }
    for (const scaleFactor of scaleFactors) {
      const queries = await tpchQueries(scaleFactor);
      for (const memoryMb of memorySizes) {
        const condition = `SF ${scaleFactor}, ${(memoryMb / 1769).toFixed(2)} CPU (${memoryMb} MB)`;
        const measured = await atSize(condition, { fn, s3, memoryMb, scaleFactor, queries, runs, progress });
        machine = measured.machine;
        rows.push(measured.row);
        notes.push(measured.note);
      }
    }
  } finally {
    await s3.stop();
  }
  return {
    title: 'The 22 queries of TPC-H over Parquet in S3, one after the other',
    conditions: 'scale factor, CPU',
    unit: 'ms',
    contenders: [OURS, RAW],
    ratios: [{ of: OURS, to: RAW }],
    rows,
    notes: ['Sums over the queries that both answered, each in a separate process, from the query to its rows. The raw client has the same settings.', ...notes],
    machine: machine!,
  };
}

/** Links the tables into the S3 server's directory. */
async function serve(s3: S3Server, scaleFactor: number): Promise<void> {
  const data = await tpchData(scaleFactor);
  const directory = join(s3.dir, BUCKET, `sf${scaleFactor}`);
  mkdirSync(directory, { recursive: true });
  for (const table of TABLES) linkSync(join(data, `${table}.parquet`), join(directory, `${table}.parquet`));
}

interface Size {
  readonly fn: BuiltFunction;
  readonly s3: S3Server;
  readonly memoryMb: number;
  readonly scaleFactor: number;
  readonly queries: readonly TpchQuery[];
  readonly runs: number;
  readonly progress: (message: string) => void;
}

async function atSize(condition: string, { fn, s3, memoryMb, scaleFactor, queries, runs, progress }: Size) {
  const container = await startContainer({ image: fn.image, memoryMb, env: fn.environment, tmpOnDisk: true });
  try {
    const setup = TABLES.map((table) => `CREATE TEMP VIEW ${table} AS FROM 's3://${BUCKET}/sf${scaleFactor}/${table}.parquet'`).join('; ');
    const each = await contenders(container, s3);
    const outcomes: QueryOutcomes[] = [];
    for (const query of queries) {
      progress(`${condition}: query ${query.number}`);
      outcomes.push(await outcomesOf(query, setup, each, runs));
    }
    return { row: sumsOf(condition, outcomes, runs), note: noteOf(condition, outcomes), machine: await describeMachine(container) };
  } finally {
    await container.stop();
  }
}

/** The outcomes of a query for each contender, by round. */
interface QueryOutcomes {
  readonly number: number;
  readonly [OURS]: readonly (Outcome | Failure)[];
  readonly [RAW]: readonly (Outcome | Failure)[];
}

/** Measures in turns. Throws if an answer is wrong, because its time would say nothing. */
async function outcomesOf({ number, sql, answer }: TpchQuery, setup: string, each: Record<typeof OURS | typeof RAW, Contender>, runs: number) {
  const outcomes = { number, [OURS]: [] as (Outcome | Failure)[], [RAW]: [] as (Outcome | Failure)[] };
  const order = number % 2 === 0 ? [OURS, RAW] as const : [RAW, OURS] as const;
  for (let round = 0; round < runs; round++) {
    for (const name of round % 2 === 0 ? order : [...order].reverse()) {
      await untilQuiet(1_000);
      const outcome = await each[name]({ setup, sql, withRows: round === 0 });
      if (round === 0) expectAnswer(outcome, answer, `query ${number} by ${name}`);
      outcomes[name].push(outcome);
    }
  }
  const digests = new Set([...outcomes[OURS], ...outcomes[RAW]].flatMap((outcome) => ('digest' in outcome ? [outcome.digest] : [])));
  if (digests.size > 1) throw new Error(`query ${number} returns different rows with ${OURS} than with the ${RAW}`);
  return outcomes;
}

function expectAnswer(outcome: Outcome | Failure, answer: string | undefined, what: string): void {
  if ('failure' in outcome || answer === undefined) return;
  const difference = differenceTo(answer, outcome.lines!);
  if (difference !== undefined) throw new Error(`${what} does not have the answer that DuckDB records: ${difference}`);
}

/** Sums by round, over the queries that both answered in all rounds. */
export function sumsOf(condition: string, outcomes: readonly QueryOutcomes[], runs: number): Row {
  const answered = outcomes.filter((each) => failuresOf(each).length === 0);
  const sums = (name: typeof OURS | typeof RAW) => Array.from({ length: runs }, (_, round) => (
    answered.reduce((sum, each) => sum + (each[name][round] as Outcome).milliseconds, 0)
  ));
  return { condition, measured: { [OURS]: sums(OURS), [RAW]: sums(RAW) } };
}

function failuresOf(outcomes: QueryOutcomes): string[] {
  return [OURS, RAW].flatMap((name) => {
    const failure = outcomes[name as typeof OURS].find((outcome): outcome is Failure => 'failure' in outcome);
    return failure === undefined ? [] : [`${name}: ${failure.failure}`];
  });
}

/** How many queries were answered, with how much memory, and why others failed. */
export function noteOf(condition: string, outcomes: readonly QueryOutcomes[]): string {
  const ours = outcomes.flatMap((each) => each[OURS].flatMap((outcome) => ('failure' in outcome ? [] : [{ number: each.number, ...outcome }])));
  const most = (of: 'peakMiB' | 'spilledMiB') => ours.reduce((one, other) => (other[of] > one[of] ? other : one), { number: 0, peakMiB: 0, spilledMiB: 0 });
  const [peak, spill] = [most('peakMiB'), most('spilledMiB')];
  const failed = outcomes.map((each) => ({ number: each.number, failures: failuresOf(each) })).filter(({ failures }) => failures.length > 0);
  return [
    `${condition}: ${outcomes.length - failed.length} of ${outcomes.length} answered by both`,
    `this library's peak of resident memory ${Math.round(peak.peakMiB)} MiB (query ${peak.number})`,
    spill.spilledMiB > 0 ? `most spilled ${Math.round(spill.spilledMiB)} MiB (query ${spill.number})` : 'nothing spilled',
    ...failed.map(({ number, failures }) => `query ${number} failed (${failures.join(', ')})`),
  ].join('; ') + '.';
}
