// Does the same as examples/sales/sales.ts, written by hand directly on DuckDB's client.
import { DuckDBInstance, version } from '@duckdb/node-api';

const env = process.env;
const SQL = `
  SELECT month, category, count(*) AS orders, sum(amount) AS revenue
  FROM read_parquet('s3://${process.env.LAKE}/orders/*/*.parquet', hive_partitioning = true, hive_types = {'month': VARCHAR})
  GROUP BY month, category
  QUALIFY row_number() OVER (PARTITION BY month ORDER BY revenue DESC) = 1
  ORDER BY month
`;

const connecting = open();

async function open() {
  const instance = await DuckDBInstance.create(':memory:', { home_directory: env.TMPDIR, allow_persistent_secrets: 'false' });
  const connection = await instance.connect();
  await connection.run(`LOAD '${env.DUCKDB_EXTENSIONS_DIR}/${version()}/linux_${process.arch === 'x64' ? 'amd64' : 'arm64'}/httpfs.duckdb_extension'`);
  await connection.run(`CREATE SECRET (TYPE s3, KEY_ID '${env.AWS_ACCESS_KEY_ID}', SECRET '${env.AWS_SECRET_ACCESS_KEY}',
    REGION '${env.AWS_REGION}', ENDPOINT '${new URL(env.AWS_ENDPOINT_URL_S3).host}', USE_SSL false, URL_STYLE 'path')`);
  return connection;
}

export async function handler() {
  const connection = await connecting;
  const reader = await connection.runAndReadAll(SQL);
  return reader.getRowObjectsJson();
}
