import type { DuckDBConnection } from '@duckdb/node-api';
import { CatalogStep } from './catalog-step';
import { secretsMadeBy } from './dropped-secrets';
import type { StepContext } from './step';
import { StepOptions } from './step-options';
import { readSecret, type SecretReference } from '../aws/secrets';
import type { StepConfig } from '../base/config';

/** The user's own SQL. */
export class SqlBootstrapStep extends CatalogStep {
  readonly secrets: readonly string[];
  private readonly statements: readonly string[];
  private readonly values: Readonly<Record<string, SecretReference>>;
  /** The number of statements that have run. The next attempt begins at the failed statement, because an ATTACH or CREATE cannot run twice. */
  private ran = 0;

  constructor(step: StepConfig) {
    super(step);
    const options = new StepOptions(step);
    this.statements = options.texts('statements') ?? options.refuse('statements', 'a list of texts');
    this.secrets = secretsMadeBy(this.statements);
    this.values = options.secrets('secrets');
  }

  async run(_connection: DuckDBConnection, context: StepContext): Promise<void> {
    const read = Object.entries(this.values).map(async ([name, reference]) => [name, await readSecret(reference)] as const);
    const values = await Promise.all(read);
    for (const statement of this.statements.slice(this.ran)) {
      // Values are bound and never written into the SQL, because parser errors and logs repeat SQL.
      const used = values.filter(([name]) => new RegExp(`\\$${name}\\b`).test(statement));
      await context.execute(statement, used.length > 0 ? Object.fromEntries(used) : undefined);
      this.ran += 1;
    }
    this.ran = 0;
  }
}
