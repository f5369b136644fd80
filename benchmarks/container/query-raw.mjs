// Runs SETUP and then QUERY on DuckDB's client alone, with the settings in SETTINGS.
import { DuckDBInstance, version } from '@duckdb/node-api';
import { outcomeOf } from './query-outcome.mjs';

const { env } = process;

export async function handler() {
  const settings = JSON.parse(env.SETTINGS);
  const instance = await DuckDBInstance.create(':memory:', { home_directory: '/tmp', allow_unsigned_extensions: 'true' });
  const connection = await instance.connect();
  await connection.run(`LOAD '${env.DUCKDB_EXTENSIONS_DIR}/${version()}/linux_${process.arch === 'x64' ? 'amd64' : 'arm64'}/httpfs.duckdb_extension'`);
  for (const [name, value] of Object.entries(settings)) await connection.run(`SET GLOBAL ${name} = '${value}'`);
  await connection.run(`CREATE SECRET (TYPE s3, KEY_ID '${env.AWS_ACCESS_KEY_ID}', SECRET '${env.AWS_SECRET_ACCESS_KEY}',
    REGION '${env.AWS_REGION}', ENDPOINT '${new URL(env.AWS_ENDPOINT_URL_S3).host}', USE_SSL false, URL_STYLE 'path')`);
  await connection.run(env.SETUP);
  return outcomeOf(async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson(), settings.temp_directory);
}
