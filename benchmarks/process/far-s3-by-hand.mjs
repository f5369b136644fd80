// DuckDB's client alone. What its options do not say is as DuckDB has it.
import { DuckDBInstance } from '@duckdb/node-api';

export async function open({ settings, extension, s3 }) {
  const instance = await DuckDBInstance.create(':memory:', settings);
  const setUp = await instance.connect();
  await setUp.run(`LOAD '${extension}'; SET GLOBAL ca_cert_file = '${s3.caFile}'`);
  await setUp.run(`CREATE SECRET (TYPE s3, KEY_ID '${s3.accessKeyId}', SECRET '${s3.secretAccessKey}', REGION '${s3.region}',
    ENDPOINT '${new URL(s3.endpoint).host}', URL_STYLE 'path')`);
  return {
    async run(sql) {
      const connection = await instance.connect();
      try {
        return (await connection.runAndReadAll(sql)).getRowObjectsJson();
      } finally {
        connection.closeSync();
      }
    },
  };
}
