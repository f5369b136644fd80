import { untilQuiet } from './quiet-machine';

/** Makes one measurement. */
export type Measure<Measured = number> = () => Promise<Measured>;

/**
 * Measures every contender once per round. Each round begins with the next contender, so that other load on the machine, and the effects of
 * one contender on the next, affect all of them equally. The first round is a warm-up and is not counted.
 *
 * `ready` is awaited before each measurement. A contender named in `every` takes part only in every nth round.
 */
export async function interleaved<Name extends string, Measured = number>(
  contenders: Readonly<Record<Name, Measure<Measured>>>,
  rounds: number,
  ready: () => Promise<unknown> = untilQuiet,
  every: Partial<Record<Name, number>> = {},
): Promise<Record<Name, readonly Measured[]>> {
  const names = Object.keys(contenders) as Name[];
  const series = Object.fromEntries(names.map((name) => [name, [] as Measured[]])) as Record<Name, Measured[]>;
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length];
      if (round % (every[name] ?? 1) !== 0) continue;
      await ready();
      const measured = await contenders[name]();
      if (round > 0) series[name].push(measured);
    }
  }
  return series;
}
