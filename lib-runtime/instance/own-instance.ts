import { createInstance } from './create-instance';
import type { Instance } from './instance';
import type { AbortSignalLike } from '../base/abort';
import { readConfig, settings as checkSettings } from '../base/config';
import { ConfigError } from '../base/errors';
import { processBudget } from '../memory/budget';

/** What a session or a DuckDB asks for. */
export interface OwnInstanceOptions {
  /** A database file, or `:memory:`. */
  readonly path: string;
  /** MiB. */
  readonly memory?: number;
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  readonly signal?: AbortSignalLike;
  /** The steps that may run at its creation. */
  readonly bootstrap?: readonly string[];
  /** Called when the file is this instance's to open, just before. */
  readonly beforeOpening?: () => void;
}

/** An instance that nobody else uses, with a share of the process's memory until its end. */
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
  throw new ConfigError(`the setting "${limited}" is shared out among all instances of the process: ask for memory by { memory: MiB }, and spill comes with it`);
}
