import { Duration } from 'aws-cdk-lib';
import { PostgresCredentials } from './postgres-credentials';
import { PostgresEndpoint } from './postgres-endpoint';

/** How TLS secures the connection to PostgreSQL. */
export enum PostgresTls {
  /** Not encrypted. */
  DISABLE = 'disable',
  /** Encrypted. The server is not verified. */
  REQUIRE = 'require',
  /** Encrypted. The server's certificate must come from a trusted authority and name the host. */
  VERIFY_FULL = 'verify-full',
}

/** How a bootstrap step connects to a PostgreSQL database. */
export interface PostgresConnectionOptions {
  /**
   * The server's address.
   *
   * @default - what `PostgresCredentials.fromSecret` holds; other credentials need it
   */
  readonly endpoint?: PostgresEndpoint;

  /**
   * The name of the database on the server.
   *
   * @default - what `PostgresCredentials.fromSecret` holds; other credentials need it
   */
  readonly database?: string;

  /** How the function signs in. */
  readonly credentials: PostgresCredentials;

  /**
   * How TLS secures the connection.
   *
   * @default PostgresTls.REQUIRE
   */
  readonly tls?: PostgresTls;

  /**
   * For `PostgresTls.VERIFY_FULL`: the file in the image with the certificates of the trusted authorities, such as the bundle
   * of RDS (https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem) that your base image has put there.
   *
   * @default - required for VERIFY_FULL
   */
  readonly caFile?: string;

  /**
   * How long connecting may take.
   *
   * @default Duration.seconds(5)
   */
  readonly connectTimeout?: Duration;

  /**
   * How long sent data may stay unacknowledged before the connection counts as lost, for example because packets are dropped.
   *
   * @default - the same as connectTimeout
   */
  readonly tcpUserTimeout?: Duration;

  /**
   * How long a connection may be silent before the client probes the server. After three unanswered probes, ten seconds apart, the
   * connection counts as lost.
   *
   * @default Duration.seconds(30)
   */
  readonly keepalive?: Duration;

  /**
   * How long the server may work on a statement. DuckDB cannot interrupt a statement on the server.
   *
   * @default Duration.seconds(30) - none through RDS Proxy, or with `disableStatementTimeout`
   */
  readonly statementTimeout?: Duration;

  /**
   * Whether connections leave the statement timeout unset, because PgBouncer and RDS Proxy refuse it. Cannot be combined with `statementTimeout`.
   *
   * Set `statement_timeout` for the user with `ALTER ROLE` instead.
   *
   * @default false - true through RDS Proxy
   */
  readonly disableStatementTimeout?: boolean;

  /**
   * The maximum number of connections that a function's process keeps to the server.
   *
   * @default 4
   */
  readonly maxConnections?: number;

  /**
   * The name of the connections in the server's `pg_stat_activity` and in its log.
   *
   * @default 'cdk-duckdb-lambda'
   */
  readonly applicationName?: string;
}
