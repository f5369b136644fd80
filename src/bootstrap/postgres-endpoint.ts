import { Fn } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';

/** PostgreSQL's own. */
export const DEFAULT_PORT = 5432;

/** What the endpoint of a host outside of RDS's constructs is told. */
export interface PostgresHostOptions {
  /**
   * The port.
   *
   * @default 5432
   */
  readonly port?: number;

  /**
   * The security groups of the host, which the function is then allowed to reach.
   *
   * @default - the function may reach the port of any host; what guards the host, you open yourself
   */
  readonly connections?: ec2.IConnectable;
}

/** Where a PostgreSQL server is reached, and what guards it. */
export class PostgresEndpoint {
  /** A database instance or read replica of RDS. Where it is imported without its security groups, let the function in yourself. */
  public static fromInstance(instance: rds.IDatabaseInstance): PostgresEndpoint {
    const { hostname, port } = instance.instanceEndpoint;
    return new PostgresEndpoint(hostname, port, guarded(instance), () => instance.instanceResourceId, true);
  }

  /** The reader endpoint of an RDS or Aurora cluster. Where it is imported without its security groups, let the function in yourself. */
  public static fromClusterReader(cluster: rds.IDatabaseCluster): PostgresEndpoint {
    const { hostname, port } = cluster.clusterReadEndpoint;
    return new PostgresEndpoint(hostname, port, guarded(cluster), () => cluster.clusterResourceIdentifier, true);
  }

  /** An RDS proxy. CDK knows nothing of the security groups of one that is imported: let the function in yourself. */
  public static fromProxy(proxy: rds.IDatabaseProxy): PostgresEndpoint {
    const connections = isConnectable(proxy) ? proxy : undefined;
    // arn:aws:rds:region:account:db-proxy:prx-0123456789abcdef0
    return new PostgresEndpoint(proxy.endpoint, DEFAULT_PORT, connections, () => Fn.select(6, Fn.split(':', proxy.dbProxyArn)), false);
  }

  /**
   * Any other host.
   *
   * @param host a name or an address
   */
  public static fromHost(host: string, options: PostgresHostOptions = {}): PostgresEndpoint {
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
     * What IAM knows the database by; undefined where the endpoint does not tell. Imported clusters throw.
     * @internal
     */
    public readonly _resourceId: () => string | undefined,
    /**
     * Whether settings can be sent when connecting; RDS Proxy refuses a connection that does.
     * @internal
     */
    public readonly _takesOptions: boolean,
  ) {}
}

/** What is imported without its security groups has no rules that could be made. */
function guarded(database: ec2.IConnectable): ec2.IConnectable | undefined {
  return database.connections.securityGroups.length > 0 ? database : undefined;
}

/** The proxies of a stack have security groups; the interface, which imported ones have, says nothing of them. */
function isConnectable(proxy: object): proxy is ec2.IConnectable {
  return 'connections' in proxy;
}
