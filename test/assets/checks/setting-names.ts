import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { repositoryRoot } from '../../bed/paths';
import { libduckdb } from '../docker/official-extensions';

/** Written by this file, from DuckDB itself: `npx ts-node --project tsconfig.dev.json test/assets/checks/setting-names.ts`. */
export const SETTING_NAMES = join(repositoryRoot, 'assets/checks/setting-names.json');


/** DuckDB's names of its settings and of those of its extensions, as the text of that file. */
export async function settingNames(): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:', { autoload_known_extensions: 'false', autoinstall_known_extensions: 'false' });
  const connection = await instance.connect();
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
  const [{ version }] = await rows('SELECT ltrim(version(), \'v\') AS version');
  const own = (await rows('SELECT lower(name) AS name FROM duckdb_settings()')).map(({ name }) => String(name));
  const known = new Set(own);
  for (const name of namesInLibrary()) if (!known.has(name) && await isOfAnExtension(connection, name)) known.add(name);
  return JSON.stringify({ duckdbVersion: version, settings: [...known].sort() }, undefined, 2) + '\n';
}

/** All text in DuckDB's library that has the form of a setting's name: its table of extensions' settings is part of it. */
function namesInLibrary(): Set<string> {
  return new Set(readFileSync(libduckdb(), 'latin1').match(/(?<=\0)[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?=\0)/g));
}

async function isOfAnExtension(connection: DuckDBConnection, name: string): Promise<boolean> {
  try {
    await connection.run(`SELECT current_setting('${name}')`);
    return true;
  } catch (error) {
    return (error as Error).message.includes('it exists in the');
  }
}

if (require.main === module) {
  void settingNames().then((text) => writeFileSync(SETTING_NAMES, text));
}
