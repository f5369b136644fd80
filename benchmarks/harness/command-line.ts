import { parseArgs } from 'node:util';
import type { Benchmark } from '../report/table';

/** The requested benchmarks, with the requested runs. */
export function parseCommandLine(args: readonly string[], benchmarks: readonly Benchmark[]): readonly Benchmark[] | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string', multiple: true }, runs: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) return 'help';
  const chosen = values.only === undefined ? benchmarks.filter(({ optional }) => !optional) : named(values.only, benchmarks);
  return values.runs === undefined ? chosen : chosen.map((benchmark) => ({ ...benchmark, runs: count(values.runs!) }));
}

function named(names: readonly string[], benchmarks: readonly Benchmark[]): readonly Benchmark[] {
  return names.map((name) => {
    const benchmark = benchmarks.find((each) => each.name === name);
    if (benchmark === undefined) throw new Error(`unknown benchmark "${name}": expected ${benchmarks.map((each) => each.name).join(', ')}`);
    return benchmark;
  });
}

function count(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--runs is "${text}", expected a whole number from 1`);
  return Number(text);
}
