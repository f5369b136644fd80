import { OURS, RAW } from '../../../benchmarks/harness/query-contest';
import { noteOf, sumsOf } from '../../../benchmarks/tables/tpch';

const outcome = (milliseconds: number, more: object = {}) => ({ milliseconds, rows: 1, digest: 'x', peakMiB: 100, spilledMiB: 0, ...more });
const killed = { failure: 'its process was killed' };

const OUTCOMES = [
  { number: 1, [OURS]: [outcome(10), outcome(11)], [RAW]: [outcome(8), outcome(9)] },
  { number: 2, [OURS]: [outcome(20, { peakMiB: 400, spilledMiB: 30 }), outcome(21)], [RAW]: [outcome(18), outcome(19)] },
];

test('a round\'s time is the sum of the queries that both answered in all rounds', () => {
  expect(sumsOf('small', OUTCOMES, 2)).toEqual({ condition: 'small', measured: { [OURS]: [30, 32], [RAW]: [26, 28] } });
  const one = [...OUTCOMES, { number: 3, [OURS]: [outcome(1000), outcome(1000)], [RAW]: [outcome(1000), killed] }];
  expect(sumsOf('small', one, 2)).toEqual(sumsOf('small', OUTCOMES, 2));
});

test('the note names the peak use, and which queries each contender did not answer, and why', () => {
  expect(noteOf('small', OUTCOMES)).toBe(
    'small: 2 of 2 answered by both; this library\'s peak of resident memory 400 MiB (query 2); most spilled 30 MiB (query 2).');
  const failing = [OUTCOMES[0], { number: 7, [OURS]: [killed, outcome(5)], [RAW]: [killed, killed] }];
  expect(noteOf('small', failing)).toBe('small: 1 of 2 answered by both; this library\'s peak of resident memory 100 MiB (query 1); nothing spilled; '
    + 'query 7 failed (this library: its process was killed, raw client: its process was killed).');
});
