import type { Series } from './statistics';
import type { Machine } from '../harness/machine';

/** The contenders' measurements under one condition, all of one interleaved run. */
export interface Row {
  readonly condition: string;
  /** Measurements by contender. A contender that does not apply is missing. */
  readonly measured: Readonly<Record<string, Series>>;
  /** By contender, what it needed, by the names in the table's `figures`. */
  readonly needed?: Readonly<Record<string, Readonly<Record<string, Series>>>>;
}

/** One contender's median divided by another's. */
export interface Ratio {
  readonly of: string;
  readonly to: string;
}

/** The results of one benchmark. */
export interface Table {
  readonly title: string;
  /** The title of the first column. */
  readonly conditions: string;
  readonly unit: string;
  readonly contenders: readonly string[];
  readonly ratios: readonly Ratio[];
  /** What else was found about each contender: its medians are shown in one column. */
  readonly figures?: readonly string[];
  readonly rows: readonly Row[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
  readonly machine: Machine;
  /** Too long for the document: shown beside its measurements alone. */
  readonly ownPage?: true;
}

/** What was asked for of what can be chosen, by its name. */
export type Choices = Readonly<Record<string, readonly string[]>>;

/** A table that can be measured. */
export interface Benchmark {
  readonly name: string;
  readonly summary: string;
  /** The default number of counted rounds. */
  readonly runs: number;
  /** Whether it is measured directly on this machine, without Docker. */
  readonly withoutDocker?: true;
  /** Whether it is measured only on request by name, and then printed unless it has a page of its own. */
  readonly optional?: true;
  /** What of it can be measured alone, by the names of the options. It is then printed. */
  readonly choices?: Choices;
  /** `chosen` holds what of `choices` is asked for. */
  readonly measure: (runs: number, progress: (message: string) => void, chosen: Choices) => Promise<Table>;
}
