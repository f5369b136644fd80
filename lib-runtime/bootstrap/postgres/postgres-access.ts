import { existsSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { loginSource, type LoginSource, type PostgresLogin } from './postgres-login';
import { BootstrapError, ConfigError, messageOf } from '../../base/errors';
import { quotedIdentifier, quotedString } from '../../base/sql-text';
import { LIBPQ, POSTGRESQL, saysOneOf } from '../../base/wording';
import { LOST_CONNECTION } from '../../diagnosis/transient';
import { runBound } from '../run-bound';
import type { Diagnosis } from '../step';
import type { StepOptions } from '../step-options';

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

/** A catalog that is in a PostgreSQL database, or whose metadata are. */
export interface PostgresCatalog {
  /** Attaches it, with the login in a DuckDB secret. */
  attachWith(connection: DuckDBConnection, secret: string): Promise<unknown>;
  /** Detaches it if it is attached. */
  detach(connection: DuckDBConnection): Promise<unknown>;
}

/**
 * The access to a PostgreSQL database: its login, the options of its connections, and another login when that one is refused.
 *
 * The password is in a DuckDB secret. In a connection string it would appear in `duckdb_databases()` and in every error.
 */
export class PostgresAccess {
  /** How many connections are kept open for the next statements. */
  readonly maxConnections: number;
  private readonly caFile: string | undefined;
  private readonly connectionOptions: Readonly<Record<string, string>>;
  private readonly readLogin: LoginSource;
  private current: PostgresLogin | undefined;
  private pausedUntil = 0;

  /** `secret` is the name of the DuckDB secret, `timeoutSeconds` the maximum duration of an invocation. */
  constructor(options: StepOptions, readonly secret: string, private readonly env: NodeJS.ProcessEnv, timeoutSeconds: number | undefined) {
    this.caFile = options.text('caFile');
    this.maxConnections = options.number('maxConnections') ?? DEFAULT_CONNECTIONS;
    this.connectionOptions = connectionOptions(options, timeoutSeconds);
    this.readLogin = loginSource(options);
  }

  /** Whether a catalog has been attached. */
  get isUsed(): boolean {
    return this.current !== undefined;
  }

  /** Whether the login that is in use expires soon. */
  get isExpiring(): boolean {
    return this.current?.ends !== undefined && this.current.ends - RENEW_BEFORE_MS < Date.now();
  }

  /** The meaning of a statement's error for the login that is in use. */
  diagnose(error: string): Diagnosis | undefined {
    if (this.current === undefined) return undefined;
    if (isRefusedBy(error, this.current)) return 'refused';
    return saysOneOf(LOST_CONNECTION, error) ? 'transient' : undefined;
  }

  /** Attaches a catalog, with the login that the secret store has now if the cached one is refused. */
  async attach(connection: DuckDBConnection, catalog: PostgresCatalog): Promise<void> {
    const login = await this.readLogin(false, this.env);
    try {
      await this.signIn(connection, login, catalog);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // The cached secret may be older than the last change of the password.
      const other = await this.otherLogin(login);
      await this.pausingIfRefused(() => this.signIn(connection, other, catalog));
    }
  }

  /** Attaches a catalog again, with another login than the present one. */
  async renew(connection: DuckDBConnection, catalog: PostgresCatalog): Promise<void> {
    const login = await this.otherLogin(this.current!);
    // The new login is tried first, because the present attachment may still have working connections.
    await this.putSecret(connection, login);
    const trial = quotedIdentifier(`${this.secret} trial`);
    const secret = quotedIdentifier(this.secret);
    await this.pausingIfRefused(() => connection.run(`ATTACH IF NOT EXISTS '' AS ${trial} (TYPE postgres, READ_ONLY, SECRET ${secret})`));
    await connection.run(`DETACH ${trial}`);
    await catalog.detach(connection);
    await this.signIn(connection, login, catalog);
  }

  private async signIn(connection: DuckDBConnection, login: PostgresLogin, catalog: PostgresCatalog): Promise<void> {
    await this.putSecret(connection, login);
    await catalog.attachWith(connection, this.secret);
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
      `CREATE OR REPLACE TEMPORARY SECRET ${quotedIdentifier(this.secret)}
        (TYPE postgres, HOST $host, PORT $port, DATABASE $database, USER $user, PASSWORD $password${literals})`,
      { host, port, database, user, password },
    );
  }

  /**
   * Runs a task that signs in with another login than the refused one. If that login is refused too, the step does not look for a third one at once.
   */
  private async pausingIfRefused(task: () => Promise<unknown>): Promise<void> {
    try {
      await task();
    } catch (error) {
      if (isRefusal(error)) this.pausedUntil = Date.now() + PAUSE_MS;
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

/** Whether a server has refused a login. */
export function isRefusal(error: unknown): boolean {
  return saysOneOf(REFUSED, messageOf(error));
}

/** The error does not name a catalog, so host, port and user identify the server. */
function isRefusedBy(error: string, { host, port, user }: PostgresLogin): boolean {
  return REFUSED.some((line) => line.exec(error)?.[1] === user) && error.includes(`"${host}"`) && LIBPQ.portFailed.exec(error)?.[1] === port;
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
