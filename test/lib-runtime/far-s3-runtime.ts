import { config } from './runtime-config';
import type { FarS3Server } from '../bed';

/** What a function of 1,769 MB has in its environment to read the far S3 with the baked extensions; `parts` are of its configuration. */
export function farS3Environment(s3: FarS3Server, baked: string, parts: Parameters<typeof config>[0] = {}): Record<string, string> {
  return {
    DUCKDB_EXTENSIONS_DIR: baked,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_REGION: s3.region,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
    ...config({
      extensions: ['httpfs'],
      steps: [{ name: 's3', type: 's3', config: { scopes: ['s3://lake/'] } }],
      ...parts,
      settings: { ca_cert_file: s3.caFile, ...parts.settings },
    }),
  };
}
