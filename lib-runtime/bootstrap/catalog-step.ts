import type { DuckDBConnection } from '@duckdb/node-api';
import type { BootstrapStep, StepContext } from './step';
import type { StepConfig } from '../base/config';
import { mayQuietlyWant, missesOneOf } from '../diagnosis/missing-catalog';

/** A step that runs when a statement lacks the catalogs that it provides, or, when it provides none, before the first statement. */
export abstract class CatalogStep implements BootstrapStep {
  readonly name: string;
  readonly provides: readonly string[];
  readonly immediate: boolean = false;

  constructor(step: StepConfig) {
    this.name = step.name;
    this.provides = step.provides;
  }

  get required(): boolean {
    return this.provides.length === 0;
  }

  get ready(): boolean {
    return true;
  }

  mayBeNeededBy(sql: string): boolean {
    return mayQuietlyWant(this.provides, sql);
  }

  binds(error: string): boolean {
    return missesOneOf(this.provides, error);
  }

  isStale(_sql: string): boolean {
    return false;
  }

  isRefusedBy(_error: string): boolean {
    return false;
  }

  isTransientFor(_error: string): boolean {
    return false;
  }

  abstract run(connection: DuckDBConnection, context: StepContext): Promise<void>;

  renew(connection: DuckDBConnection, context: StepContext): Promise<void> {
    return this.run(connection, context);
  }
}
