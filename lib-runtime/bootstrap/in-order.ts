import type { DeclaredStep } from './declared-step';
import type { BootstrapStep } from './step';
import { type AbortSignalLike, orAborted } from '../base/abort';

/** Runs steps together. Steps that provide the same catalog run one after another: the first attaches it, and the others add to it. */
export async function inOrder(steps: readonly DeclaredStep[], run: (declared: DeclaredStep) => Promise<void>): Promise<void> {
  const runs: Array<Promise<void>> = [];
  for (const [index, declared] of steps.entries()) {
    const earlier = runs.filter((_, before) => shareCatalogs(steps[before]!.step, declared.step));
    runs[index] = earlier.length === 0 ? run(declared) : Promise.all(earlier).then(() => run(declared));
  }
  await Promise.all(runs);
}

/** Whether two steps provide the same catalog. */
export function shareCatalogs(one: BootstrapStep, other: BootstrapStep): boolean {
  return one.provides.some((name) => other.provides.some((another) => another.toLowerCase() === name.toLowerCase()));
}

/** Waits for steps, but no longer than the cursor is there: a step may never end. */
export function unlessEnded(work: Promise<void>, ended: AbortSignalLike): Promise<void> {
  return orAborted(work, ended, () => 'waiting for a bootstrap step', () => undefined);
}
