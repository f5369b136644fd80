import { parseCommandLine } from '../../../benchmarks/harness/command-line';
import type { Benchmark } from '../../../benchmarks/report/table';

const benchmark = (name: string): Benchmark => ({ name, summary: '', runs: 21, measure: () => Promise.reject(new Error('not to be measured')) });
const ALL = [benchmark('tea'), benchmark('coffee')];

test('without options everything runs, as often as it says itself', () => {
  expect(parseCommandLine([], ALL)).toEqual(ALL);
});

test('--only and --runs choose', () => {
  expect(parseCommandLine(['--only', 'coffee', '--runs', '3'], ALL)).toEqual([{ ...ALL[1], runs: 3 }]);
});

test('an unknown name is an error that lists the known ones', () => {
  expect(() => parseCommandLine(['--only', 'milk'], ALL)).toThrow('unknown benchmark "milk": expected tea, coffee');
});

test.each(['0', '-1', '1.5', 'many'])('%s is not a number of runs', (runs) => {
  expect(() => parseCommandLine([`--runs=${runs}`], ALL)).toThrow(`--runs is "${runs}", expected a whole number from 1`);
});
