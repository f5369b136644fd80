import { recordColdStart } from './metrics';
import { inLambda } from '../base/lambda-environment';

/** How long each phase of an instance's creation took, in milliseconds. */
export interface CreationTimings {
  readonly open: number;
  readonly load: number;
  readonly lock: number;
  /** The durations of the steps, by name. */
  readonly steps: Readonly<Record<string, number>>;
  /** From the start of the creation to its end. */
  readonly total: number;
}

const REPORTED = Symbol.for('cdk-duckdb-lambda.cold-start-reported.v1');

/**
 * Logs a cold start's structured line, inside Lambda, once the process's first query has been answered.
 *
 * `total` is what DuckDB added to the cold start: creation and first query, without the time between them.
 */
export function reportColdStart(timings: CreationTimings, firstQuery: number): void {
  const process_ = globalThis as { [REPORTED]?: true };
  if (process_[REPORTED]) return;
  process_[REPORTED] = true;
  if (!inLambda(process.env)) return;
  recordColdStart(timings.total + firstQuery);
  const line = JSON.stringify({
    message: 'duckdb cold start',
    open: round(timings.open),
    load: round(timings.load),
    lock: round(timings.lock),
    steps: Object.fromEntries(Object.entries(timings.steps).map(([name, ms]) => [name, round(ms)])),
    firstQuery: round(firstQuery),
    total: round(timings.total + firstQuery),
  });
  // The first line opens standard output. The answer does not wait for it. Lambda freezes the process only when it asks for the next event.
  setImmediate(() => console.log(line));
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
