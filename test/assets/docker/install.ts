import { CommandOptions, duckdbExtensions, Outcome } from './command';
import { libduckdb, TESTED } from './official-extensions';

/** `duckdb-extensions install` for the tested version, with what every test gives it. */
export function install(source: string, target: string, args: readonly string[], options?: CommandOptions): Promise<Outcome> {
  return duckdbExtensions([
    'install', '--version', TESTED.version, '--platform', TESTED.platform, '--libduckdb', libduckdb(), '--source', source, '--target', target, ...args,
  ], options);
}
