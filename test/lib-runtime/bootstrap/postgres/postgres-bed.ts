import { startAws, startPostgres, type AwsServer, type PostgresServer, type PostgresOptions } from '../../../bed';
import { type Front, frontOf } from '../../front';
import { config } from '../../runtime-config';
import { signedExtensions } from '../../signed-extensions';

/** A PostgreSQL server, and an SSM that keeps the passwords of its users. */
export interface PostgresBed {
  readonly postgres: PostgresServer;
  /** Before SSM: counts what is asked of it. */
  readonly ssm: Front;
  /** Sets the password of `user`, who is made if need be, and what the parameter `/postgres/USER` holds, which is the same unless given. */
  setPassword(user: string, password: string, parameter?: string): Promise<void>;
  /** The runtime's environment, with these bootstrap steps. */
  environment(steps: object[], more?: { extensions?: string[]; settings?: Record<string, unknown> }): Promise<Record<string, string>>;
  /** The step `postgres`, with changes to its configuration. */
  step(changes?: object, name?: string): { name: string; type: string; provides: string[]; config: object };
  /** How many connections a step of this `applicationName` has. */
  connections(applicationName: string): Promise<number>;
  stop(): Promise<void>;
}

export async function startPostgresBed(options?: PostgresOptions): Promise<PostgresBed> {
  const [postgres, aws]: [PostgresServer, AwsServer] = await Promise.all([startPostgres(options), startAws()]);
  const ssm = await frontOf(aws.endpoint);
  const bed: PostgresBed = {
    postgres,
    ssm,
    setPassword: async (user, password, parameter = password) => {
      const literal = `'${password.replaceAll("'", "''")}'`;
      const [exists] = await postgres.query(`SELECT 1 FROM pg_roles WHERE rolname = '${user}'`);
      await postgres.query(`${exists ? 'ALTER' : 'CREATE'} ROLE ${user} LOGIN PASSWORD ${literal}; GRANT pg_read_all_data TO ${user}`);
      await putParameter(aws, `/postgres/${user}`, parameter);
    },
    environment: async (steps, more = {}) => ({
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'tpch', 'postgres_scanner'),
      UV_THREADPOOL_SIZE: '16',
      AWS_ENDPOINT_URL_SSM: ssm.endpoint,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'an-access-key',
      AWS_SECRET_ACCESS_KEY: 'a-secret-access-key',
      ...config({ extensions: ['postgres_scanner'], steps: steps as [], ...more }),
    }),
    step: (changes = {}, name = 'postgres') => {
      const stepConfig = {
        host: '127.0.0.1', port: postgres.port, database: postgres.database, user: 'reader', password: { ssm: '/postgres/reader' }, catalog: 'pg_replica', ...changes,
      };
      return { name, type: 'postgres', provides: [stepConfig.catalog], config: stepConfig };
    },
    connections: async (applicationName) => {
      const [row] = await postgres.query(`SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = '${applicationName}'`);
      return row.n;
    },
    stop: async () => void await Promise.all([postgres.stop(), ssm.stop(), aws.stop()]),
  };
  await bed.setPassword('reader', "it's $ecret");
  await postgres.query("CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 1000) i");
  return bed;
}

/** At once, as the database has the new password already: Python would take a second. This server checks no signature. */
async function putParameter(aws: AwsServer, name: string, value: string): Promise<void> {
  const response = await fetch(aws.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AmazonSSM.PutParameter',
      'authorization': 'AWS4-HMAC-SHA256 Credential=key/20260101/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=none',
    },
    body: JSON.stringify({ Name: name, Value: value, Type: 'SecureString', Overwrite: true }),
  });
  if (!response.ok) throw new Error(`the parameter was not taken: ${response.status} ${await response.text()}`);
}
