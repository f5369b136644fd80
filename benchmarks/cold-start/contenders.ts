import { deepStrictEqual } from 'node:assert';
import { CHECKED_FLOOR, FLOOR, OURS, OURS_LAZY, PYTHON, RUN_TIME_INSTALL, SEQUENTIAL } from './contender-names';
import { buildSharedImage, environmentOf } from './functions';
import { buildPythonImage, whyNoPython } from './python-image';
import { startServers, type Servers } from './servers';
import type { Workload } from './workloads';
import { program, startContainer, type BenchContainer, type Measured, type Program } from '../harness/container';
import type { BuiltFunction } from '../harness/image';
import { BootstrapMode } from 'cdk-duckdb-lambda';

/** A contender for a workload, ready in a container. */
export interface Contender {
  cold(): Promise<Measured>;
  warm(): Promise<Measured>;
}

/** The servers and images that all benchmarks of cold starts share. */
export interface Arena {
  readonly servers: Servers;
  readonly shared: BuiltFunction;
  readonly pythonImage: string | undefined;
}

let arena: Promise<Arena> | undefined;

/** Starts the servers and builds the images, once. */
export function sharedArena(progress: (message: string) => void): Promise<Arena> {
  return arena ??= open(progress);
}

/** Stops what `sharedArena` has started, if it has. */
export async function closeArena(): Promise<void> {
  await (await arena?.catch(() => undefined))?.servers.stop();
}

async function open(progress: (message: string) => void): Promise<Arena> {
  progress('building the images');
  const shared = await buildSharedImage();
  const pythonImage = await whyNoPython() === undefined ? await buildPythonImage() : undefined;
  progress('starting and filling the servers');
  return { servers: await startServers(), shared, pythonImage };
}

/** Containers of one size, for every contender. */
export class Containers {
  static async start({ servers, shared, pythonImage }: Arena, memoryMb: number): Promise<Containers> {
    const env = { ...servers.environment, DUCKDB_EXTENSIONS_DIR: '/opt/duckdb_extensions' };
    const node = await startContainer({ image: shared.image, memoryMb, env });
    const python = pythonImage === undefined ? undefined : await startContainer({ image: pythonImage, memoryMb, env: servers.environment });
    return new Containers(node, python, shared.module, servers);
  }

  private constructor(
    readonly node: BenchContainer, readonly python: BenchContainer | undefined, private readonly module: string, private readonly servers: Servers,
  ) {}

  /** All contenders for `workload`, after a check that they return the same rows and so do the same work. */
  async contenders(workload: Workload): Promise<Readonly<Record<string, Contender>>> {
    const found = Object.fromEntries(Object.entries(await this.programs(workload)).map(([name, [container, run]]): [string, Contender] => (
      [name, { cold: () => container.cold(run), warm: () => container.warm(run) }]
    )));
    const answers = await Promise.all(Object.entries(found).map(async ([name, contender]) => (
      [name, asText((await contender.cold()).answer)] as const
    )));
    for (const [name, rows] of answers) {
      deepStrictEqual(rows, answers[0][1], `${name} and ${answers[0][0]} return different rows for "${workload.name}"`);
    }
    return found;
  }

  async stop(): Promise<void> {
    await this.node.stop();
    await this.python?.stop();
  }

  /** The programs of a workload, by contender, and the container of each. */
  async programs(workload: Workload): Promise<Readonly<Record<string, readonly [BenchContainer, Program]>>> {
    const { steps, sql } = workload;
    const env = { STEPS: steps.join(' '), SQL: sql };
    const byHand = (name: string, more = {}) => [this.node, { module: program(name), env: { ...env, ...more } }] as const;
    const ours = async (mode: BootstrapMode) => {
      const declared = await environmentOf(workload, mode, this.servers);
      return [this.node, { module: this.module, env: { ...env, ...declared } }] as const;
    };
    const needsPostgres = sql.includes('pg_replica');
    return {
      [FLOOR]: byHand('floor.cjs'),
      [OURS]: await ours(needsPostgres ? BootstrapMode.EAGER : BootstrapMode.LAZY),
      ...needsPostgres && { [OURS_LAZY]: await ours(BootstrapMode.LAZY) },
      ...steps.length > 0 && { [CHECKED_FLOOR]: byHand('floor.cjs', { CHECKED: '1' }) },
      [SEQUENTIAL]: byHand('sequential.cjs'),
      ...steps.length > 0 && { [RUN_TIME_INSTALL]: byHand('run-time-install.mjs') },
      ...this.python && !steps.includes('ducklake') && { [PYTHON]: [this.python, { module: program('article.py'), env }] as const },
    };
  }
}

/** The client's JSON form writes integers as text. */
function asText(rows: Record<string, unknown>[]): Record<string, string>[] {
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, `${value}`.toLowerCase()])));
}
