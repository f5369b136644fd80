import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type * as api from '@duckdb/node-api';
import type * as bindings from '@duckdb/node-bindings';
import { ConfigError } from '../base/errors';

/** The client that this package is tested with. */
const TESTED_CLIENT = '@duckdb/node-api@1.5.5-r.5';

export type Api = typeof api;
export type Bindings = typeof bindings;

// Another name than `require`, so that bundlers leave these calls alone: the client is native and must exist once.
const requireFromHere = createRequire(__filename);

let clientPath: string | undefined;
let loadedApi: Api | undefined;
let loadedBindings: Bindings | undefined;

/**
 * The path of `@duckdb/node-api` in the handler's project.
 *
 * Throws a `CONFIG` error that says what to install if the project does not have it.
 */
export function findClient(): string {
  if (clientPath === undefined) {
    try {
      clientPath = requireFromHere.resolve('@duckdb/node-api', { paths: [dirname(__filename), process.cwd()] });
    } catch (cause) {
      throw new ConfigError(
        `cannot find "@duckdb/node-api", which cdk-duckdb-lambda/runtime needs: npm install ${TESTED_CLIENT}`, { cause });
    }
  }
  return clientPath;
}

/** Makes `path` the client, in a program that is told where it is. */
export function useClient(path: string): void {
  clientPath = path;
}

/** The native half of the client. It loads quickly and is enough to open an instance. */
export function loadBindings(): Bindings {
  // Resolved from the client's own folder, because pnpm hides a dependency's dependencies from other packages.
  return loadedBindings ??= createRequire(findClient())('@duckdb/node-bindings') as Bindings;
}

/** The JavaScript half of the client: some 180 files. */
export function loadApi(): Api {
  return loadedApi ??= requireFromHere(findClient()) as Api;
}

/** Opens an instance on a libuv thread, while JavaScript continues. */
export function openRaw(path: string, settings: Readonly<Record<string, string>>): Promise<bindings.Database> {
  const duckdb = loadBindings();
  const config = duckdb.create_config();
  // The client's own `create` sets the same. DuckDB reports it as the user agent.
  duckdb.set_config(config, 'duckdb_api', 'node-neo-api');
  for (const [name, value] of Object.entries(settings)) duckdb.set_config(config, name, value);
  return duckdb.open(path, config);
}
