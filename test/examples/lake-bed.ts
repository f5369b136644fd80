import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import { DatabaseInstance, type IDatabaseInstance } from 'aws-cdk-lib/aws-rds';
import { handlerOf } from './handlers';
import { startFarS3, startPostgres, type FarS3Server, type PostgresServer } from '../bed';
import { startAnswering } from '../contract/performed';
import { freshRuntime, type Runtime } from '../lib-runtime/fresh-runtime';
import { type PostgresFront, postgresFrontOf } from '../lib-runtime/postgres-front';
import { signedExtensions } from '../lib-runtime/signed-extensions';

/** Where the stack of an example with a lake is declared. */
export interface LakeSurroundings {
  readonly app: App;
  readonly env: { readonly account: string; readonly region: string };
  readonly vpc: IVpc;
  readonly database: IDatabaseInstance;
}

/** S3, and PostgreSQL with the catalog of a lake, for the functions of an example. */
export interface LakeBed {
  readonly s3: FarS3Server;
  readonly postgres: PostgresServer;
  /** Between the functions and PostgreSQL. */
  readonly front: PostgresFront;
  /** Makes the roles of the lake, as examples/lakehouse does. */
  makeRoles(): Promise<void>;
  /** The environment of a function of the example's stack. Nothing here knows IAM, so it signs in to PostgreSQL with a password. */
  environmentOf(id: string): Promise<Record<string, string>>;
  runtimeOf(id: string): Promise<Runtime>;
  stop(): Promise<void>;
}

/** Makes a bucket for each name. A bucket of the stack has its id as name, in lower case. */
export async function startLakeBed(stackOf: (surroundings: LakeSurroundings) => Stack, buckets: readonly string[]): Promise<LakeBed> {
  const [s3, postgres, secrets] = await Promise.all([startFarS3({ delayMs: 0, tls: false }), startPostgres({ tls: false, database: 'lakehouse' }), startAnswering()]);
  for (const bucket of buckets) mkdirSync(join(s3.dir, bucket), { recursive: true });
  const front = await postgresFrontOf(postgres.port);
  // RDS has the role of IAM. Its master user may make roles, and is not a superuser.
  await postgres.query(`CREATE ROLE rds_iam; CREATE ROLE owner LOGIN CREATEROLE PASSWORD 'owner'; ALTER DATABASE lakehouse OWNER TO owner;
    GRANT rds_iam TO owner WITH ADMIN OPTION`);
  const env = { account: '111111111111', region: 'eu-west-1' };
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  const around = new Stack(app, 'Around', { env });
  const database = DatabaseInstance.fromDatabaseInstanceAttributes(around, 'Database', {
    instanceIdentifier: 'lakehouse', instanceEndpointAddress: '127.0.0.1', port: front.port, securityGroups: [], instanceResourceId: 'db-ABC',
  });
  const template = Template.fromStack(stackOf({ app, env, vpc: new Vpc(around, 'Vpc', { natGateways: 0 }), database }));

  const environmentOf = async (id: string) => {
    const [fn] = Object.entries(template.findResources('AWS::Lambda::Function')).filter(([name]) => name.startsWith(id)).map(([, { Properties }]) => Properties);
    const { DUCKDB_LAMBDA_CONFIG: config, ...environment } = fn.Environment.Variables;
    return {
      ...environment,
      DUCKDB_LAMBDA_CONFIG: deployed(config).replace(/"user":"(\w+)","iam":true/g, '"user":"$1","password":{"ssm":"/$1"},"tls":"disable"'),
      DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'postgres_scanner', 'ducklake'),
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.MemorySize),
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ENDPOINT_URL_SSM: secrets.endpoint,
    };
  };
  return {
    s3,
    postgres,
    front,
    makeRoles: async () => {
      const runtime = freshRuntime({ DUCKDB_EXTENSIONS_DIR: await signedExtensions('postgres_scanner') });
      await runtime.cursor(async (c) => {
        await c.execute(`CREATE TEMPORARY SECRET owner (TYPE postgres, HOST '127.0.0.1', PORT '${postgres.port}', DATABASE 'lakehouse', USER 'owner', PASSWORD 'owner')`);
        await c.execute("ATTACH '' AS lakehouse (TYPE postgres, SECRET owner)");
      });
      await handlerOf('lakehouse/roles.ts', runtime)({});
      await postgres.query("ALTER ROLE lake_writer PASSWORD 'value of /lake_writer'; ALTER ROLE lake_reader PASSWORD 'value of /lake_reader'");
    },
    environmentOf,
    runtimeOf: async (id) => freshRuntime(await environmentOf(id)),
    stop: async () => {
      secrets.stop();
      await front.stop();
      await Promise.all([postgres.stop(), s3.stop()]);
    },
  };
}

/** What CloudFormation makes of a function's configuration. */
function deployed(config: any): string {
  if (typeof config === 'string') return config;
  return config['Fn::Join'][1].map((part: any) => (typeof part === 'string' ? part : part.Ref.replace(/[0-9A-F]{8}$/, '').toLowerCase())).join('');
}
