import { startContainer, type BenchContainer, type BenchContainerOptions } from './container';
import { describeMachine, type Machine } from './machine';
import type { Row } from '../report/table';

/** A memory setting of Lambda, named by its share of CPU. */
export interface MemorySize {
  readonly size: string;
  readonly memoryMb: number;
}

export const LARGE: MemorySize = { size: '2 CPU (3538 MB)', memoryMb: 3538 };
export const SMALL: MemorySize = { size: '0.58 CPU (1024 MB)', memoryMb: 1024 };

/** Measures in a container of each size, one after the other. */
export async function atEachSize(
  options: Omit<BenchContainerOptions, 'memoryMb'>,
  measure: (container: BenchContainer, size: string) => Promise<readonly Row[]>,
): Promise<{ readonly rows: readonly Row[]; readonly machine: Machine }> {
  const rows: Row[] = [];
  let machine: Machine;
  for (const { size, memoryMb } of [LARGE, SMALL]) {
    const container = await startContainer({ ...options, memoryMb });
    try {
      machine = await describeMachine(container);
      rows.push(...await measure(container, size));
    } finally {
      await container.stop();
    }
  }
  return { rows, machine: machine! };
}
