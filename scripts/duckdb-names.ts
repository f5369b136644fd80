import type * as api from '@duckdb/node-api';
import type { TestedVersions } from '../src/tested-versions';

type Client = Pick<typeof api, 'DuckDBInstance'>;

/** DuckDB's version, and the names of its extensions, read from DuckDB itself. */
export async function extensionNames(client: Client): Promise<Pick<TestedVersions, 'duckdb' | 'extensions'>> {
  const connection = await open(client);
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson() as string[][];
  const names = async (builtIn: boolean) => (await rows(`
    SELECT extension_name AS name FROM duckdb_extensions()
    WHERE (install_mode = 'STATICALLY_LINKED') = ${builtIn} ORDER BY name
  `)).flat();
  const [[duckdb]] = await rows('SELECT ltrim(version(), \'v\')');
  return {
    duckdb,
    extensions: {
      core: await names(false),
      builtIn: await names(true),
      aliases: Object.fromEntries(await rows('SELECT unnest(aliases) AS alias, extension_name FROM duckdb_extensions() ORDER BY alias')),
    },
  };
}

/** The names of DuckDB's settings after extensions from a directory are loaded, and the extensions that did not load. */
export async function settingNames(
  client: Client, directory: string, extensions: readonly string[],
): Promise<{ settings: string[]; notLoaded: string[] }> {
  const connection = await open(client, { extension_directory: directory });
  const notLoaded: string[] = [];
  for (const name of extensions) await connection.run(`LOAD ${name}`).catch(({ message }) => notLoaded.push(`${name}: ${message}`));
  const result = await connection.runAndReadAll('SELECT DISTINCT lower(name) AS name FROM duckdb_settings() ORDER BY name');
  return { settings: result.getRowsJson().flat() as string[], notLoaded };
}

async function open({ DuckDBInstance }: Client, options: Record<string, string> = {}) {
  const instance = await DuckDBInstance.create(':memory:', { autoload_known_extensions: 'false', autoinstall_known_extensions: 'false', ...options });
  return instance.connect();
}
