import { cpus, release, totalmem, type } from 'node:os';
import { version } from '@duckdb/node-api';
import type { BenchContainer } from './container';
import { lambdaBaseImage } from '../../test/bed';

/** The properties of the machine that figures depend on. None of them identifies the machine. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** In the image, if there is one. */
  readonly node: string;
  /** In the image, if there is one. */
  readonly duckdb: string;
  /** Undefined if it was measured without a container. */
  readonly baseImage?: string;
}

export async function describeMachine(container: BenchContainer): Promise<Machine> {
  const { node, duckdb } = await container.versions();
  const { reference, standIn } = await lambdaBaseImage();
  return { ...hardware(), node, duckdb, baseImage: standIn ? 'the test bed\'s stand-in for AWS\'s' : reference };
}

/** The machine as this process sees it, with this project's own DuckDB. */
export function describeThisProcess(): Machine {
  return { ...hardware(), node: process.versions.node, duckdb: version().replace(/^v/, '') };
}

function hardware() {
  return {
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${/^[\d.]+/.exec(release())?.[0]}`,
  };
}
