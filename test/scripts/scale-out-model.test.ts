import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { estimate, LIMITS, mapBounds, PRICES, scheduleSeconds, tables, type Work } from '../../scripts/scale-out-model';
import { repositoryRoot } from '../bed';

const WORK: Work = {
  workerSeconds: 10,
  coldStartSeconds: 1,
  memoryMegabytes: 1024,
  gets: 1,
  prefixes: 1,
  puts: 1,
  reduceSecondsPerWorker: 0.001,
  reduceSeconds: 1,
  answerBytes: 1024,
  eventsPerWorker: 10,
  transitionsPerWorker: 2,
};

test.each([
  [1, 11, 'one'],
  [1_000, 11, 'as many as Lambda creates at once'],
  [1_100, 12, 'the last environment is created after a second'],
  [3_000, 21, 'the first environments take a second item while others are created'],
])('%i workers without a limit end after %i s: %s', (workers, seconds) => {
  expect(scheduleSeconds(workers, WORK, { ...LIMITS, maxConcurrency: 100_000 })).toBeCloseTo(seconds, 1);
});

test('with a limit, each environment takes items one after the other, and starts once', () => {
  expect(scheduleSeconds(100, WORK, { ...LIMITS, maxConcurrency: 10 })).toBeCloseTo(1 + 10 * 10, 1);
  expect(scheduleSeconds(101, WORK, { ...LIMITS, maxConcurrency: 10 })).toBeCloseTo(1 + 11 * 10, 1);
});

test.each<[string, number, Partial<Work>, object]>([
  ['the time of one worker', 100, {}, {}],
  ['new environments of Lambda', 3_000, {}, { maxConcurrency: 3_000 }],
  ['maxConcurrency', 3_000, {}, { maxConcurrency: 100 }],
  ['reads from S3, by prefix', 1_000, { gets: 1_000 }, {}],
  ['writes to S3, by prefix', 1_000, { puts: 1_000 }, {}],
  ['transitions of Step Functions', 1_000, { workerSeconds: 0.01, coldStartSeconds: 0 }, { transitionsPerSecond: 100 }],
  ['the reducer, which reads a file for each worker', 1_000, { reduceSecondsPerWorker: 0.1 }, {}],
  ['impossible: a worker outlasts its function; give it less', 10, { workerSeconds: 900 }, {}],
  ['impossible: the reducer outlasts its function; give each worker more, or reduce in two steps', 10_000, { reduceSecondsPerWorker: 0.1 }, {}],
])('what binds is named: %s', (binds, workers, work, limits) => {
  expect(estimate(workers, { ...WORK, ...work }, { ...LIMITS, ...limits })).toMatchObject({ binds });
});

test('reads are spread over prefixes, and workers that wait for S3 are paid for', () => {
  const reading = { ...WORK, gets: 5_500 };
  expect(mapBounds(100, reading, LIMITS)).toMatchObject({ 'reads from S3, by prefix': 100 });
  const one = estimate(100, reading, LIMITS, { ...PRICES, get: 0 });
  const ten = estimate(100, { ...reading, prefixes: 10 }, LIMITS, { ...PRICES, get: 0 });
  expect([one.mapSeconds, ten.mapSeconds]).toEqual([100, expect.closeTo(11, 2)]);
  expect(one.dollars / ten.dollars).toBeGreaterThan(5);
});

test('the cost is that of memory and time, invocations, transitions and requests', () => {
  const none = { gigabyteSecond: 0, invocation: 0, transition: 0, get: 0, put: 0 };
  const costOf = (price: Partial<typeof PRICES>) => estimate(100, WORK, LIMITS, { ...none, ...price }).dollars;
  // Ten seconds each, a second to start, and 1.1 s of the reducer.
  expect(costOf({ gigabyteSecond: 1 })).toBeCloseTo(100 * 11 + 1.1, 1);
  expect(costOf({ invocation: 1 })).toBe(101);
  expect(costOf({ transition: 1 })).toBe(203);
  expect(costOf({ get: 1 })).toBe(300);
  expect(costOf({ put: 1 })).toBe(100);
});

test('without manifests, answers end at the payload, and an inline map at the history', () => {
  const of = (workers: number) => estimate(workers, WORK).withoutManifests;
  expect([of(256), of(257)]).toEqual(['fits', 'the answers exceed the payload']);
  expect(of(2_501)).toBe('the answers exceed the payload; an inline map exceeds the history');
});

test('the tables of docs/scale-out.md are those of the model', () => {
  expect(readFileSync(join(repositoryRoot, 'docs/scale-out.md'), 'utf8')).toContain(tables());
});
