import type { DuckDBConnection } from '@duckdb/node-api';
import { ConfigError } from '../base/errors';
import { textArgument } from '../base/options';
import { shown } from '../base/shown';
import type { QueryParameters } from '../values/parameters';

/** What a step of the user's own is given while it runs. */
export interface BootstrapContext {
  /** The step's name. */
  readonly name: string;
  /** The value of a secret, by what the construct wrote into `config` for a SecretSource. */
  secret(reference: unknown): Promise<string>;
  /** Runs SQL on the step's connection. It may need what the steps declared before provide: they then run first. */
  execute(sql: string, parameters?: QueryParameters): Promise<void>;
}

/** How a type of bootstrap step is performed. */
export interface BootstrapStepType {
  /**
   * Sets up what the step provides, when a query first needs it. `config` is what the construct's step returned.
   *
   * What is thrown fails the query that needed it; the next one tries again.
   */
  run(connection: DuckDBConnection, config: Readonly<Record<string, any>>, context: BootstrapContext): Promise<void>;
}

/** The types that this package performs itself. */
const BUILT_IN = ['s3', 'postgres', 'motherduck', 'sql'];

const TYPES = Symbol.for('cdk-duckdb-lambda.step-types.v1');
const types: Map<string, BootstrapStepType> = ((globalThis as { [TYPES]?: Map<string, BootstrapStepType> })[TYPES] ??= new Map());

/**
 * Registers how steps of `type` are performed, for an `IBootstrapStep` of your own whose `bind` returns that type. Call it at module scope.
 *
 *     registerBootstrapStep('weather', {
 *       run: async (connection, config, { secret }) => {
 *         await connection.run('CREATE OR REPLACE SECRET weather (TYPE http, BEARER_TOKEN $token)', { token: await secret(config.token) });
 *       },
 *     });
 *
 * Throws `CONFIG` for a type that this package has itself, and for a step without a function `run`.
 */
export function registerBootstrapStep(type: string, step: BootstrapStepType): void {
  if (BUILT_IN.includes(type)) throw new ConfigError(`the bootstrap step type "${type}" is built in: register yours under another name`);
  textArgument('the type of a bootstrap step', type);
  if (typeof runOf(step) !== 'function') throw new ConfigError(`the bootstrap step type "${type}" is ${shown(step)}, expected an object with a function run`);
  types.set(type, step);
}

function runOf(step: BootstrapStepType | undefined): unknown {
  try {
    return step?.run;
  } catch {
    return undefined;
  }
}

/** What was registered for `type`, if anything was. @internal */
export function registeredStepType(type: string): BootstrapStepType | undefined {
  return types.get(type);
}
