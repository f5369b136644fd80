import type { DuckDBConnection } from '@duckdb/node-api';
import { CatalogStep } from './catalog-step';
import type { Diagnosis, StepContext } from './step';
import type { BootstrapContext, BootstrapStepType } from './step-type';
import { readSecret, secretReference } from '../aws/secrets';
import type { StepConfig } from '../base/config';

/** A step of a type that the user has registered. */
export class RegisteredStep extends CatalogStep {
  /** The step uses the connection itself. */
  readonly mayBeginTransaction = true;

  constructor(private readonly declared: StepConfig, private readonly type: BootstrapStepType) {
    super(declared);
  }

  override get runsImmediately(): boolean {
    return this.type.runsImmediately === true;
  }

  get secrets(): readonly string[] {
    return this.type.secrets ?? [];
  }

  override diagnose(error: string, isDone: boolean): Diagnosis | undefined {
    return this.type.diagnose?.(error, this.declared.config, isDone) ?? super.diagnose(error, isDone);
  }

  override isStale(): boolean {
    return this.type.isStale?.(this.declared.config) ?? false;
  }

  run(connection: DuckDBConnection, context: StepContext): Promise<void> {
    return this.type.run(connection, this.declared.config, this.contextOf(context));
  }

  override renew(connection: DuckDBConnection, context: StepContext): Promise<void> {
    if (this.type.renew === undefined) return this.run(connection, context);
    return this.type.renew(connection, this.declared.config, this.contextOf(context));
  }

  private contextOf({ error, execute }: StepContext): BootstrapContext {
    const { name } = this;
    const secret = (reference: unknown) => readSecret(secretReference(reference, `what the bootstrap step "${name}" passes to secret()`));
    return { name, error, secret, execute };
  }
}
