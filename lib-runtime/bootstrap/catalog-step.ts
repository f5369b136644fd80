import type { DuckDBConnection } from '@duckdb/node-api';
import type { BootstrapStep, Diagnosis, StepContext } from './step';
import type { StepConfig } from '../base/config';
import { mayListCatalogs, missesOneOf } from '../diagnosis/missing-catalog';

/** A step that runs when a statement names the catalogs that the step provides. A step without catalogs runs before the first statement. */
export abstract class CatalogStep implements BootstrapStep {
  readonly name: string;
  readonly provides: readonly string[];

  constructor(step: StepConfig) {
    this.name = step.name;
    this.provides = step.provides;
  }

  get runsImmediately(): boolean {
    return false;
  }

  get required(): boolean {
    return this.provides.length === 0;
  }

  get ready(): boolean {
    return true;
  }

  mayBeNeededBy(sql: string): boolean {
    return mayListCatalogs(sql);
  }

  diagnose(error: string, isDone: boolean): Diagnosis | undefined {
    return !isDone && missesOneOf(this.provides, error) ? 'missing' : undefined;
  }

  isStale(_sql?: string): boolean {
    return false;
  }

  abstract run(connection: DuckDBConnection, context: StepContext): Promise<void>;

  renew(connection: DuckDBConnection, context: StepContext): Promise<void> {
    return this.run(connection, context);
  }
}
