import { isIPv6 } from 'net';
import { Fn, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import { expectObject, expectOptions, expectText, PropNames, shown } from '../../checks/expect';

/** PostgreSQL's default port. */
export const DEFAULT_PORT = 5432;

/** Options for the endpoint of a host that is not an RDS construct. */
export interface PostgresHostOptions {
  /**
   * The port.
   *
   * @default 5432
   */
  readonly port?: number;

  /**
   * The security groups of the host. The function may then reach them.
   *
   * @default - the function may reach the port of any host; you must open the host's own firewall
   */
  readonly connections?: ec2.IConnectable;
}

const HOST_OPTIONS: PropNames<PostgresHostOptions> = { port: true, connections: true };

/**
 * The address of a PostgreSQL server, and its security groups.
 *
 * @example
 * declare const replica: rds.IDatabaseInstance;
 * declare const cluster: rds.IDatabaseCluster;
 * declare const proxy: rds.IDatabaseProxy;
 *
 * PostgresEndpoint.fromInstance(replica);
 * PostgresEndpoint.fromClusterReader(cluster);
 * PostgresEndpoint.fromProxy(proxy);
 * PostgresEndpoint.fromHost('db.example.com', { port: 6432 });
 */
export class PostgresEndpoint {
  /** A database instance or read replica of RDS. If it is imported without its security groups, add the inbound rule yourself. */
  public static fromInstance(instance: rds.IDatabaseInstance): PostgresEndpoint {
    expectObject(instance, 'instanceEndpoint', 'PostgresEndpoint.fromInstance has', 'an IDatabaseInstance; a cluster is named by fromClusterReader');
    const { hostname, port } = instance.instanceEndpoint;
    return new PostgresEndpoint(
      hostname, port, guarded(instance), () => instance.instanceResourceId, true, otherEngine(instance.engine), isReplica(instance),
    );
  }

  /** The writer endpoint of an RDS or Aurora cluster. If it is imported without its security groups, add the inbound rule yourself. */
  public static fromClusterWriter(cluster: rds.IDatabaseCluster): PostgresEndpoint {
    expectObject(cluster, 'clusterEndpoint', 'PostgresEndpoint.fromClusterWriter has', 'an IDatabaseCluster; an instance is named by fromInstance');
    const { hostname, port } = cluster.clusterEndpoint;
    return new PostgresEndpoint(hostname, port, guarded(cluster), () => cluster.clusterResourceIdentifier, true, otherEngine(cluster.engine));
  }

  /** The reader endpoint of an RDS or Aurora cluster. If it is imported without its security groups, add the inbound rule yourself. */
  public static fromClusterReader(cluster: rds.IDatabaseCluster): PostgresEndpoint {
    expectObject(cluster, 'clusterReadEndpoint', 'PostgresEndpoint.fromClusterReader has', 'an IDatabaseCluster; an instance is named by fromInstance');
    const { hostname, port } = cluster.clusterReadEndpoint;
    return new PostgresEndpoint(hostname, port, guarded(cluster), () => cluster.clusterResourceIdentifier, true, otherEngine(cluster.engine), true);
  }

  /** An RDS proxy. CDK does not know the security groups of an imported proxy, so add the inbound rule yourself. */
  public static fromProxy(proxy: rds.IDatabaseProxy): PostgresEndpoint {
    expectObject(proxy, 'dbProxyArn', 'PostgresEndpoint.fromProxy has', 'an IDatabaseProxy, such as instance.addProxy(\'Proxy\', ...)');
    const connections = isConnectable(proxy) ? proxy : undefined;
    // arn:aws:rds:region:account:db-proxy:prx-0123456789abcdef0
    const resourceId = () => Fn.select(6, Fn.split(':', proxy.dbProxyArn));
    return new PostgresEndpoint(proxy.endpoint, DEFAULT_PORT, connections, resourceId, false, otherEngine(engineOfProxy(proxy)));
  }

  /**
   * Any other host.
   *
   * If the host is in a private network, such as `10.0.0.5`, and the function is not in a VPC, synthesis gives the warning
   * `cdk-duckdb-lambda:privateHost`.
   *
   * @param host a name or an address, without a scheme, credentials or a port
   */
  public static fromHost(host: string, options: PostgresHostOptions = {}): PostgresEndpoint {
    checkHost(host);
    expectOptions(options, 'PostgresEndpoint.fromHost', HOST_OPTIONS);
    checkPort(options.port);
    if (options.connections !== undefined) {
      expectObject(options.connections, 'connections', 'PostgresEndpoint.fromHost has as connections',
        'what has security groups, such as ec2.SecurityGroup.fromSecurityGroupId(this, \'Database\', id)');
    }
    return new PostgresEndpoint(host, options.port ?? DEFAULT_PORT, options.connections, () => undefined, true);
  }

  private constructor(
    /** The host's name or address. */
    public readonly host: string,
    /** The port. */
    public readonly port: number,
    /**
     * What the function's security group is allowed to reach.
     * @internal
     */
    public readonly _connections: ec2.IConnectable | undefined,
    /**
     * The database's resource id for IAM; undefined if the endpoint does not know it. Imported clusters throw.
     * @internal
     */
    public readonly _resourceId: () => string | undefined,
    /**
     * Whether a connection can send settings when it starts. RDS Proxy refuses such connections.
     * @internal
     */
    public readonly _takesOptions: boolean,
    /**
     * The database's engine, if it is known not to be PostgreSQL.
     * @internal
     */
    public readonly _otherEngine?: string,
    /**
     * Whether the endpoint is known to refuse writes.
     * @internal
     */
    public readonly _isReadOnly: boolean = false,
  ) {}
}

/** Without its security groups, an imported database cannot get rules. */
function guarded(database: ec2.IConnectable): ec2.IConnectable | undefined {
  return database.connections.securityGroups.length > 0 ? database : undefined;
}

/** A replica names its source. An imported one is not known to be a replica. */
function isReplica(instance: rds.IDatabaseInstance): boolean {
  const { defaultChild } = instance.node;
  return defaultChild instanceof rds.CfnDBInstance && defaultChild.sourceDbInstanceIdentifier !== undefined;
}

/** Proxies of a stack have security groups. The interface, which imported proxies implement, does not have them. */
function isConnectable(proxy: object): proxy is ec2.IConnectable {
  return 'connections' in proxy;
}

/** The error does not repeat the value, because it may contain a password. */
function checkHost(host: string): void {
  expectText(host, 'PostgresEndpoint.fromHost has the host', 'db.example.com');
  const expected = 'expected a name or an address such as "db.example.com"';
  if (host.includes('@') || /:\/\//.test(host)) {
    throw new Error(`PostgresEndpoint.fromHost has a URL or credentials in place of the host, which the template would show: ${expected}; `
      + 'user and password belong in PostgresCredentials');
  }
  if (Token.isUnresolved(host) || isIPv6(host)) return;
  if (/[\s/\\]/.test(host)) throw new Error(`PostgresEndpoint.fromHost has the host ${shown(host)}: ${expected}`);
  if (host.includes(':')) {
    throw new Error(`PostgresEndpoint.fromHost has the host ${shown(host)}: ${expected}; name the port beside it, as in fromHost('db.example.com', { port: 6432 })`);
  }
}

function checkPort(port: number | undefined): void {
  if (port === undefined || Token.isUnresolved(port) || (Number.isInteger(port) && port > 0 && port < 65536)) return;
  throw new Error(`PostgresEndpoint.fromHost has the port ${shown(port)}: expected a whole number from 1 to 65535, such as 5432`);
}

/** The name of an engine that is known not to be PostgreSQL. */
function otherEngine(engine: Pick<rds.IEngine, 'engineType' | 'engineFamily'> | undefined): string | undefined {
  if (engine === undefined || Token.isUnresolved(engine.engineType)) return undefined;
  return /postgres/i.test(`${engine.engineFamily} ${engine.engineType}`) ? undefined : engine.engineType;
}

/** CDK's proxies know their engine in CloudFormation's words. Imported proxies do not know it. */
function engineOfProxy(proxy: rds.IDatabaseProxy): { engineType: string } | undefined {
  const resource = proxy.node.tryFindChild('Resource');
  return resource instanceof rds.CfnDBProxy ? { engineType: resource.engineFamily } : undefined;
}
