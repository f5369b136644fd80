/**
 * How long a map takes, what it costs and what limits it, from the measured time of one worker.
 *
 * It is arithmetic, not a measurement. Limits and prices are inputs: those below are AWS's published ones for us-east-1, and an account may have others.
 */

/** What was measured, or is assumed, of one worker and of the reducer. */
export interface Work {
  /** Of a worker in a warm environment. */
  readonly workerSeconds: number;
  /** Of a new environment, in addition. */
  readonly coldStartSeconds: number;
  readonly memoryMegabytes: number;
  /** A worker's requests for its input. */
  readonly gets: number;
  /** The prefixes, such as one for each day, over which the input of all workers is spread. */
  readonly prefixes: number;
  /** A worker's requests that write its result. All results lie below one prefix. */
  readonly puts: number;
  /** Of the reducer, for the manifest and the file of each worker. */
  readonly reduceSecondsPerWorker: number;
  /** Of the reducer, whatever the number of workers. */
  readonly reduceSeconds: number;
  /** Bytes of a worker's answer, which names its manifest and its file. */
  readonly answerBytes: number;
  /** Events in the history of a child execution. */
  readonly eventsPerWorker: number;
  /** Counted transitions of a child execution: of each state that it enters, and its end. */
  readonly transitionsPerWorker: number;
}

export interface Limits {
  readonly maxConcurrency: number;
  /** New environments of a function: so many at once, and as many again in each period. */
  readonly newEnvironments: number;
  readonly newEnvironmentsPeriodSeconds: number;
  readonly functionSeconds: number;
  readonly getsPerSecondAndPrefix: number;
  readonly putsPerSecondAndPrefix: number;
  readonly transitionsPerSecond: number;
  readonly payloadBytes: number;
  readonly historyEvents: number;
}

/** In US dollars. */
export interface Prices {
  readonly gigabyteSecond: number;
  readonly invocation: number;
  readonly transition: number;
  readonly get: number;
  readonly put: number;
}

export interface Estimate {
  readonly workers: number;
  /** One process that does the work of all workers, one after the other, and needs no reducer. */
  readonly oneProcessSeconds: number;
  readonly mapSeconds: number;
  readonly reduceSeconds: number;
  readonly seconds: number;
  readonly dollars: number;
  /** What would have to change for the map to be faster. */
  readonly binds: string;
  /** What a map without manifests would meet: answers in the payload, or workers in the history of the machine. */
  readonly withoutManifests: string;
}

/** AWS's documentation: lambda/latest/dg/scaling-behavior.html, AmazonS3/latest/userguide/optimizing-performance.html, step-functions/latest/dg/service-quotas.html. */
export const LIMITS: Limits = {
  maxConcurrency: 1_000,
  newEnvironments: 1_000,
  newEnvironmentsPeriodSeconds: 10,
  functionSeconds: 900,
  getsPerSecondAndPrefix: 5_500,
  putsPerSecondAndPrefix: 3_500,
  transitionsPerSecond: 5_000,
  payloadBytes: 256 * 1024,
  historyEvents: 25_000,
};

/** aws.amazon.com/lambda/pricing (arm64), /step-functions/pricing, /s3/pricing, us-east-1, without free tiers, as they were in 2025. */
export const PRICES: Prices = { gigabyteSecond: 0.0000133334, invocation: 0.0000002, transition: 0.000025, get: 0.0000004, put: 0.000005 };

/** The time, the cost and the limit of a map with one item for each worker. */
export function estimate(workers: number, work: Work, limits: Limits = LIMITS, prices: Prices = PRICES): Estimate {
  const bounds = mapBounds(workers, work, limits);
  const [binds, mapSeconds] = Object.entries(bounds).reduce((most, bound) => (bound[1] > most[1] ? bound : most));
  const reduceSeconds = work.reduceSeconds + workers * work.reduceSecondsPerWorker;
  return {
    workers,
    oneProcessSeconds: workers * work.workerSeconds,
    mapSeconds,
    reduceSeconds,
    seconds: mapSeconds + reduceSeconds,
    dollars: cost(workers, mapSeconds, reduceSeconds, work, limits, prices),
    binds: tooLong(work, reduceSeconds, limits) ?? (reduceSeconds > mapSeconds ? 'the reducer, which reads a file for each worker' : binds),
    withoutManifests: withoutManifests(workers, work, limits),
  };
}

/** The least time of the map, by each thing that may limit it. Of equal ones, the first counts. */
export function mapBounds(workers: number, work: Work, limits: Limits): Readonly<Record<string, number>> {
  const unlimited = { ...limits, maxConcurrency: Infinity };
  const atOnce = { ...unlimited, newEnvironments: Infinity };
  return {
    'the time of one worker': scheduleSeconds(workers, work, atOnce),
    'new environments of Lambda': scheduleSeconds(workers, work, unlimited),
    'maxConcurrency': scheduleSeconds(workers, work, limits),
    'reads from S3, by prefix': workers * work.gets / work.prefixes / limits.getsPerSecondAndPrefix,
    'writes to S3, by prefix': workers * work.puts / limits.putsPerSecondAndPrefix,
    'transitions of Step Functions': workers * work.transitionsPerWorker / limits.transitionsPerSecond,
  };
}

/** When the last worker ends, if each environment takes the next item as soon as it is free. */
export function scheduleSeconds(workers: number, { workerSeconds, coldStartSeconds }: Work, limits: Limits): number {
  const environments = Math.min(workers, limits.maxConcurrency);
  const done = (seconds: number) => {
    let count = 0;
    for (let each = 0; each < environments && count < workers; each++) {
      const left = seconds - createdAt(each, limits) - coldStartSeconds;
      if (left < workerSeconds) break;
      // A product of the same number is not always exact.
      count += Math.floor(left / workerSeconds + 1e-9);
    }
    return count;
  };
  let [low, high] = [0, createdAt(environments - 1, limits) + coldStartSeconds + Math.ceil(workers / environments) * workerSeconds];
  while (high - low > 0.001) {
    const middle = (low + high) / 2;
    if (done(middle) >= workers) high = middle;
    else low = middle;
  }
  return high;
}

/** Lambda refills the new environments steadily. */
function createdAt(environment: number, { newEnvironments, newEnvironmentsPeriodSeconds }: Limits): number {
  return environment < newEnvironments ? 0 : (environment - newEnvironments + 1) * newEnvironmentsPeriodSeconds / newEnvironments;
}

function cost(workers: number, mapSeconds: number, reduceSeconds: number, work: Work, limits: Limits, prices: Prices): number {
  const environments = environmentsOf(workers, mapSeconds, work, limits);
  // Workers that wait for S3 are paid for.
  const waiting = Math.max(1, mapSeconds / scheduleSeconds(workers, work, limits));
  const seconds = workers * work.workerSeconds * waiting + environments * work.coldStartSeconds + reduceSeconds;
  const reads = workers * (work.gets + 2);
  return seconds * work.memoryMegabytes / 1024 * prices.gigabyteSecond + (workers + 1) * prices.invocation
    + (workers * work.transitionsPerWorker + 3) * prices.transition + reads * prices.get + workers * work.puts * prices.put;
}

/** How many environments are created until the map ends. */
function environmentsOf(workers: number, mapSeconds: number, { workerSeconds }: Work, limits: Limits): number {
  const { newEnvironments, newEnvironmentsPeriodSeconds, maxConcurrency } = limits;
  const created = newEnvironments + Math.floor(Math.max(0, mapSeconds - workerSeconds) * newEnvironments / newEnvironmentsPeriodSeconds);
  return Math.min(workers, maxConcurrency, created);
}

function tooLong({ workerSeconds, coldStartSeconds }: Work, reduceSeconds: number, { functionSeconds }: Limits): string | undefined {
  if (workerSeconds + coldStartSeconds > functionSeconds) return 'impossible: a worker outlasts its function; give it less';
  if (reduceSeconds > functionSeconds) return 'impossible: the reducer outlasts its function; give each worker more, or reduce in two steps';
  return undefined;
}

function withoutManifests(workers: number, { answerBytes, eventsPerWorker }: Work, { payloadBytes, historyEvents }: Limits): string {
  const fails: string[] = [];
  if (workers * answerBytes > payloadBytes) fails.push('the answers exceed the payload');
  if (workers * eventsPerWorker > historyEvents) fails.push('an inline map exceeds the history');
  return fails.join('; ') || 'fits';
}

/** Measured on the S3 of the test bed, 25 ms away, at 1,769 MB. The cold start is an assumption: nothing has run on AWS. */
const MEASURED: Work = {
  // A filtered sum over a file of 62 MB: benchmarks/results/far-s3.md, "filter, cold", and the requests that write the result.
  workerSeconds: 0.235 + 3 * 0.025,
  coldStartSeconds: 1,
  memoryMegabytes: 1769,
  gets: 58,
  prefixes: 1,
  // Two PUTs and a LIST, which has the same price.
  puts: 3,
  // 1,000 workers: 1.2 s for their manifests, and 3.4 s for their files of six rows.
  reduceSecondsPerWorker: 0.0046,
  reduceSeconds: 1,
  answerBytes: 320,
  eventsPerWorker: 8,
  transitionsPerWorker: 2,
};

/** An assumption: work that computes more than it reads, over a month of folders. */
const HEAVY: Work = { ...MEASURED, workerSeconds: 60, gets: 500, prefixes: 30 };

/** The works of the tables in docs/scale-out.md. */
const WORKS: Readonly<Record<string, { work: Work; limits: Limits }>> = {
  'A worker takes 0.3 s, as was measured: a filtered sum over a file of 62 MB; all files in one folder': { work: MEASURED, limits: LIMITS },
  'A worker takes 60 s; at most 1,000 at once': { work: HEAVY, limits: LIMITS },
  'A worker takes 60 s; at most 10,000 at once': { work: HEAVY, limits: { ...LIMITS, maxConcurrency: 10_000 } },
};
const WORKERS = [10, 30, 100, 300, 1_000, 3_000, 10_000];

/** The tables, in Markdown. */
export function tables(): string {
  return Object.entries(WORKS).map(([title, { work, limits }]) => [
    `**${title}**`,
    '',
    '| workers | one process | map | reduce | together | cost | what binds | without manifests |',
    '| ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |',
    ...WORKERS.map((workers) => rowOf(estimate(workers, work, limits))),
  ].join('\n')).join('\n\n');
}

function rowOf({ workers, oneProcessSeconds, mapSeconds, reduceSeconds, seconds, dollars, binds, withoutManifests: without }: Estimate): string {
  const times = [oneProcessSeconds, mapSeconds, reduceSeconds, seconds].map(timeText);
  return `| ${[workers.toLocaleString('en-US'), ...times, `$${dollars < 1 ? dollars.toPrecision(2) : dollars.toFixed(2)}`, binds, without].join(' | ')} |`;
}

function timeText(seconds: number): string {
  if (seconds < 100) return `${Number(seconds.toPrecision(2))} s`;
  return seconds < 6_000 ? `${Math.round(seconds / 60)} min` : `${Number((seconds / 3600).toPrecision(2))} h`;
}

if (require.main === module) console.log(tables());
