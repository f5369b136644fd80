import { SecretValue, Stack, StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Construct } from 'constructs';

/** An application's database, and the replica that reports read instead of it. */
export class DatabaseStack extends Stack {
  readonly vpc: ec2.Vpc;
  readonly replica: rds.DatabaseInstanceReadReplica;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      natGateways: 1,
      flowLogs: { rejected: { trafficType: ec2.FlowLogTrafficType.REJECT } },
      gatewayEndpoints: { s3: { service: ec2.GatewayVpcEndpointAwsService.S3 } },
    });
    const instance = {
      vpc: this.vpc,
      instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MEDIUM),
      port: 5433,
      multiAz: true,
      deletionProtection: true,
    };
    const primary = new rds.DatabaseInstance(this, 'Primary', {
      ...instance,
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17_5 }),
      databaseName: 'app',
      storageEncrypted: true,
      credentials: rds.Credentials.fromPassword('owner', SecretValue.ssmSecure('/app/owner-password')),
    });
    this.replica = new rds.DatabaseInstanceReadReplica(this, 'Replica', { ...instance, sourceDatabaseInstance: primary });
  }
}
