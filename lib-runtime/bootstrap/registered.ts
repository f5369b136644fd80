import type { DuckDBConnection } from '@duckdb/node-api';
import { CatalogStep } from './catalog-step';
import { registeredStepType } from './register-bootstrap-step';
import type { StepContext } from './step';
import { readSecret, secretReference } from '../aws/secrets';
import type { StepConfig } from '../base/config';
import { ConfigError } from '../base/errors';

/** A step that the handler performs. It registers itself after the instance was made, so it is looked up when it runs. */
export class RegisteredStep extends CatalogStep {
  /** It has the connection itself. */
  readonly mayBeginTransaction = true;

  constructor(private readonly step: StepConfig) {
    super(step);
  }

  override get ready(): boolean {
    return registeredStepType(this.step.type) !== undefined;
  }

  async run(connection: DuckDBConnection, context: StepContext): Promise<void> {
    const { name, type, config } = this.step;
    const registered = registeredStepType(type);
    if (registered === undefined) {
      throw new ConfigError(`it is of type "${type}", which is neither built in nor registered: ` +
        `call registerBootstrapStep('${type}', ...) at the top level of the handler's module`);
    }
    const secret = (reference: unknown) => readSecret(secretReference(reference, `what the bootstrap step "${name}" passes to secret()`));
    await registered.run(connection, config, { name, secret, execute: (sql, parameters) => context.execute(sql, parameters) });
  }
}
