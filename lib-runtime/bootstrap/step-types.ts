import { createRequire } from 'node:module';
import { MotherDuckBootstrapStep } from './motherduck';
import { PostgresBootstrapStep } from './postgres';
import { RegisteredStep } from './registered';
import { S3BootstrapStep } from './s3';
import { SqlBootstrapStep } from './sql';
import type { BootstrapStep } from './step';
import { ENVIRONMENT_S3, type StepConfig } from '../base/config';

// A name of its own, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** What reaches S3 where no stack has declared any. */
const environmentS3 = () => requireFromHere('./environment-s3') as typeof import('./environment-s3');

type StepMaker = (config: StepConfig, env: NodeJS.ProcessEnv, timeoutSeconds: number | undefined) => BootstrapStep;

/** How each built-in type of step is performed. */
const STEP_TYPES: ReadonlyMap<string, StepMaker> = new Map<string, StepMaker>([
  [ENVIRONMENT_S3, (config, env) => new (environmentS3().EnvironmentS3Step)(config, env)],
  ['motherduck', (config, env) => new MotherDuckBootstrapStep(config, env)],
  ['postgres', (config, env, timeoutSeconds) => new PostgresBootstrapStep(config, env, timeoutSeconds)],
  ['s3', (config, env) => new S3BootstrapStep(config, env)],
  ['sql', (config) => new SqlBootstrapStep(config)],
]);

/** The declared steps, ready to run on an instance; an invocation lasts `timeoutSeconds` at most. Throws `CONFIG` for what is not a step. */
export function makeSteps(steps: readonly StepConfig[], env: NodeJS.ProcessEnv, timeoutSeconds?: number): readonly BootstrapStep[] {
  return steps.map((step) => STEP_TYPES.get(step.type)?.(step, env, timeoutSeconds) ?? new RegisteredStep(step));
}
