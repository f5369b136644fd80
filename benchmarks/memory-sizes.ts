import { startContainer, type BenchContainer, type BenchContainerOptions } from './container';
import { describeMachine, type Machine } from './machine';
import type { Row } from './table';

/** Lambda's memory settings that are measured, named by the share of CPU that comes with them. */
const MEMORY_SIZES: Readonly<Record<string, number>> = { '2 CPU (3538 MB)': 3538, '0.58 CPU (1024 MB)': 1024 };

/** Measures in a container of each size, one after the other. */
export async function atEachSize(
  options: Omit<BenchContainerOptions, 'memoryMb'>,
  measure: (container: BenchContainer, size: string) => Promise<readonly Row[]>,
): Promise<{ readonly rows: readonly Row[]; readonly machine: Machine }> {
  const rows: Row[] = [];
  let machine: Machine;
  for (const [size, memoryMb] of Object.entries(MEMORY_SIZES)) {
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
