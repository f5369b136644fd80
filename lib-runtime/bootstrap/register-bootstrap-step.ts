import { RegisteredStep } from './registered-step';
import { isBuiltIn, registerStepType } from './step-registry';
import type { BootstrapStepFactory, BootstrapStepType } from './step-type';
import type { StepConfig } from '../base/config';
import { ConfigError } from '../base/errors';
import { textArgument } from '../base/options';
import { shown } from '../base/shown';

/**
 * Registers a type of bootstrap step of your own, for an `IBootstrapStep` whose `bind` returns that type. Call it at module scope.
 *
 *     registerBootstrapStep('weather', {
 *       run: async (connection, config, { secret }) => {
 *         await connection.run('CREATE OR REPLACE SECRET weather (TYPE http, BEARER_TOKEN $token)', { token: await secret(config.token) });
 *       },
 *       diagnose: (error) => (error.includes('HTTP 401') ? 'refused' : undefined),
 *     });
 *
 * In place of the step, you can pass a function that creates it. The function is called once for each DuckDB instance.
 *
 * Throws `CONFIG` for a type that is built in, and for a step without a function `run`.
 */
export function registerBootstrapStep(type: string, step: BootstrapStepType | BootstrapStepFactory): void {
  textArgument('the type of a bootstrap step', type);
  if (isBuiltIn(type)) throw new ConfigError(`the bootstrap step type "${type}" is built in: register yours under another name`);
  if (typeof step !== 'function') checkStep(type, step);
  registerStepType(type, (declared) => new RegisteredStep(declared, typeof step === 'function' ? madeStep(declared, step) : step));
}

function madeStep(declared: StepConfig, make: BootstrapStepFactory): BootstrapStepType {
  const made = make({ name: declared.name, config: declared.config });
  checkStep(declared.type, made);
  return made;
}

function checkStep(type: string, step: BootstrapStepType): void {
  if (typeof runOf(step) === 'function') return;
  throw new ConfigError(`the bootstrap step type "${type}" is ${shown(step)}, expected an object with a function run`);
}

function runOf(step: BootstrapStepType | undefined): unknown {
  try {
    return step?.run;
  } catch {
    return undefined;
  }
}
