import { existsSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { CatalogStep } from './catalog-step';
import { loginSource, type LoginSource, type PostgresLogin } from './postgres-login';
import { isOutdated } from './postgres-schema';
import { runBound } from './run-bound';
import type { Diagnosis, StepContext } from './step';
import { StepOptions } from './step-options';
import type { StepConfig } from '../base/config';
import { BootstrapError, ConfigError, messageOf } from '../base/errors';
import { quotedIdentifier, quotedString } from '../base/sql-text';
import { LIBPQ, POSTGRESQL, saysOneOf } from '../base/wording';
import { missingCatalog, namesOneOf } from '../diagnosis/missing-catalog';
import { LOST_CONNECTION } from '../diagnosis/transient';

const DEFAULT_CONNECT_SECONDS = 5;
const DEFAULT_KEEPALIVE_SECONDS = 30;
const DEFAULT_STATEMENT_SECONDS = 30;
const DEFAULT_CONNECTIONS = 4;
/** A login that expires is replaced this long before, so that no connection is opened with an expired login. */
const RENEW_BEFORE_MS = 60_000;
/**
 * After a refusal without another password, the step does not look for a password for this long. Many statements would query the secret store at
 * once.
 */
const PAUSE_MS = 5_000;
const REFUSED = [POSTGRESQL.passwordRefused, POSTGRESQL.pamRefused];

/**
 * A PostgreSQL database as a read-only catalog.
 *
 * The password is in a DuckDB secret. In a connection string it would appear in `duckdb_databases()` and in every error.
 */
export class PostgresBootstrapStep extends CatalogStep {
  readonly secrets = [this.name];
  private readonly catalog: string;
  private readonly schema: string | undefined;
  private readonly caFile: string | undefined;
  private readonly maxConnections: number;
  private readonly connectionOptions: Readonly<Record<string, string>>;
  private readonly readLogin: LoginSource;
  private current: PostgresLogin | undefined;
  private pausedUntil = 0;

  /** `timeoutSeconds` is the maximum duration of an invocation. */
  constructor(step: StepConfig, private readonly env: NodeJS.ProcessEnv, timeoutSeconds?: number) {
    const catalog = new StepOptions(step).requiredText('catalog');
    super({ ...step, provides: [catalog] });
    const options = new StepOptions(step);
    this.catalog = catalog;
    this.schema = options.text('schema');
    this.caFile = options.text('caFile');
    this.maxConnections = options.number('maxConnections') ?? DEFAULT_CONNECTIONS;
    this.connectionOptions = connectionOptions(options, timeoutSeconds);
    this.readLogin = loginSource(options);
  }

  override isStale(sql?: string): boolean {
    return this.current?.ends !== undefined && this.current.ends - RENEW_BEFORE_MS < Date.now()
      && (sql === undefined || namesOneOf(this.provides, sql));
  }

  override diagnose(error: string, isDone: boolean): Diagnosis | undefined {
    const missing = super.diagnose(error, isDone);
    if (missing !== undefined || this.current === undefined) return missing;
    // The statement may name a schema that was created after DuckDB read the list of schemas.
    if (isDone && missingCatalog(error) !== undefined) return 'missing';
    if (this.isRefusedBy(error, this.current) || isOutdated(error)) return 'refused';
    return saysOneOf(LOST_CONNECTION, error) ? 'transient' : undefined;
  }

  /** The error does not name a catalog, so host, port and user identify the server. */
  private isRefusedBy(error: string, { host, port, user }: PostgresLogin): boolean {
    return REFUSED.some((line) => line.exec(error)?.[1] === user) && error.includes(`"${host}"`) && LIBPQ.portFailed.exec(error)?.[1] === port;
  }

  async run(connection: DuckDBConnection): Promise<void> {
    const login = await this.readLogin(false, this.env);
    try {
      await this.attach(connection, login);
    } catch (error) {
      if (!saysOneOf(REFUSED, messageOf(error))) throw error;
      // The cached secret may be older than the last change of the password.
      const other = await this.otherLogin(login);
      await this.pausingIfRefused(() => this.attach(connection, other));
    }
  }

  override async renew(connection: DuckDBConnection, { error }: StepContext): Promise<void> {
    if (error !== undefined && !saysOneOf(REFUSED, error)) {
      // The login is still valid: DuckDB reads PostgreSQL's schemas again.
      await connection.run('CALL pg_clear_cache()');
      return;
    }
    const login = await this.otherLogin(this.current!);
    // The new login is tried first, because the present attachment may still have working connections.
    await this.putSecret(connection, login);
    const trial = `${this.catalog}_trial`;
    await this.pausingIfRefused(() => connection.run(this.attachStatement(trial)));
    await connection.run(`DETACH ${quotedIdentifier(trial)}`);
    await connection.run(`DETACH DATABASE IF EXISTS ${quotedIdentifier(this.catalog)}`);
    await this.attach(connection, login);
  }

  private async attach(connection: DuckDBConnection, login: PostgresLogin): Promise<void> {
    await this.putSecret(connection, login);
    // Not a setting, which `lock_configuration` would refuse. One script, because each call costs a thread switch.
    await connection.run(`${this.attachStatement(this.catalog)};
      FROM postgres_configure_pool(catalog_name = ${quotedString(this.catalog)}, max_connections = ${this.maxConnections})`);
    this.current = login;
  }

  private async putSecret(connection: DuckDBConnection, login: PostgresLogin): Promise<void> {
    if (this.caFile !== undefined && !existsSync(this.caFile)) {
      throw new ConfigError(`there is no file "${this.caFile}": it must be in the image, with the certificates of the trusted authorities`);
    }
    const { host, port, database, user, password } = login;
    const literals = Object.entries(this.connectionOptions).map(([name, value]) => `, ${name} ${quotedString(value)}`).join('');
    // Values are bound and never written into the SQL, because parser errors and logs repeat SQL.
    await runBound(
      connection,
      `CREATE OR REPLACE TEMPORARY SECRET ${quotedIdentifier(this.name)}
        (TYPE postgres, HOST $host, PORT $port, DATABASE $database, USER $user, PASSWORD $password${literals})`,
      { host, port, database, user, password },
    );
  }

  private attachStatement(catalog: string): string {
    const schema = this.schema === undefined ? '' : `, SCHEMA ${quotedString(this.schema)}`;
    return `ATTACH IF NOT EXISTS '' AS ${quotedIdentifier(catalog)} (TYPE postgres, READ_ONLY, SECRET ${quotedIdentifier(this.name)}${schema})`;
  }

  /**
   * Runs a task that signs in with another login than the refused one. If that login is refused too, the step does not look for a third one at once.
   */
  private async pausingIfRefused(signIn: () => Promise<unknown>): Promise<void> {
    try {
      await signIn();
    } catch (error) {
      if (saysOneOf(REFUSED, messageOf(error))) this.pausedUntil = Date.now() + PAUSE_MS;
      throw error;
    }
  }

  /** The login in the secret store, if it differs from the refused login. */
  private async otherLogin(refused: PostgresLogin): Promise<PostgresLogin> {
    if (Date.now() >= this.pausedUntil) {
      const login = await this.readLogin(true, this.env);
      if (login.password !== refused.password || login.user !== refused.user) return login;
      this.pausedUntil = Date.now() + PAUSE_MS;
    }
    throw new BootstrapError(`the server at ${refused.host}:${refused.port} refuses the password of the user "${refused.user}", and the secret has no other password`);
  }
}

/**
 * The options of a connection. DuckDB cannot interrupt a statement on the server, so the server ends it with the invocation that started it.
 *
 * The limit is the function's timeout, not the rest of an invocation, because the connections outlive the invocation that opened them.
 */
function connectionOptions(options: StepOptions, timeoutSeconds = Infinity): Readonly<Record<string, string>> {
  const tls = options.oneOf('tls', ['disable', 'require', 'verify-full']) ?? 'require';
  const caFile = options.text('caFile');
  if (tls === 'verify-full' && caFile === undefined) options.refuse('caFile', 'the file with the certificates of the trusted authorities');
  const connectTimeout = options.number('connectTimeoutSeconds') ?? DEFAULT_CONNECT_SECONDS;
  const tcpUserTimeout = options.number('tcpUserTimeoutSeconds') ?? connectTimeout;
  const statementTimeout = options.number('statementTimeoutSeconds') ?? DEFAULT_STATEMENT_SECONDS;
  const atMost = (seconds: number) => Math.min(seconds, Math.max(1, Math.ceil(timeoutSeconds)));
  return {
    SSLMODE: tls,
    ...(caFile !== undefined && { SSLROOTCERT: caFile }),
    KEEPALIVES: '1',
    KEEPALIVES_IDLE: String(options.number('keepaliveSeconds') ?? DEFAULT_KEEPALIVE_SECONDS),
    KEEPALIVES_INTERVAL: '10',
    KEEPALIVES_COUNT: '3',
    APPLICATION_NAME: options.text('applicationName') ?? 'cdk-duckdb-lambda',
    CONNECT_TIMEOUT: String(atMost(connectTimeout)),
    // Without it, a connection whose packets are dropped hangs until they arrive again. Keepalives do not help while data is being sent.
    TCP_USER_TIMEOUT: String(atMost(tcpUserTimeout) * 1000),
    // RDS Proxy and PgBouncer do not accept options.
    ...(!options.flag('disableStatementTimeout') && { OPTIONS: `-c statement_timeout=${atMost(statementTimeout) * 1000}` }),
  };
}
