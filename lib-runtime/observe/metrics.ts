import { SpillWatch } from './spill-watch';
import type { QueryTrace } from './traces';
import { CHANNELS } from './tracing';
import type { DuckDbError } from '../base/errors';
import { currentInvocation, type Invocation } from '../base/invocation';

const NAMESPACE = 'DuckDbLambda';

/** The metrics for CloudWatch, each with its unit. */
const UNITS = {
  ColdStartDuration: 'Milliseconds',
  BootstrapDuration: 'Milliseconds',
  QueryDuration: 'Milliseconds',
  AnswerDuration: 'Milliseconds',
  DuckDbErrors: 'Count',
  Rows: 'Count',
  SpillBytes: 'Bytes',
  MemoryBytes: 'Bytes',
} as const;

type Metric = keyof typeof UNITS;
type Values = Partial<Record<Metric, number>>;

/** The dimensions that some values have beside the function's name. */
type Dimensions = Readonly<Partial<Record<'Step' | 'Query' | 'Code', string>>>;

/** The values of one set of dimensions. */
interface Entry {
  readonly more?: Dimensions;
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
    record({ more: { Step: step }, values: { BootstrapDuration: milliseconds } });
  });
  const watches = new WeakMap<object, SpillWatch>();
  CHANNELS.query.start.subscribe((message) => {
    const trace = message as QueryTrace;
    watches.set(trace, new SpillWatch(trace.tempDirectory));
  });
  CHANNELS.query.asyncEnd.subscribe((message) => {
    const trace = message as QueryTrace & { milliseconds: number };
    trace.spillBytes = watches.get(trace)?.end();
    const { milliseconds, rows, spillBytes, error } = trace;
    if (error !== undefined) recordError(error);
    record({
      values: { QueryDuration: milliseconds, ...(rows !== undefined && { Rows: rows }), ...(spillBytes !== undefined && { SpillBytes: spillBytes }) },
    });
  });
}

/** Whether metrics are printed in this process. */
export function metricsAreOn(): boolean {
  return state[METRICS] !== undefined;
}

function recordError(error: unknown): void {
  record({ more: { Code: (error as DuckDbError).code ?? 'UNKNOWN' }, values: { DuckDbErrors: 1 } });
}

/**
 * Records how long the answer to an event of a query function took, and its error. `query` is undefined if the event names none that exists.
 *
 * An event counts as one error or none, whatever errors the attempts at its query had.
 */
export function recordAnswer(query: string | undefined, milliseconds: number, error?: unknown): void {
  const invocation = currentInvocation();
  if (!metricsAreOn() || invocation === undefined) return;
  const entries = state[METRICS]!.get(invocation) ?? [];
  state[METRICS]!.set(invocation, entries.filter(({ more }) => more?.Code === undefined));
  if (error !== undefined) recordError(error);
  if (query !== undefined) record({ more: { Query: query }, values: { AnswerDuration: milliseconds } });
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
  const ofFunction = entries.filter(({ more }) => more === undefined);
  for (const text of documents({}, [...ofFunction, { values: { MemoryBytes: process.memoryUsage.rss() } }])) write(text);
  const keyOf = ({ more }: Entry) => more && JSON.stringify(more);
  for (const key of new Set(entries.flatMap((entry) => keyOf(entry) ?? []))) {
    for (const text of documents(JSON.parse(key), entries.filter((entry) => keyOf(entry) === key))) write(text);
  }
}

/** Does not use `console.log`: Lambda puts time and request id before its output, and CloudWatch accepts only pure JSON. */
function write(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Counts for the function, and also for the dimensions in `more`. */
function documents(more: Dimensions, entries: readonly Entry[]): string[] {
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
