import { setTimeout as sleep } from 'node:timers/promises';
import { createInstance } from './create-instance';
import type { Instance } from './instance';
import { type RuntimeConfig, readConfig } from '../base/config';
import { ConfigError } from '../base/errors';
import { processBudget } from '../memory/budget';

interface Registry {
  /** One shared instance for each logical database. */
  readonly shared: Map<string, Promise<Instance>>;
  /** The end of the previous instance, if it was released. */
  readonly ending: Map<string, Promise<void>>;
}

/** ESM and CommonJS copies of the runtime, and all handlers of the process, use the same registry. */
const REGISTRY = Symbol.for('cdk-duckdb-lambda.registry.v1');
const registry: Registry = ((globalThis as { [REGISTRY]?: Registry })[REGISTRY] ??= { shared: new Map(), ending: new Map() });

const DEFAULT_DATABASE = 'default';
/** A caller may have connected at the last moment. This does not wait for the end of that connection. */
const MAX_END_MS = 500;

/** The names of all declared logical databases, and `default`. */
export function databaseNames({ databases = {} }: RuntimeConfig): readonly string[] {
  return [...new Set([DEFAULT_DATABASE, ...Object.keys(databases)])];
}

/**
 * The shared instance of a logical database. It is created once, however many callers request it at the same time, and again if its creation failed
 * or DuckDB broke.
 *
 * The creation of one database never waits for another. Rejects with `CONFIG` for a database that is not declared.
 */
export async function sharedInstance(database = DEFAULT_DATABASE): Promise<Instance> {
  const made = registry.shared.get(database) ?? remember(database);
  const instance = await made;
  if (!instance.isBroken) return instance;
  if (registry.shared.get(database) === made) void remember(database, instance.close());
  return sharedInstance(database);
}

/** Closes the shared instances that are unused at the moment; later callers get a new one. Returns their databases. */
export async function closeIdleInstances(): Promise<string[]> {
  const idle: string[] = [];
  await Promise.all([...registry.shared].map(async ([database, made]) => {
    const instance = await made.catch(() => undefined);
    if (instance === undefined || instance.isInUse) return;
    drop(database, made);
    idle.push(database);
    const ended = instance.retire();
    registry.ending.set(database, ended);
    await Promise.race([ended, sleep(MAX_END_MS)]);
  }));
  return idle;
}

function remember(database: string, predecessor = registry.ending.get(database)): Promise<Instance> {
  registry.ending.delete(database);
  const made = make(database, predecessor);
  registry.shared.set(database, made);
  made.catch(() => drop(database, made));
  return made;
}

function drop(database: string, made: Promise<Instance>): void {
  if (registry.shared.get(database) === made) registry.shared.delete(database);
}

async function make(database: string, predecessor?: Promise<void>): Promise<Instance> {
  const { env } = process;
  const declared = readConfig(env);
  checkDatabase(database, declared, env);
  const { file, steps } = declared.databases?.[database] ?? {};
  // Two instances would corrupt a file.
  if (file !== undefined) await predecessor;
  const config = steps ? { ...declared, steps: declared.steps.filter(({ name }) => steps.includes(name)) } : declared;
  const budget = processBudget(env, config.settings);
  const instance = await budget.addShared((limits) => createInstance({ path: file ?? ':memory:', config, env, limits }), databaseNames(declared).length);
  instance.onEnd(() => budget.removeShared(instance));
  return instance;
}

/** Without a declaration (a laptop, a unit test), every name is a new database in memory. */
function checkDatabase(database: string, config: RuntimeConfig, env: NodeJS.ProcessEnv): void {
  const names = databaseNames(config);
  if (names.includes(database) || !env.DUCKDB_LAMBDA_CONFIG) return;
  throw new ConfigError(`the database "${database}" is not declared; declared are: ${names.map((name) => `"${name}"`).join(', ')}; declare it with the prop databases`);
}
