import type { DuckDBConnection } from '@duckdb/node-api';
import { CatalogStep } from './catalog-step';
import type { BootstrapStep, Diagnosis, StepContext } from './step';
import { stepFactory, type StepEnvironment } from './step-registry';
import type { StepConfig } from '../base/config';
import { ConfigError } from '../base/errors';

/** A step whose type was not registered when the instance was created, for example because the handler registers it in its body. */
export class LateStep extends CatalogStep {
  readonly mayBeginTransaction = true;
  private made: BootstrapStep | undefined;

  constructor(private readonly declared: StepConfig, private readonly environment: StepEnvironment) {
    super(declared);
  }

  override get ready(): boolean {
    return this.step !== undefined;
  }

  override diagnose(error: string, isDone: boolean): Diagnosis | undefined {
    return this.step ? this.step.diagnose(error, isDone) : super.diagnose(error, isDone);
  }

  override isStale(sql?: string): boolean {
    return this.step?.isStale(sql) ?? false;
  }

  async run(connection: DuckDBConnection, context: StepContext): Promise<void> {
    await this.registered().run(connection, context);
  }

  override async renew(connection: DuckDBConnection, context: StepContext): Promise<void> {
    await this.registered().renew(connection, context);
  }

  private get step(): BootstrapStep | undefined {
    return this.made ??= stepFactory(this.declared.type)?.(this.declared, this.environment);
  }

  private registered(): BootstrapStep {
    const { step } = this;
    if (step) return step;
    const { type } = this.declared;
    throw new ConfigError(`it is of type "${type}", which is neither built in nor registered: ` +
      `call registerBootstrapStep('${type}', ...) at the top level of the handler's module`);
  }
}
