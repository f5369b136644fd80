import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FarS3Server, S3Server } from '../../bed';
import { temporaryDirectory } from '../../temporary-directory';
import { config } from '../runtime-config';

/** A folder with the given queries, by their names. */
export function queryFolder(queries: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory();
  for (const [name, sql] of Object.entries(queries)) {
    const file = join(directory, `${name}.sql`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, sql);
  }
  return directory;
}

/** The environment of a function that writes results to the bucket `results`; `parts` are of its configuration. */
export function resultsEnvironment(s3: S3Server | FarS3Server, baked: string, parts: Parameters<typeof config>[0] = {}): Record<string, string> {
  mkdirSync(join(s3.dir, 'results'), { recursive: true });
  return {
    DUCKDB_EXTENSIONS_DIR: baked,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_REGION: s3.region,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    ...config({
      extensions: ['httpfs'],
      steps: [{ name: 'results', type: 's3', config: { scopes: ['s3://results/out/'] } }],
      results: { location: 's3://results/out/' },
      ...parts,
    }),
  };
}

/** Removes all results from the servers, each of which then has the bucket. */
export function removeResults(...servers: ReadonlyArray<S3Server | FarS3Server>): void {
  for (const { dir } of servers) {
    rmSync(join(dir, 'results'), { recursive: true, force: true });
    mkdirSync(join(dir, 'results'));
  }
}

/** The keys of all objects in the bucket of the results. */
export function resultKeys(s3: S3Server): string[] {
  const root = join(s3.dir, 'results');
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)).sort();
}

/** What an `s3://` URL holds, read without S3. */
export function objectText(s3: S3Server, url: string): string {
  return readFileSync(objectPath(s3, url), 'utf8');
}

export function objectPath(s3: S3Server, url: string): string {
  return join(s3.dir, url.replace('s3://', ''));
}
