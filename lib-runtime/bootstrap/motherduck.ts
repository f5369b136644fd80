import type { DuckDBConnection } from '@duckdb/node-api';
import { CatalogStep } from './catalog-step';
import { runBound } from './run-bound';
import type { Diagnosis } from './step';
import { StepOptions } from './step-options';
import { readSecret, type SecretReference } from '../aws/secrets';
import type { StepConfig } from '../base/config';
import { ConfigError } from '../base/errors';
import { quotedIdentifier, quotedString } from '../base/sql-text';
import { missingCatalog } from '../diagnosis/missing-catalog';
import { findExtensions, loadExtensions } from '../extensions/extensions';

const MOTHERDUCK_URL = /\b(?:md|motherduck):/i;

/** MotherDuck's databases. The extension is loaded only when the step runs, because LOAD may use the network. */
export class MotherDuckBootstrapStep extends CatalogStep {
  private readonly token: SecretReference;
  private readonly databases: readonly string[] | undefined;
  private readonly statements: readonly string[];

  constructor(step: StepConfig, private readonly env: NodeJS.ProcessEnv) {
    super(step);
    const options = new StepOptions(step);
    this.token = options.secret('token') ?? options.refuse('token', '{"ssm": NAME} or {"secretsManager": ARN}');
    this.databases = options.texts('databases');
    const attachMode = options.oneOf('attachMode', ['workspace', 'single']) ?? (this.databases === undefined ? 'workspace' : 'single');
    this.statements = motherDuckStatements(this.databases, attachMode, options.flag('saasMode'));
  }

  override get required(): boolean {
    return false;
  }

  override mayBeNeededBy(sql: string): boolean {
    return MOTHERDUCK_URL.test(sql) || super.mayBeNeededBy(sql);
  }

  /** Without names, any database may be one of MotherDuck's. */
  override diagnose(error: string, isDone: boolean): Diagnosis | undefined {
    if (!isDone && this.databases === undefined && missingCatalog(error) !== undefined) return 'missing';
    return super.diagnose(error, isDone);
  }

  async run(connection: DuckDBConnection): Promise<void> {
    await assertNotLocked(connection);
    const token = await readSecret(this.token);
    await loadExtensions(connection, findExtensions(this.env, [], true), ['motherduck']);
    // The token is bound and never part of the `md:` string, which SQL can read back.
    await runBound(connection, 'SET motherduck_token = $token', { token });
    for (const statement of this.statements) await connection.run(statement);
  }
}

/** MotherDuck's settings exist only after its extension is loaded, which may use the network. So they cannot be set before the lock. */
async function assertNotLocked(connection: DuckDBConnection): Promise<void> {
  const result = await connection.run("SELECT current_setting('lock_configuration')");
  if ((await result.getRows())[0]?.[0] !== true) return;
  throw new ConfigError("the configuration is locked (lock_configuration), and MotherDuck's token and modes are settings that are made after its extension is loaded: " +
    'remove lock_configuration from the settings, and lock sessions that do not use MotherDuck; saasMode of the MotherDuckStep locks what MotherDuck itself offers');
}

/** The order matters: the mode cannot change after something is attached, and SaaS mode locks the settings. */
export function motherDuckStatements(databases: readonly string[] | undefined, attachMode: string, saasMode: boolean): readonly string[] {
  return [
    `SET motherduck_attach_mode = ${quotedString(attachMode)}`,
    ...(saasMode ? ['SET motherduck_saas_mode = true'] : []),
    ...(databases?.map((name) => `ATTACH IF NOT EXISTS ${quotedString(`md:${name}`)} AS ${quotedIdentifier(name)}`) ?? ["ATTACH IF NOT EXISTS 'md:'"]),
  ];
}
