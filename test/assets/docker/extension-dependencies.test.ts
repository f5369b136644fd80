import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { describeWithOfficialExtensions, extensionFile, officialDirectory, THIS_MACHINE } from './official-extensions';
import { repositoryRoot } from '../../bed/paths';
import { temporaryDirectory } from '../../temporary-directory';

const DEPENDENCIES: Record<string, Record<string, string>> = JSON.parse(readFileSync(join(repositoryRoot, 'assets/docker/extension-dependencies.json'), 'utf8'));

/** What each is used for, run until DuckDB says that it lacks an extension, or not; no address is ever reached. */
const USES: Record<string, (connection: DuckDBConnection, folder: string) => Promise<unknown>> = {
  aws: (connection) => connection.run('CREATE SECRET s (TYPE s3, PROVIDER credential_chain, CHAIN \'env\', VALIDATION \'none\')'),
  ducklake: async (connection, folder) => {
    await connection.run(`ATTACH 'ducklake:${join(folder, 'lake.ducklake')}' AS lake (DATA_PATH 's3://nowhere/lake/')`);
    await connection.run('CREATE TABLE lake.t AS SELECT 1 AS a');
  },
  iceberg: (connection) => connection.run('SELECT * FROM iceberg_scan(\'s3://nowhere/table/metadata/v1.metadata.json\')'),
};

describeWithOfficialExtensions('the dependencies of extensions', () => {
  const pairs = Object.entries(DEPENDENCIES).flatMap(([name, needs]) => Object.keys(needs).map((dependency) => [name, dependency] as const));

  it.each(Object.keys(DEPENDENCIES))('are enough for %s', async (name) => {
    expect(await complaint(name, Object.keys(DEPENDENCIES[name]))).not.toMatch(/extension/i);
  });

  it.each(pairs)('are not too many: %s needs %s', async (name, dependency) => {
    const others = Object.keys(DEPENDENCIES[name]).filter((each) => each !== dependency);

    expect(await complaint(name, others)).toMatch(new RegExp(`extension[^]*${dependency}`, 'i'));
  });
});

/** What DuckDB says of a use of an extension where only certain others are at hand. */
async function complaint(name: string, others: readonly string[]): Promise<string> {
  const folder = temporaryDirectory();
  const names = [...others, name];
  const official = officialDirectory(names, THIS_MACHINE);
  for (const each of names) {
    const file = extensionFile(folder, each, THIS_MACHINE);
    mkdirSync(dirname(file), { recursive: true });
    copyFileSync(extensionFile(official, each, THIS_MACHINE), file);
  }
  const instance = await DuckDBInstance.create(':memory:', {
    extension_directory: folder, home_directory: folder, autoinstall_known_extensions: 'false', autoload_known_extensions: 'false',
  });
  try {
    const connection = await instance.connect();
    for (const each of names) await connection.run(`LOAD ${each}`);
    for (const setting of others.includes('httpfs') ? ['http_retries = 0', 'http_timeout = 1', 's3_endpoint = \'127.0.0.1:1\''] : []) {
      await connection.run(`SET ${setting}`);
    }
    await USES[name](connection, folder);
    return '';
  } catch (error) {
    return (error as Error).message;
  } finally {
    instance.closeSync();
  }
}
