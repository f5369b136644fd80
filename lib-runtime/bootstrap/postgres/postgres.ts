import type { DuckDBConnection } from '@duckdb/node-api';
import { CatalogStep } from '../catalog-step';
import { isRefusal, type PostgresCatalog, PostgresAccess } from './postgres-access';
import { isOutdated } from './postgres-schema';
import type { StepConfig } from '../../base/config';
import { quotedIdentifier, quotedString } from '../../base/sql-text';
import { missingCatalog, namesOneOf } from '../../diagnosis/missing-catalog';
import type { Diagnosis, StepContext } from '../step';
import { StepOptions } from '../step-options';

/** A PostgreSQL database as a read-only catalog. */
export class PostgresBootstrapStep extends CatalogStep implements PostgresCatalog {
  readonly secrets = [this.name];
  private readonly catalog: string;
  private readonly schema: string | undefined;
  private readonly access: PostgresAccess;

  /** `timeoutSeconds` is the maximum duration of an invocation. */
  constructor(step: StepConfig, env: NodeJS.ProcessEnv, timeoutSeconds?: number) {
    const catalog = new StepOptions(step).requiredText('catalog');
    super({ ...step, provides: [catalog] });
    const options = new StepOptions(step);
    this.catalog = catalog;
    this.schema = options.text('schema');
    this.access = new PostgresAccess(options, this.name, env, timeoutSeconds);
  }

  override isStale(sql?: string): boolean {
    return this.access.isExpiring && (sql === undefined || namesOneOf(this.provides, sql));
  }

  override diagnose(error: string, isDone: boolean): Diagnosis | undefined {
    const missing = super.diagnose(error, isDone);
    if (missing !== undefined || !this.access.isUsed) return missing;
    // The statement may name a schema that was created after DuckDB read the list of schemas.
    if (isDone && missingCatalog(error) !== undefined) return 'missing';
    return isOutdated(error) ? 'refused' : this.access.diagnose(error);
  }

  run(connection: DuckDBConnection): Promise<void> {
    return this.access.attach(connection, this);
  }

  override async renew(connection: DuckDBConnection, { error }: StepContext): Promise<void> {
    // If no login was refused, DuckDB reads PostgreSQL's schemas again.
    if (error !== undefined && !isRefusal(error)) await connection.run('CALL pg_clear_cache()');
    else await this.access.renew(connection, this);
  }

  attachWith(connection: DuckDBConnection, secret: string): Promise<unknown> {
    const schema = this.schema === undefined ? '' : `, SCHEMA ${quotedString(this.schema)}`;
    // Not a setting, which `lock_configuration` would refuse. One script, because each call costs a thread switch.
    return connection.run(`ATTACH IF NOT EXISTS '' AS ${quotedIdentifier(this.catalog)} (TYPE postgres, READ_ONLY, SECRET ${quotedIdentifier(secret)}${schema});
      FROM postgres_configure_pool(catalog_name = ${quotedString(this.catalog)}, max_connections = ${this.access.maxConnections})`);
  }

  detach(connection: DuckDBConnection): Promise<unknown> {
    return connection.run(`DETACH DATABASE IF EXISTS ${quotedIdentifier(this.catalog)}`);
  }
}
