import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startFarS3, startIcebergRest, type FarS3Server, type IcebergRestOptions, type IcebergRestServer } from '../../../bed';
import { type Front, frontOf } from '../../front';
import { config } from '../../runtime-config';
import { signedExtensions } from '../../signed-extensions';

/** An Iceberg REST catalog over an S3 server. */
export interface IcebergBed {
  readonly s3: FarS3Server;
  readonly rest: IcebergRestServer;
  /** Before the catalog: counts requests, and answers with faults. */
  readonly catalog: Front;
  /** Before the S3 server, for DuckDB's requests; the catalog does not use it. */
  readonly data: Front;
  /** The step `iceberg`, which reads; `changes` are of its configuration. */
  step(changes?: object): { name: string; type: string; provides: string[]; config: object };
  /** The environment of a function of 1,769 MB with these steps. */
  environment(steps: object[], more?: { settings?: Record<string, unknown>; timeoutSeconds?: number }): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

export const WRITE = { access: 'WRITE' };

export async function startIcebergBed(options?: IcebergRestOptions): Promise<IcebergBed> {
  const s3 = await startFarS3({ tls: false });
  mkdirSync(join(s3.dir, 'lake'));
  const rest = await startIcebergRest(s3, options);
  const [catalog, data] = await Promise.all([frontOf(rest.endpoint), frontOf(s3.endpoint)]);
  return {
    s3,
    rest,
    catalog,
    data,
    step: (changes = {}) => ({
      name: 'iceberg',
      type: 'iceberg',
      provides: ['iceberg'],
      config: { catalog: 'iceberg', source: 'rest', endpoint: catalog.endpoint, s3: { scopes: [`s3://${rest.bucket}/`] }, ...changes },
    }),
    environment: async (steps, more = {}) => ({
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'avro', 'iceberg'),
      UV_THREADPOOL_SIZE: '16',
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: s3.region,
      AWS_ENDPOINT_URL_S3: data.endpoint,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
      ...config({ extensions: ['httpfs', 'avro', 'iceberg'], steps: steps as [], ...more }),
    }),
    stop: async () => void await Promise.all([catalog.stop(), data.stop(), rest.stop(), s3.stop()]),
  };
}
