import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { startMirror } from './mirror';
import { writeOrders } from '../../examples/sales/orders';
import { CONTAINER_HOST, startAws, startPostgres, startS3, type AwsServer, type PostgresServer } from '../../test/bed';
import { boto } from '../../test/lib-runtime/boto';
import { extensionFile, signedExtensions } from '../../test/lib-runtime/signed-extensions';
import { s3Access } from '../harness/s3-access';

export const LAKE = 'my-data-lake';
export const PASSWORD_PARAMETER = '/benchmark/password';
const USER = 'reader';
const PASSWORD = 'not a secret';
const USERS = 10_000;
/** Dependencies first. */
export const EXTENSIONS = ['httpfs', 'aws', 'postgres_scanner', 'ducklake'];

/** The servers with the queries' data, on this machine. */
export interface Servers {
  /** The environment that any contender needs to reach them. */
  readonly environment: Readonly<Record<string, string>>;
  /** The lake's files. In Lambda, they would not be on the disk. */
  readonly lakeFiles: readonly string[];
  stop(): Promise<void>;
}

/** Starts the servers and fills them. */
export async function startServers(): Promise<Servers> {
  const mirrored = await signedExtensions(...EXTENSIONS);
  const [s3, postgres, aws, mirror] = await Promise.all([startS3(), startPostgres(), startAws(), startMirror(mirrored, EXTENSIONS)]);
  const stop = async () => { await Promise.all([s3, postgres, aws, mirror].map((server) => server.stop())); };
  try {
    await Promise.all([fillLake(join(s3.dir, LAKE)), fillPostgres(postgres), fillAws(aws)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    stop,
    environment: {
      ...s3Access(s3),
      AWS_ENDPOINT_URL_SSM: `http://${CONTAINER_HOST}:${aws.port}`,
      PGHOST: CONTAINER_HOST,
      PGPORT: `${postgres.port}`,
      PGDATABASE: postgres.database,
      PGUSER: USER,
      PASSWORD_PARAMETER,
      EXTENSION_MIRROR: mirror.url,
      DUCKLAKE: `s3://${LAKE}/sales.ducklake`,
    },
    lakeFiles: readdirSync(s3.dir, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(parquet|ducklake)$/.test(name)).map((name) => join(s3.dir, name)),
  };
}

async function fillLake(bucket: string): Promise<void> {
  mkdirSync(bucket, { recursive: true });
  await writeOrders(bucket);
  await writeDuckLake(bucket);
}

/** A read-only DuckLake. Its catalog is a file beside its data. */
async function writeDuckLake(bucket: string): Promise<void> {
  const directory = await signedExtensions('ducklake');
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  for (const sql of [
    `LOAD '${extensionFile(directory, 'ducklake')}'`,
    `ATTACH 'ducklake:${bucket}/sales.ducklake' AS ducklake (DATA_PATH '${bucket}/sales/', OVERRIDE_DATA_PATH true)`,
    `CREATE TABLE ducklake.orders AS SELECT * EXCLUDE (month) FROM read_parquet('${bucket}/orders/month=2025-12/*.parquet') ORDER BY order_id`,
    `UPDATE __ducklake_metadata_ducklake.ducklake_metadata SET value = 's3://${LAKE}/sales/' WHERE key = 'data_path'`,
  ]) await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}

async function fillPostgres(postgres: PostgresServer): Promise<void> {
  await postgres.query(`
    CREATE ROLE ${USER} LOGIN PASSWORD '${PASSWORD}';
    CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, category text NOT NULL);
    INSERT INTO users SELECT i, 'user ' || i, (ARRAY['books', 'garden', 'kitchen', 'music', 'sports', 'toys'])[1 + i % 6] FROM generate_series(1, ${USERS}) i;
    CREATE TABLE targets (category text PRIMARY KEY, revenue integer NOT NULL);
    INSERT INTO targets VALUES ('books', 3000000), ('toys', 15000000), ('music', 99000000);
    GRANT SELECT ON users, targets TO ${USER}; ANALYZE`);
}

async function fillAws(aws: AwsServer): Promise<void> {
  await boto(aws, `boto3.client('ssm', region_name='us-east-1').put_parameter(Name='${PASSWORD_PARAMETER}', Type='SecureString', Value='${PASSWORD}')`);
}
