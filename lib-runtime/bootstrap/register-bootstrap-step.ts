import { RegisteredStep } from './registered-step';
import { isBuiltIn, registerStepType } from './step-registry';
import type { BootstrapStepFactory, BootstrapStepType } from './step-type';
import type { StepConfig } from '../base/config';
import { didYouMean } from '../base/did-you-mean';
import { ConfigError, fullMessageOf } from '../base/errors';
import { type Check, FLAG, textArgument, TEXTS } from '../base/options';
import { shown } from '../base/shown';

/**
 * Registers a type of bootstrap step of your own, for an `IBootstrapStep` whose `bind` returns that type. Call it at module scope.
 *
 * In place of the step, you can pass a function that creates it. The function is called once for each DuckDB instance.
 *
 * Throws `CONFIG` for a type that is built in, for a step without a function `run`, and for parts that do not exist or have the wrong type.
 *
 * @example
 * registerBootstrapStep('weather', {
 *   run: async (connection, config, { secret }) => {
 *     await connection.run('CREATE OR REPLACE SECRET weather (TYPE http, BEARER_TOKEN $token)', { token: await secret(config.token) });
 *   },
 *   diagnose: (error) => (error.includes('HTTP 401') ? 'refused' : undefined),
 * });
 */
export function registerBootstrapStep(type: string, step: BootstrapStepType | BootstrapStepFactory): void {
  textArgument('the type of a bootstrap step', type);
  if (isBuiltIn(type)) throw new ConfigError(`the bootstrap step type "${type}" is built in: register yours under another name`);
  if (typeof step !== 'function') checkStep(type, step);
  registerStepType(type, (declared) => new RegisteredStep(declared, typeof step === 'function' ? madeStep(declared, step) : step));
}

function madeStep({ name, type, config }: StepConfig, make: BootstrapStepFactory): BootstrapStepType {
  let made: BootstrapStepType;
  try {
    made = make({ name, config });
  } catch (cause) {
    throw new ConfigError(`the function that creates bootstrap steps of the type "${type}" threw: ${fullMessageOf(cause)}`, { cause });
  }
  checkStep(type, made);
  return made;
}

const FUNCTION: Check = { expected: 'a function', isRight: (value) => typeof value === 'function' };
const PARTS: Readonly<Record<keyof BootstrapStepType, Check>> = {
  run: FUNCTION, renew: FUNCTION, diagnose: FUNCTION, isStale: FUNCTION, runsImmediately: FLAG, secrets: TEXTS,
};

/** A class instance may have other members of its own; of a plain object, an unknown part is a misspelt one. */
function checkStep(type: string, step: BootstrapStepType): void {
  const what = `the bootstrap step type "${type}"`;
  if (typeof runOf(step) !== 'function') throw new ConfigError(`${what} is ${shown(step)}, expected an object with a function run`);
  for (const [part, { expected, isRight }] of Object.entries(PARTS)) {
    const value = step[part as keyof BootstrapStepType];
    if (value !== undefined && !isRight(value)) throw new ConfigError(`${what} has ${part}: ${shown(value)}, expected ${expected}`);
  }
  const unknown = Object.getPrototypeOf(step) === Object.prototype ? Object.keys(step).find((part) => !(part in PARTS)) : undefined;
  if (unknown !== undefined) throw new ConfigError(`${what} has no part "${unknown}"${didYouMean(unknown, Object.keys(PARTS))}; its parts are: ${Object.keys(PARTS).join(', ')}`);
}

function runOf(step: BootstrapStepType | undefined): unknown {
  try {
    return step?.run;
  } catch {
    return undefined;
  }
}
