import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { repositoryRoot } from '../../bed/paths';

/** Written by this file, from DuckDB's own table: `npx ts-node --project tsconfig.dev.json test/assets/docker/extension-names.ts`. */
export const EXTENSION_NAMES = join(repositoryRoot, 'assets/docker/extension-names.json');

/** DuckDB's names of its extensions, what is built in, and the aliases, as the text of that file. */
export async function extensionNames(): Promise<string> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
  const names = async (builtIn: boolean) => (await rows(`
    SELECT extension_name AS name FROM duckdb_extensions()
    WHERE (install_mode = 'STATICALLY_LINKED') = ${builtIn} ORDER BY name
  `)).map(({ name }) => name);
  const aliases = await rows('SELECT unnest(aliases) AS alias, extension_name AS name FROM duckdb_extensions() ORDER BY alias');
  const [{ version }] = await rows('SELECT ltrim(version(), \'v\') AS version');
  return JSON.stringify({
    duckdbVersion: version,
    extensions: await names(false),
    builtIn: await names(true),
    aliases: Object.fromEntries(aliases.map(({ alias, name }) => [alias, name])),
  }, undefined, 2) + '\n';
}

if (require.main === module) {
  void extensionNames().then((text) => writeFileSync(EXTENSION_NAMES, text));
}
