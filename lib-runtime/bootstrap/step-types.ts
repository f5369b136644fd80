import { createRequire } from 'node:module';
import { LateStep } from './late-step';
import { MotherDuckBootstrapStep } from './motherduck';
import { PostgresBootstrapStep } from './postgres/postgres';
import { S3BootstrapStep } from './s3/s3';
import { SqlBootstrapStep } from './sql';
import type { BootstrapStep } from './step';
import { registerBuiltIn, stepFactory, type StepEnvironment } from './step-registry';
import { ENVIRONMENT_S3, type StepConfig } from '../base/config';

// A distinct name, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** The step that attaches a DuckLake. */
const duckLake = () => requireFromHere('./ducklake/ducklake') as typeof import('./ducklake/ducklake');

/** The step that gives access to S3 without a stack that declares it. */
const environmentS3 = () => requireFromHere('./s3/environment-s3') as typeof import('./s3/environment-s3');

/** The step that attaches an Iceberg catalog. */
const iceberg = () => requireFromHere('./iceberg/iceberg') as typeof import('./iceberg/iceberg');

registerBuiltIn('ducklake', (step, { env, timeoutSeconds }) => new (duckLake().DuckLakeBootstrapStep)(step, env, timeoutSeconds));
registerBuiltIn(ENVIRONMENT_S3, (step, { env }) => new (environmentS3().EnvironmentS3Step)(step, env));
registerBuiltIn('iceberg', (step, environment) => new (iceberg().IcebergBootstrapStep)(step, environment));
registerBuiltIn('motherduck', (step, { env }) => new MotherDuckBootstrapStep(step, env));
registerBuiltIn('postgres', (step, { env, timeoutSeconds }) => new PostgresBootstrapStep(step, env, timeoutSeconds));
registerBuiltIn('s3', (step, { env }) => new S3BootstrapStep(step, env));
registerBuiltIn('sql', (step) => new SqlBootstrapStep(step));

/** The declared steps, ready to run on an instance. Throws `CONFIG` for a configuration that a step cannot read. */
export function makeSteps(steps: readonly StepConfig[], environment: StepEnvironment): readonly BootstrapStep[] {
  return steps.map((step) => stepFactory(step.type)?.(step, environment) ?? new LateStep(step, environment));
}
