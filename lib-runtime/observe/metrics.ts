import { SpillWatch } from './spill-watch';
import type { QueryTrace } from './traces';
import { CHANNELS } from './tracing';
import { currentInvocation, type Invocation } from '../base/invocation';

const NAMESPACE = 'DuckDbLambda';

/** The metrics for CloudWatch, each with its unit. */
const UNITS = {
  ColdStartDuration: 'Milliseconds',
  BootstrapDuration: 'Milliseconds',
  QueryDuration: 'Milliseconds',
  Rows: 'Count',
  SpillBytes: 'Bytes',
  MemoryBytes: 'Bytes',
} as const;

type Metric = keyof typeof UNITS;
type Values = Partial<Record<Metric, number>>;

/** The values of one set of dimensions. Those of a bootstrap step have the step's name. */
interface Entry {
  readonly step?: string;
  readonly values: Values;
}

/** CloudWatch accepts at most this number of values of a metric in one document. */
const MAX_VALUES = 100;

const METRICS = Symbol.for('cdk-duckdb-lambda.metrics.v1');
/** The values to print at the end of each running invocation. */
const state = globalThis as { [METRICS]?: WeakMap<Invocation, Entry[]> };

/**
 * Starts to print metrics to the function's log. CloudWatch extracts them from there, without a request or a permission
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 *
 * Prints at the end of each invocation under `withDuckDB`. Elsewhere it prints at each event, because Lambda may freeze the process before the next.
 */
export function startMetrics(): void {
  if (state[METRICS]) return;
  state[METRICS] = new WeakMap();
  CHANNELS.bootstrap.asyncEnd.subscribe((message) => {
    const { step, milliseconds } = message as { step: string; milliseconds: number };
    record({ step, values: { BootstrapDuration: milliseconds } });
  });
  const watches = new WeakMap<object, SpillWatch>();
  CHANNELS.query.start.subscribe((message) => {
    const trace = message as QueryTrace;
    watches.set(trace, new SpillWatch(trace.tempDirectory));
  });
  CHANNELS.query.asyncEnd.subscribe((message) => {
    const trace = message as QueryTrace & { milliseconds: number };
    trace.spillBytes = watches.get(trace)?.end();
    const { milliseconds, rows, spillBytes } = trace;
    record({
      values: { QueryDuration: milliseconds, ...(rows !== undefined && { Rows: rows }), ...(spillBytes !== undefined && { SpillBytes: spillBytes }) },
    });
  });
}

/** Whether metrics are printed in this process. */
export function metricsAreOn(): boolean {
  return state[METRICS] !== undefined;
}

/** Records the duration of the cold start. */
export function recordColdStart(milliseconds: number): void {
  if (metricsAreOn()) record({ values: { ColdStartDuration: milliseconds } });
}

/** Prints the values of an invocation. */
export function flushMetrics(invocation: Invocation): void {
  const entries = state[METRICS]?.get(invocation);
  state[METRICS]?.delete(invocation);
  if (entries) print(entries);
}

function record(entry: Entry): void {
  const invocation = currentInvocation();
  if (invocation === undefined) {
    print([entry]);
    return;
  }
  const entries = state[METRICS]!.get(invocation);
  if (entries) entries.push(entry);
  else state[METRICS]!.set(invocation, [entry]);
}

function print(entries: readonly Entry[]): void {
  const ofFunction = entries.filter(({ step }) => step === undefined);
  for (const text of documents({}, [...ofFunction, { values: { MemoryBytes: process.memoryUsage.rss() } }])) write(text);
  for (const step of new Set(entries.flatMap((entry) => entry.step ?? []))) {
    for (const text of documents({ Step: step }, entries.filter((entry) => entry.step === step))) write(text);
  }
}

/** Does not use `console.log`: Lambda puts time and request id before its output, and CloudWatch accepts only pure JSON. */
function write(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Counts for the function, and also for the dimensions in `more`. */
function documents(more: Readonly<Record<string, string>>, entries: readonly Entry[]): string[] {
  const dimensions = { FunctionName: process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'unknown', ...more };
  const texts: string[] = [];
  for (let from = 0; from < entries.length; from += MAX_VALUES) texts.push(documentOf(dimensions, entries.slice(from, from + MAX_VALUES)));
  return texts;
}

function documentOf(dimensions: Readonly<Record<string, string>>, entries: readonly Entry[]): string {
  const values: Partial<Record<Metric, number[]>> = {};
  for (const entry of entries) {
    for (const [name, value] of Object.entries(entry.values)) (values[name as Metric] ??= []).push(value);
  }
  const names = Object.keys(values) as Metric[];
  const metrics = names.map((name) => ({ Name: name, Unit: UNITS[name] }));
  return JSON.stringify({
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: dimensionSets(Object.keys(dimensions)), Metrics: metrics }],
    },
    ...dimensions,
    ...values,
  });
}

/** Each prefix of the list: by function, and by function and step. */
function dimensionSets(names: readonly string[]): string[][] {
  return names.map((_, index) => names.slice(0, index + 1));
}
