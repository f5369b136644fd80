import { parseArgs } from 'node:util';
import type { Benchmark, Choices } from '../report/table';

/** What the command line asks for. */
export interface CommandLine {
  /** With the runs that are asked for. */
  readonly benchmarks: readonly Benchmark[];
  /** Of each benchmark's `choices`: all of them, or those that are asked for. */
  readonly chosen: (benchmark: Benchmark) => Choices;
  /** Whether anything was left out of a benchmark. */
  readonly partial: boolean;
}

export function parseCommandLine(args: readonly string[], benchmarks: readonly Benchmark[]): CommandLine | 'help' {
  const lists = [...new Set(benchmarks.flatMap(({ choices = {} }) => Object.keys(choices)))];
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true },
      runs: { type: 'string' },
      help: { type: 'boolean' },
      ...Object.fromEntries(lists.map((name) => [name, { type: 'string' as const }])),
    },
  }) as { values: { only?: string[]; runs?: string; help?: boolean } & Record<string, unknown> };
  if (values.help) return 'help';
  const { only, runs } = values;
  const asked = only === undefined ? benchmarks.filter(({ optional }) => !optional) : named(only, benchmarks);
  const given = lists.filter((name) => values[name] !== undefined);
  const homeless = given.find((name) => !asked.some(({ choices = {} }) => name in choices));
  if (homeless !== undefined) {
    throw new Error(`--${homeless} chooses nothing of ${asked.map(({ name }) => name).join(', ')}: name a benchmark that has it by --only`);
  }
  return {
    benchmarks: runs === undefined ? asked : asked.map((benchmark) => ({ ...benchmark, runs: count(runs) })),
    chosen: ({ choices = {} }) => Object.fromEntries(
      Object.entries(choices).map(([name, all]) => [name, chosenOf(name, all, values[name] as string | undefined)]),
    ),
    partial: given.length > 0,
  };
}

function chosenOf(name: string, all: readonly string[], text: string | undefined): readonly string[] {
  const chosen = text?.split(',') ?? all;
  const unknown = chosen.find((each) => !all.includes(each));
  if (unknown !== undefined) throw new Error(`--${name} has "${unknown}", expected some of ${all.join(',')}`);
  return chosen;
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
