import { parseCommandLine } from '../../../benchmarks/harness/command-line';
import type { Benchmark } from '../../../benchmarks/report/table';

const benchmark = (name: string): Benchmark => ({ name, summary: '', runs: 21, measure: () => Promise.reject(new Error('not to be measured')) });
const ALL = [benchmark('tea'), { ...benchmark('coffee'), choices: { beans: ['arabica', 'robusta'], milk: ['much', 'none'] } }];

const parsed = (...args: string[]) => {
  const commandLine = parseCommandLine(args, ALL);
  if (commandLine === 'help') throw new Error('not asked for');
  return commandLine;
};

test('without options everything runs, as often as it says itself', () => {
  expect(parsed()).toMatchObject({ benchmarks: ALL, partial: false });
  expect(parsed().chosen(ALL[1])).toEqual({ beans: ['arabica', 'robusta'], milk: ['much', 'none'] });
});

test('--only and --runs choose', () => {
  expect(parsed('--only', 'coffee', '--runs', '3')).toMatchObject({ benchmarks: [{ ...ALL[1], runs: 3 }], partial: false });
});

test('an unknown name is an error that lists the known ones', () => {
  expect(() => parseCommandLine(['--only', 'milk'], ALL)).toThrow('unknown benchmark "milk": expected tea, coffee');
});

test.each(['0', '-1', '1.5', 'many'])('%s is not a number of runs', (runs) => {
  expect(() => parseCommandLine([`--runs=${runs}`], ALL)).toThrow(`--runs is "${runs}", expected a whole number from 1`);
});

test('a part of a benchmark can be chosen', () => {
  const { chosen, partial } = parsed('--only', 'coffee', '--beans', 'robusta');
  expect(chosen(ALL[1])).toEqual({ beans: ['robusta'], milk: ['much', 'none'] });
  expect(partial).toBe(true);
});

test('what cannot be chosen is an error that lists what can', () => {
  expect(() => parsed('--only', 'coffee', '--beans', 'robusta,kidney').chosen(ALL[1])).toThrow('--beans has "kidney", expected some of arabica,robusta');
  expect(() => parsed('--only', 'tea', '--beans', 'robusta')).toThrow('--beans chooses nothing of tea: name a benchmark that has it by --only');
});
