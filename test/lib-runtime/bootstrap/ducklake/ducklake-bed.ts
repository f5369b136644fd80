import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type FarS3Server, startFarS3 } from '../../../bed';
import { type PostgresBed, startPostgresBed } from '../postgres/postgres-bed';

/** PostgreSQL, S3 and an SSM with the passwords, for lakes. The role `writer` may make lakes, the role `reader` may read them. */
export interface DuckLakeBed {
  readonly postgres: PostgresBed;
  readonly s3: FarS3Server;
  /** The runtime's environment, with these bootstrap steps. */
  environment(steps: object[], more?: { extensions?: string[]; settings?: Record<string, unknown> }): Promise<Record<string, string>>;
  /** A step that reads the lake, with changes to its configuration. */
  reader(changes?: object, name?: string): { name: string; type: string; provides: string[]; config: object };
  /** A step that writes to the lake, and makes it if it is missing. */
  writer(changes?: object, name?: string): { name: string; type: string; provides: string[]; config: object };
  stop(): Promise<void>;
}

export const WRITER_PASSWORD = "the writer's $ecret";

export const LAKE_EXTENSIONS = ['httpfs', 'postgres_scanner', 'ducklake'];

/** Without `tls`, a `PostgresFront` can read what is sent to PostgreSQL. */
export async function startDuckLakeBed({ tls = true }: { tls?: boolean } = {}): Promise<DuckLakeBed> {
  const [postgres, s3] = await Promise.all([startPostgresBed({ tls }), startFarS3({ tls: false })]);
  mkdirSync(join(s3.dir, 'lake'));
  await postgres.setPassword('writer', WRITER_PASSWORD);
  await postgres.postgres.query(`GRANT CREATE ON DATABASE ${postgres.postgres.database} TO writer; GRANT CREATE ON SCHEMA public TO writer`);
  const step = (user: string, changes: object, name: string) => {
    const { port, database } = postgres.postgres;
    const config = {
      catalog: 'lake',
      dataPath: 's3://lake/data/',
      host: '127.0.0.1',
      port,
      database,
      user,
      password: { ssm: `/postgres/${user}` },
      s3: { scopes: ['s3://lake/data/'], region: s3.region },
      ...!tls && { tls: 'disable' },
      ...changes,
    };
    return { name, type: 'ducklake', provides: [config.catalog], config };
  };
  return {
    postgres,
    s3,
    environment: async (steps, more = {}) => ({
      ...await postgres.environment(steps, { extensions: LAKE_EXTENSIONS, ...more }),
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    }),
    reader: (changes = {}, name = 'lake') => step('reader', changes, name),
    writer: (changes = {}, name = 'lake') => step('writer', { access: 'WRITE', createIfMissing: true, ...changes }, name),
    stop: async () => void await Promise.all([postgres.stop(), s3.stop()]),
  };
}
