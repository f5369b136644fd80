import { median, ratioOfMedians } from './statistics';
import type { Row, Table } from './table';
import { FLOOR, CHECKED_FLOOR, OURS, PYTHON, RUN_TIME_INSTALL, SEQUENTIAL } from '../cold-start/contender-names';

/** The target of a figure. */
export interface Target {
  readonly figure: string;
  /** The benchmark that measures it. */
  readonly benchmark: string;
  /** The rows that the target applies to, by their condition. */
  readonly rows: RegExp;
  /** One contender's figure: divided by another's, less another's, or alone. */
  readonly of: string;
  readonly to?: string;
  readonly less?: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** A target, and how close the measurements come. */
export interface Outcome {
  readonly figure: string;
  readonly condition: string;
  readonly target: string;
  readonly measured: number;
  /** The same ratio with the floor in this library's place, if the floor was measured. It is the limit on that machine. */
  readonly byFloor?: number;
  readonly met: boolean;
}

const COLD = /cold start$/;
const WORKLOADS = { 'select-1': 'SELECT 1', 's3-count': 'S3 count', 'postgres-lookup': 'Postgres lookup', 'both': 'both' };

const faster = (peer: string, benchmark: keyof typeof WORKLOADS, atLeast: number): Target => (
  { figure: `cold start, ${peer} ÷ ours: ${WORKLOADS[benchmark]}`, benchmark, rows: COLD, of: peer, to: OURS, atLeast }
);

/** The targets of this project. */
export const TARGETS: readonly Target[] = [
  ...Object.entries(WORKLOADS).map(([benchmark, name]): Target => (
    { figure: `cold start, ours ÷ floor: ${name}`, benchmark, rows: COLD, of: OURS, to: FLOOR, atMost: 1.05 }
  )),
  faster(PYTHON, 's3-count', 4.5),
  faster(PYTHON, 'both', 4.5),
  faster(PYTHON, 'postgres-lookup', 3.4),
  { figure: `${PYTHON}'s default bootstrap and SELECT 1 ÷ ours`, benchmark: 'default-bootstrap', rows: COLD, of: PYTHON, to: OURS, atLeast: 8 },
  faster(SEQUENTIAL, 'both', 2.8),
  faster(RUN_TIME_INSTALL, 'both', 4),
  { figure: 'chunks touched, ours ÷ floor: both', benchmark: 'touched-chunks', rows: /^both$/, of: OURS, to: FLOOR, atMost: 1.05 },
  { figure: 'chunks touched, ours ÷ floor with signature checks: both', benchmark: 'touched-chunks', rows: /^both$/, of: OURS, to: CHECKED_FLOOR, atMost: 0.8 },
  { figure: 'warm cursor and SELECT 1, ours ÷ raw client', benchmark: 'warm-path', rows: /^a cursor/, of: 'this package', to: 'raw client', atMost: 1.15 },
  { figure: 'session, ours ÷ raw instance with LOAD', benchmark: 'warm-path', rows: /^a session/, of: 'this package', to: 'raw client', atMost: 1.1 },
  { figure: 'query function ÷ hand-written handler, cold', benchmark: 'query-function', rows: /cold start$/, of: 'query function', to: 'hand-written handler', atMost: 1.05 },
  { figure: 'query function ÷ hand-written handler, warm', benchmark: 'query-function', rows: /warm call$/, of: 'query function', to: 'hand-written handler', atMost: 1.1 },
  { figure: 'ms more over HTTP, cold', benchmark: 'query-function', rows: /cold start$/, of: 'query function, over HTTP', less: 'query function', atMost: 10 },
  { figure: 'TPC-H, sum of the 22 queries, ours ÷ raw client', benchmark: 'tpch', rows: /^SF 1, /, of: OURS, to: 'raw client', atMost: 1.02 },
  { figure: 'image, MiB over the base image and DuckDB\'s own files', benchmark: 'footprint', rows: /own files$/, of: OURS, atMost: 3 },
];

/** The outcomes of the targets, from the tables by benchmark. Targets without measurements are left out. */
export function outcomes(tables: Readonly<Record<string, Table>>, targets: readonly Target[] = TARGETS): readonly Outcome[] {
  return targets.flatMap((target) => (tables[target.benchmark]?.rows ?? [])
    .filter(({ condition }) => target.rows.test(condition))
    .filter(({ measured }) => [target.of, target.to, target.less].every((name) => name === undefined || measured[name]))
    .map(({ condition, measured }): Outcome => {
      const { of, to } = target;
      const value = valueOf(target, measured);
      return {
        figure: target.figure,
        condition,
        target: target.atMost === undefined ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`,
        measured: value,
        ...to !== undefined && to !== FLOOR && measured[FLOOR] && { byFloor: ratioOfMedians(measured[floorFor(of)], measured[floorFor(to)]) },
        met: target.atMost === undefined ? value >= target.atLeast! : value <= target.atMost,
      };
    }));
}

function valueOf({ of, to, less }: Target, measured: Row['measured']): number {
  if (to !== undefined) return ratioOfMedians(measured[of], measured[to]);
  return median(measured[of]) - (less === undefined ? 0 : median(measured[less]));
}

function floorFor(contender: string): string {
  return contender === OURS ? FLOOR : contender;
}

/** The outcomes as a table: met, or by how much missed. */
export function renderOutcomes(found: readonly Outcome[]): string {
  const rows = found.map(({ figure, condition, target, measured, byFloor, met }) => (
    `| ${figure} | ${condition} | ${target} | ${measured.toFixed(2)} | ${byFloor?.toFixed(2) ?? '–'} | ${met ? 'met' : `missed by ${missedBy(target, measured)} %`} |`
  ));
  return ['| figure | where | target | measured | by the floor | |', '| --- | --- | ---: | ---: | ---: | --- |', ...rows].join('\n') + '\n';
}

function missedBy(target: string, measured: number): number {
  const limit = Number(target.slice(2));
  return Math.ceil(100 * Math.abs(measured - limit) / limit);
}
