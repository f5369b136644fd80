// The usual Node.js way: extensions are installed at run time; the SDK fetches the password; nothing is bundled.
import { DuckDBInstance } from '@duckdb/node-api';

const { env } = process;
const has = (step) => env.STEPS.split(' ').includes(step);

let connecting;

export async function handler() {
  const connection = await (connecting ??= connect());
  const reader = await connection.runAndReadAll(env.SQL);
  return reader.getRowObjectsJson();
}

async function connect() {
  const instance = await DuckDBInstance.create(':memory:', { home_directory: env.TMPDIR });
  const connection = await instance.connect();
  // The mirror stands in for DuckDB's own repository, at no distance.
  await connection.run(`SET custom_extension_repository = '${env.EXTENSION_MIRROR}'`);
  const extensions = [...has('s3') ? ['httpfs', 'aws'] : [], ...has('postgres') ? ['postgres'] : [], ...has('ducklake') ? ['ducklake'] : []];
  // Installs all before the first LOAD: once httpfs is loaded, DuckDB insists on TLS, which the mirror does not have.
  for (const name of extensions) await connection.run(`INSTALL ${name}`);
  for (const name of extensions) await connection.run(`LOAD ${name}`);
  if (has('s3')) await accessS3(connection);
  if (has('postgres')) await attachPostgres(connection);
  if (has('ducklake')) await connection.run(`ATTACH 'ducklake:${env.DUCKLAKE}' AS ducklake (READ_ONLY)`);
  return connection;
}

async function accessS3(connection) {
  await connection.run(`CREATE SECRET s3 (TYPE s3, PROVIDER credential_chain, CHAIN 'env', REGION '${env.AWS_REGION}',
    ENDPOINT '${new URL(env.AWS_ENDPOINT_URL_S3).host}', USE_SSL false, URL_STYLE 'path')`);
}

async function attachPostgres(connection) {
  const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
  const { Parameter } = await new SSMClient().send(new GetParameterCommand({ Name: env.PASSWORD_PARAMETER, WithDecryption: true }));
  const login = `host=${env.PGHOST} port=${env.PGPORT} dbname=${env.PGDATABASE} user=${env.PGUSER} password='${Parameter.Value}' sslmode=require`;
  await connection.run(`ATTACH '${login.replaceAll('\'', '\'\'')}' AS pg_replica (TYPE postgres, READ_ONLY)`);
}
