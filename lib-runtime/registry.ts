import { processBudget } from './budget';
import { readConfig } from './config';
import { createInstance } from './create-instance';
import { ConfigError } from './errors';
import type { Instance } from './instance';

interface Registry {
  /** One shared instance for each logical database. */
  readonly shared: Map<string, Promise<Instance>>;
}

/** ESM and CommonJS copies of the runtime, and each handler of the process, share one registry. */
const REGISTRY = Symbol.for('cdk-duckdb-lambda.registry.v1');
const registry: Registry = ((globalThis as { [REGISTRY]?: Registry })[REGISTRY] ??= { shared: new Map() });

const DEFAULT_DATABASE = 'default';

/**
 * The shared instance of a logical database, made once however many callers race for it, and again after its making failed or DuckDB broke.
 *
 * One database's making never waits for another's. Rejects with `CONFIG` for a database that is not declared.
 */
export async function sharedInstance(database = DEFAULT_DATABASE): Promise<Instance> {
  const made = registry.shared.get(database) ?? remember(database);
  const instance = await made;
  if (!instance.isBroken) return instance;
  drop(database, made);
  void instance.close();
  return sharedInstance(database);
}

/** Closes the shared instances that nobody uses just now; whoever asks for one gets another. Returns their databases. */
export async function closeIdleInstances(): Promise<string[]> {
  const idle: string[] = [];
  await Promise.all([...registry.shared].map(async ([database, made]) => {
    const instance = await made.catch(() => undefined);
    if (instance === undefined || instance.isInUse) return;
    drop(database, made);
    idle.push(database);
    await instance.retire();
  }));
  return idle;
}

function remember(database: string): Promise<Instance> {
  const made = make(database);
  registry.shared.set(database, made);
  made.catch(() => drop(database, made));
  return made;
}

function drop(database: string, made: Promise<Instance>): void {
  if (registry.shared.get(database) === made) registry.shared.delete(database);
}

async function make(database: string): Promise<Instance> {
  const { env } = process;
  const config = readConfig(env);
  checkDatabase(database, env);
  const budget = processBudget(env, config.settings);
  const instance = await budget.addShared((limits) => createInstance({ path: ':memory:', config, env, limits }));
  instance.onEnd(() => budget.removeShared(instance));
  return instance;
}

/** Without a declaration (a laptop, a unit test) every name is a new database in memory. */
function checkDatabase(database: string, env: NodeJS.ProcessEnv): void {
  if (database === DEFAULT_DATABASE || !env.DUCKDB_LAMBDA_CONFIG) return;
  throw new ConfigError(`the database "${database}" is not declared; declared are: "${DEFAULT_DATABASE}"`);
}
