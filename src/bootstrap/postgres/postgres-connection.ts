import { Annotations, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { PostgresConnectionOptions, PostgresTls } from './postgres-connection-options';
import { DEFAULT_PORT } from './postgres-endpoint';
import { allowTo } from '../../aws/network-access';
import { expectFlags, expectObject, expectOneOf, expectText, expectTimeSpan, PropNames, shown } from '../../checks/expect';
import { IDuckDbHost } from '../../duckdb-host';
import { warnOfPrivateHost } from '../private-host';

export const POSTGRES_CONNECTION_OPTIONS: PropNames<PostgresConnectionOptions> = {
  endpoint: true,
  database: true,
  credentials: true,
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

/** A step's connection to PostgreSQL: its checks, permissions, network access and configuration. */
export class PostgresConnection {
  /** `at` begins the errors. */
  constructor(private readonly options: PostgresConnectionOptions, private readonly at: string) {
    this.checkTexts();
    this.checkWhere();
    this.checkTls();
    this.checkLimits();
  }

  /** Whether the endpoint is known to refuse writes. */
  public get isReadOnly(): boolean {
    return this.options.endpoint?._isReadOnly ?? false;
  }

  /**
   * Lets the host reach the server and sign in, and returns what its runtime needs for this.
   *
   * @param step what errors and warnings call the step, such as `the PostgresStep "postgres"`
   * @param name the step's name
   */
  public bind(host: IDuckDbHost, step: string, name: string): { [key: string]: any } {
    const { endpoint, database, credentials, tls, caFile, maxConnections, applicationName } = this.options;
    const { connectTimeout, tcpUserTimeout, keepalive, statementTimeout } = this.options;
    const disableStatementTimeout = this.options.disableStatementTimeout ?? endpoint?._takesOptions === false;
    this.warn(host, step);
    this.allow(host, step, name);
    return {
      ...(endpoint && { host: endpoint.host, port: endpoint.port }),
      ...(database !== undefined && { database }),
      ...credentials._bind(host, endpoint),
      ...(tls !== undefined && { tls }),
      ...(caFile !== undefined && { caFile }),
      ...(connectTimeout && { connectTimeoutSeconds: connectTimeout.toSeconds() }),
      ...(tcpUserTimeout && { tcpUserTimeoutSeconds: tcpUserTimeout.toSeconds() }),
      ...(keepalive && { keepaliveSeconds: keepalive.toSeconds() }),
      ...(statementTimeout && { statementTimeoutSeconds: statementTimeout.toSeconds() }),
      ...(disableStatementTimeout && { disableStatementTimeout }),
      ...(maxConnections !== undefined && { maxConnections }),
      ...(applicationName !== undefined && { applicationName }),
    };
  }

  private checkTexts(): void {
    const { database, caFile, applicationName } = this.options;
    const given = { database: [database, 'app'], caFile: [caFile, '/opt/rds.pem'], applicationName: [applicationName, 'reports'] } as const;
    for (const [prop, [value, example]] of Object.entries(given)) {
      if (value !== undefined) expectText(value, `${this.at} has the ${prop}`, example);
    }
  }

  private checkWhere(): void {
    const { endpoint, credentials } = this.options;
    expectObject(credentials, '_bind', `${this.at} has as credentials`, 'PostgresCredentials such as PostgresCredentials.fromSecret(secret)');
    if (endpoint !== undefined) {
      expectObject(endpoint, '_resourceId', `${this.at} has the endpoint`, 'a PostgresEndpoint such as PostgresEndpoint.fromInstance(replica)');
    }
    for (const needed of ['endpoint', 'database'] as const) {
      if (this.options[needed] === undefined && !credentials._nameTheDatabase) {
        throw new Error(`${this.at} has no ${needed}: give it, or use PostgresCredentials.fromSecret with a secret that names it`);
      }
    }
  }

  private checkTls(): void {
    const { tls, caFile } = this.options;
    expectOneOf(tls, `${this.at} has the tls`, 'PostgresTls', PostgresTls);
    if ((tls === PostgresTls.VERIFY_FULL) !== (caFile !== undefined)) {
      throw new Error(`${this.at} has ${caFile === undefined ? 'PostgresTls.VERIFY_FULL without caFile' : 'a caFile without PostgresTls.VERIFY_FULL'}: `
        + 'VERIFY_FULL needs the file in the image that holds the certificates of the trusted authorities');
    }
  }

  private checkLimits(): void {
    const { maxConnections, connectTimeout, tcpUserTimeout, keepalive } = this.options;
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
    const { endpoint, statementTimeout, disableStatementTimeout } = this.options;
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

  private warn(host: IDuckDbHost, step: string): void {
    const { endpoint } = this.options;
    if (endpoint?._otherEngine !== undefined) {
      Annotations.of(host).addWarningV2('cdk-duckdb-lambda:engine', `${step} reaches a database whose engine is "${endpoint._otherEngine}", `
        + 'but it can only read PostgreSQL: name a database that runs PostgreSQL or Aurora PostgreSQL; for MySQL use DuckDbExtension.core(\'mysql\') in a SqlStep');
    }
    if (endpoint !== undefined) warnOfPrivateHost(host, endpoint.host, step);
  }

  private allow(host: IDuckDbHost, step: string, name: string): void {
    const { endpoint } = this.options;
    const port = ec2.Port.tcp(endpoint?.port ?? DEFAULT_PORT);
    if (!endpoint?._connections) return host.allowToAnyHost(port, `PostgreSQL of the step ${name}`);
    if (!host.isInVpc) {
      throw new Error(`${step} reaches a database in a VPC, but ${host.node.path} is not in a VPC: give it the database's, as in vpc: db.vpc`);
    }
    allowTo(host, endpoint._connections, port, `DuckDB of ${host.node.path}`);
  }
}
