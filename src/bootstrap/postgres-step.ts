import { Annotations, Duration, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { BootstrapStepConfig, IBootstrapStep } from './bootstrap-step';
import { PostgresCredentials } from './postgres-credentials';
import { DEFAULT_PORT, PostgresEndpoint } from './postgres-endpoint';
import { warnOfPrivateHost } from './private-host';
import { allowTo } from '../aws/network-access';
import { expectCatalog } from '../checks/catalog';
import { expectFlags, expectObject, expectOneOf, expectProps, expectText, expectTimeSpan, PropNames, shown } from '../checks/expect';
import { IDuckDbHost } from '../duckdb-host';
import { DuckDbExtension } from '../extension';

/** How TLS secures the connection to PostgreSQL. */
export enum PostgresTls {
  /** Not encrypted. */
  DISABLE = 'disable',
  /** Encrypted. The server is not verified. */
  REQUIRE = 'require',
  /** Encrypted. The server's certificate must come from a trusted authority and name the host. */
  VERIFY_FULL = 'verify-full',
}

/** Properties of a `PostgresStep`. */
export interface PostgresStepProps {
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
   * The step's name.
   *
   * @default 'postgres'
   */
  readonly name?: string;

  /**
   * The catalog under which SQL addresses the database, as in `SELECT * FROM pg_replica.users`.
   *
   * @default 'pg_replica'
   */
  readonly catalog?: string;

  /**
   * The only schema of the database that SQL sees. Attaching is faster with a single schema.
   *
   * @default - all schemas
   */
  readonly schema?: string;

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
   * @default Duration.seconds(30) - none through an RDS proxy, or with `disableStatementTimeout`
   */
  readonly statementTimeout?: Duration;

  /**
   * Whether connections set no statement timeout. PgBouncer and RDS proxies refuse a statement timeout. Cannot be combined with `statementTimeout`.
   *
   * Set `statement_timeout` for the user with `ALTER ROLE` instead.
   *
   * @default false - true through an RDS proxy
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

const PROPS: PropNames<PostgresStepProps> = {
  endpoint: true,
  database: true,
  credentials: true,
  name: true,
  catalog: true,
  schema: true,
  tls: true,
  caFile: true,
  connectTimeout: true,
  tcpUserTimeout: true,
  keepalive: true,
  statementTimeout: true,
  disableStatementTimeout: true,
  maxConnections: true,
  applicationName: true,
};

/** Attaches a PostgreSQL database, such as a read replica, as a read-only catalog. */
export class PostgresStep implements IBootstrapStep {
  public readonly name: string;
  public readonly extensions: DuckDbExtension[] = [DuckDbExtension.core('postgres')];

  private readonly catalog: string;

  constructor(private readonly props: PostgresStepProps) {
    expectProps(props, 'a PostgresStep', 'new PostgresStep({ endpoint, database, credentials })', PROPS);
    this.name = props.name ?? 'postgres';
    this.catalog = props.catalog ?? 'pg_replica';
    this.checkTexts();
    this.checkWhere();
    this.checkTls();
    this.checkLimits();
  }

  public bind(host: IDuckDbHost): BootstrapStepConfig {
    const { endpoint, database, credentials, schema, tls, caFile, maxConnections, applicationName } = this.props;
    const { connectTimeout, tcpUserTimeout, keepalive, statementTimeout } = this.props;
    const disableStatementTimeout = this.props.disableStatementTimeout ?? endpoint?._takesOptions === false;
    this.warn(host);
    this.allow(host, ec2.Port.tcp(endpoint?.port ?? DEFAULT_PORT), endpoint?._connections);
    return {
      type: 'postgres',
      provides: [this.catalog],
      attaches: [this.catalog],
      config: {
        catalog: this.catalog,
        ...(endpoint && { host: endpoint.host, port: endpoint.port }),
        ...(database !== undefined && { database }),
        ...credentials._bind(host, endpoint),
        ...(schema !== undefined && { schema }),
        ...(tls !== undefined && { tls }),
        ...(caFile !== undefined && { caFile }),
        ...(connectTimeout && { connectTimeoutSeconds: connectTimeout.toSeconds() }),
        ...(tcpUserTimeout && { tcpUserTimeoutSeconds: tcpUserTimeout.toSeconds() }),
        ...(keepalive && { keepaliveSeconds: keepalive.toSeconds() }),
        ...(statementTimeout && { statementTimeoutSeconds: statementTimeout.toSeconds() }),
        ...(disableStatementTimeout && { disableStatementTimeout }),
        ...(maxConnections !== undefined && { maxConnections }),
        ...(applicationName !== undefined && { applicationName }),
      },
    };
  }

  private checkTexts(): void {
    const { database, schema, caFile, applicationName } = this.props;
    expectCatalog(this.catalog, `${this.at} has the catalog`, 'pg_replica');
    const given = { database: [database, 'app'], schema: [schema, 'public'], caFile: [caFile, '/opt/rds.pem'], applicationName: [applicationName, 'reports'] } as const;
    for (const [prop, [value, example]] of Object.entries(given)) {
      if (value !== undefined) expectText(value, `${this.at} has the ${prop}`, example);
    }
  }

  private checkWhere(): void {
    const { endpoint, credentials } = this.props;
    expectObject(credentials, '_bind', `${this.at} has as credentials`, 'PostgresCredentials such as PostgresCredentials.fromSecret(secret)');
    if (endpoint !== undefined) {
      expectObject(endpoint, '_resourceId', `${this.at} has the endpoint`, 'a PostgresEndpoint such as PostgresEndpoint.fromInstance(replica)');
    }
    for (const needed of ['endpoint', 'database'] as const) {
      if (this.props[needed] === undefined && !credentials._nameTheDatabase) {
        throw new Error(`${this.at} has no ${needed}: give it, or use PostgresCredentials.fromSecret with a secret that names it`);
      }
    }
  }

  private checkTls(): void {
    const { tls, caFile } = this.props;
    expectOneOf(tls, `${this.at} has the tls`, 'PostgresTls', PostgresTls);
    if ((tls === PostgresTls.VERIFY_FULL) !== (caFile !== undefined)) {
      throw new Error(`${this.at} has ${caFile === undefined ? 'PostgresTls.VERIFY_FULL without caFile' : 'a caFile without PostgresTls.VERIFY_FULL'}: `
        + 'VERIFY_FULL needs the file in the image that holds the certificates of the trusted authorities');
    }
  }

  private checkLimits(): void {
    const { maxConnections, connectTimeout, tcpUserTimeout, keepalive } = this.props;
    // For libpq and PostgreSQL, 0 means no limit.
    for (const [prop, value] of Object.entries({ connectTimeout, tcpUserTimeout, keepalive })) {
      expectTimeSpan(value, `${this.at} has the ${prop}`, 'leave it out for the default');
    }
    this.checkStatementTimeout();
    if (maxConnections !== undefined && !Token.isUnresolved(maxConnections) && !(Number.isInteger(maxConnections) && maxConnections > 0)) {
      throw new Error(`${this.at} has maxConnections ${shown(maxConnections)}: expected a whole number above 0`);
    }
  }

  private checkStatementTimeout(): void {
    const { endpoint, statementTimeout, disableStatementTimeout } = this.props;
    expectTimeSpan(statementTimeout, `${this.at} has the statementTimeout`, 'disableStatementTimeout: true asks for none');
    expectFlags({ disableStatementTimeout }, this.at);
    if (endpoint?._takesOptions === false && (statementTimeout || disableStatementTimeout === false)) {
      throw new Error(`${this.at} has a statementTimeout, which an RDS proxy does not accept: set it in the database, `
        + 'as in ALTER ROLE reader SET statement_timeout = \'30s\'');
    }
    if (statementTimeout && disableStatementTimeout) {
      throw new Error(`${this.at} has both statementTimeout and disableStatementTimeout: remove one of them`);
    }
  }

  private get at(): string {
    return `the PostgresStep "${this.name}"`;
  }

  private warn(host: IDuckDbHost): void {
    const { endpoint } = this.props;
    if (endpoint?._otherEngine !== undefined) {
      Annotations.of(host).addWarningV2('cdk-duckdb-lambda:engine', `${this.at} reaches a database whose engine is "${endpoint._otherEngine}", `
        + 'but it can only read PostgreSQL: name a database that runs PostgreSQL or Aurora PostgreSQL; for MySQL use DuckDbExtension.core(\'mysql\') in a SqlStep');
    }
    if (endpoint !== undefined) warnOfPrivateHost(host, endpoint.host, this.at);
  }

  private allow(host: IDuckDbHost, port: ec2.Port, connections: ec2.IConnectable | undefined): void {
    if (!connections) return host.allowToAnyHost(port, `PostgreSQL of the step ${this.name}`);
    if (!host.isInVpc) {
      throw new Error(`${this.at} reaches a database in a VPC, but ${host.node.path} is not in a VPC: give it the database's, as in vpc: db.vpc`);
    }
    allowTo(host, connections, port, `DuckDB of ${host.node.path}`);
  }
}
