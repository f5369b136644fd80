import { Duration, Stack, StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Trigger } from 'aws-cdk-lib/triggers';
import { Construct } from 'constructs';
import { DuckDbExtension, DuckDbFunction, DuckDbFunctionProps, SecretSource, SqlStep } from 'cdk-duckdb-lambda';

export interface DatabaseStackProps extends StackProps {
  /** How the image is built if the defaults do not fit. */
  readonly image?: Pick<DuckDbFunctionProps, 'architecture' | 'baseImage' | 'extensionRepository' | 'imageBuild'>;
}

/** The database with the lake's catalog, and its roles: one that writes, and one that can only read. */
export class DatabaseStack extends Stack {
  readonly vpc: ec2.Vpc;
  readonly database: rds.DatabaseInstance;

  constructor(scope: Construct, id: string, props: DatabaseStackProps = {}) {
    super(scope, id, props);
    // The functions need only S3 and the database, because they sign in with IAM. Only the function that creates the roles reads a secret.
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      natGateways: 0,
      subnetConfiguration: [{ name: 'isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
      flowLogs: { rejected: { trafficType: ec2.FlowLogTrafficType.REJECT } },
      gatewayEndpoints: { s3: { service: ec2.GatewayVpcEndpointAwsService.S3 } },
    });
    this.vpc.addInterfaceEndpoint('Secrets', { service: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER });

    this.database = new rds.DatabaseInstance(this, 'Catalog', {
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17_5 }),
      vpc: this.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.SMALL),
      port: 5433,
      multiAz: true,
      // Without its catalog, a lake is lost.
      backupRetention: Duration.days(7),
      deletionProtection: true,
      storageEncrypted: true,
      iamAuthentication: true,
      databaseName: 'lakehouse',
      credentials: rds.Credentials.fromGeneratedSecret('owner'),
    });

    const { hostname, port } = this.database.instanceEndpoint;
    const roles = new DuckDbFunction(this, 'Roles', {
      ...props.image,
      entry: `${__dirname}/roles.ts`,
      vpc: this.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      bootstrap: [new SqlStep({
        name: 'owner',
        provides: ['lakehouse'],
        extensions: [DuckDbExtension.core('postgres')],
        statements: [
          `CREATE TEMPORARY SECRET owner (TYPE postgres, HOST '${hostname}', PORT '${port}', DATABASE 'lakehouse', USER 'owner', PASSWORD $password, SSLMODE 'require')`,
          'ATTACH \'\' AS lakehouse (TYPE postgres, SECRET owner)',
        ],
        secrets: { password: SecretSource.fromSecretsManager(this.database.secret!, 'password') },
      })],
    });
    this.database.connections.allowFrom(roles, ec2.Port.tcp(this.database.instanceEndpoint.port), 'DuckDB makes the roles');
    // Runs at each deployment that changes the function.
    new Trigger(this, 'MakeRoles', { handler: roles, timeout: Duration.minutes(2), executeAfter: [this.vpc, this.database, roles] });
  }
}
