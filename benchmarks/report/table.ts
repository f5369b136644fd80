import type { Series } from './statistics';
import type { Machine } from '../harness/machine';

/** The contenders' measurements under one condition, all of one interleaved run. */
export interface Row {
  readonly condition: string;
  /** By contender; one that does not apply is missing. */
  readonly measured: Readonly<Record<string, Series>>;
}

/** One contender's median divided by another's. */
export interface Ratio {
  readonly of: string;
  readonly to: string;
}

/** What one benchmark found. */
export interface Table {
  readonly title: string;
  /** What is in the first column. */
  readonly conditions: string;
  readonly unit: string;
  readonly contenders: readonly string[];
  readonly ratios: readonly Ratio[];
  readonly rows: readonly Row[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
  readonly machine: Machine;
}

/** A table that can be measured. */
export interface Benchmark {
  readonly name: string;
  readonly summary: string;
  /** Counted rounds, unless asked otherwise. */
  readonly runs: number;
  /** Measured on this machine itself, without Docker. */
  readonly withoutDocker?: true;
  /** Measured only when asked for by name, and then printed. */
  readonly optional?: true;
  readonly measure: (runs: number, progress: (message: string) => void) => Promise<Table>;
}
