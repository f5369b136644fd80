import { createInstance } from './create-instance';
import type { Instance } from './instance';
import type { AbortSignalLike } from '../base/abort';
import { readConfig, settings as checkSettings } from '../base/config';
import { ConfigError } from '../base/errors';
import { processBudget } from '../memory/budget';

/** Options of the instance of a session or a DuckDB. */
export interface OwnInstanceOptions {
  /** A database file, or `:memory:`. */
  readonly path: string;
  /** MiB. */
  readonly memory?: number;
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  readonly signal?: AbortSignalLike;
  /** The steps that may run at its creation. */
  readonly bootstrap?: readonly string[];
  /** Called just before the file is opened, when this instance has claimed it. */
  readonly beforeOpening?: () => void;
}

/** An instance for a single user, with a share of the process's memory until its end. */
export async function openOwnInstance(options: OwnInstanceOptions): Promise<Instance> {
  const { env } = process;
  const config = readConfig(env);
  const share = await processBudget(env, config.settings).reserve(options.memory, options.signal);
  try {
    const settings = { ...config.settings, ...ownSettings(options.settings) };
    const { path, bootstrap, beforeOpening } = options;
    const instance = await createInstance({ path, config: { ...config, settings }, env, limits: share, bootstrap, beforeOpening });
    instance.onEnd(() => share.release());
    return instance;
  } catch (error) {
    share.release();
    throw error;
  }
}

function ownSettings(given: OwnInstanceOptions['settings']): Readonly<Record<string, string>> {
  const checked = checkSettings(given ?? {});
  const limited = ['memory_limit', 'max_temp_directory_size'].find((name) => name in checked);
  if (limited === undefined) return checked;
  throw new ConfigError(`the setting "${limited}" is divided among all instances of the process: request memory with { memory: MiB }, which includes a share of the spill`);
}
