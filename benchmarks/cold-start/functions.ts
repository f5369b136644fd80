import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { EXTENSIONS, LAKE, PASSWORD_PARAMETER, type Servers } from './servers';
import type { StepName, Workload } from './workloads';
import { repositoryRoot } from '../../test/bed';
import { buildFunction, synthesiseFunction, type BuiltFunction } from '../harness/image';
import {
  BootstrapMode, DuckDbExtension, DuckDbFunction, IBootstrapStep, PostgresCredentials, PostgresEndpoint, PostgresStep, S3Step, SecretSource, SqlStep,
} from 'cdk-duckdb-lambda';

/** One image for all workloads, with the extensions of all contenders. A process reads only the extensions that it loads. */
export function buildSharedImage(): Promise<BuiltFunction> {
  return buildFunction('cold-start', (app, image) => {
    new DuckDbFunction(new Stack(app, 'Shared'), 'Function', {
      ...image, entry: ENTRY, extensions: EXTENSIONS.map((name) => DuckDbExtension.core(name)),
    });
  });
}

/** The environment of a function that declares only what a workload needs. */
export async function environmentOf(workload: Workload, mode: BootstrapMode, servers: Servers): Promise<Readonly<Record<string, string>>> {
  const { environment } = await synthesiseFunction(...functionFor(workload, mode, servers));
  return environment;
}

/** The image of such a function. */
export function buildWorkloadImage(workload: Workload, mode: BootstrapMode, servers: Servers): Promise<BuiltFunction> {
  return buildFunction(...functionFor(workload, mode, servers));
}

function functionFor({ name, steps }: Workload, mode: BootstrapMode, servers: Servers): Parameters<typeof synthesiseFunction> {
  return [`cold-start-${name.replace(/\W+/g, '-')}-${mode}`, (app, image) => {
    const stack = new Stack(app, 'Workload');
    new DuckDbFunction(stack, 'Function', {
      ...image, entry: ENTRY, bootstrap: steps.map((step) => STEPS[step](stack, servers)), bootstrapMode: mode,
    });
  }];
}

const ENTRY = join(repositoryRoot, 'benchmarks', 'handlers', 'answer.ts');

const STEPS: Readonly<Record<StepName, (stack: Stack, servers: Servers) => IBootstrapStep>> = {
  s3: (stack) => new S3Step({ buckets: [Bucket.fromBucketName(stack, 'Lake', LAKE)] }),
  postgres: (stack, { environment }) => new PostgresStep({
    endpoint: PostgresEndpoint.fromHost(environment.PGHOST, { port: Number(environment.PGPORT) }),
    database: environment.PGDATABASE,
    schema: 'public',
    credentials: PostgresCredentials.fromPassword(environment.PGUSER, SecretSource.fromSsmParameter(
      StringParameter.fromSecureStringParameterAttributes(stack, 'Password', { parameterName: PASSWORD_PARAMETER }))),
  }),
  ducklake: (_, { environment }) => new SqlStep({
    name: 'ducklake',
    extensions: [DuckDbExtension.core('ducklake')],
    statements: [`ATTACH 'ducklake:${environment.DUCKLAKE}' AS ducklake (READ_ONLY)`],
    provides: ['ducklake'],
  }),
};
