import { Duration, RemovalPolicy, Stack, StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import * as rds from 'aws-cdk-lib/aws-rds';
import { BlockPublicAccess, Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  DuckDbFunction, DuckLakeMetadata, DuckLakeStep, LakeAccess, PostgresCredentials, PostgresEndpoint, PostgresStep, S3Step, SecretSource,
} from 'cdk-duckdb-lambda';

export interface NightlyEtlStackProps extends StackProps {
  /** The name of the bucket that holds `orders/month=…/*.parquet`. */
  readonly lake: string;
  readonly vpc: ec2.IVpc;
  /** The host of the application's replica, which has the database `app`. Its security group lets the function in. */
  readonly replica: string;
  /** Has the database `lakehouse`, with the schema `lake` and the role `lake_writer`. */
  readonly catalog: rds.IDatabaseInstance;
}

/** Every night, joins the orders of the last days with the customers of the replica, and replaces these days in a table of a lake. */
export class NightlyEtlStack extends Stack {
  constructor(scope: Construct, id: string, props: NightlyEtlStackProps) {
    super(scope, id, props);
    const orders = Bucket.fromBucketName(this, 'Orders', props.lake);
    const tables = new Bucket(this, 'Tables', { blockPublicAccess: BlockPublicAccess.BLOCK_ALL, enforceSSL: true, removalPolicy: RemovalPolicy.RETAIN });
    const reader = Secret.fromSecretNameV2(this, 'Reader', 'app/reader');
    const failed = new Queue(this, 'Failed', { enforceSSL: true, retentionPeriod: Duration.days(14) });

    const etl = new DuckDbFunction(this, 'Etl', {
      entry: `${__dirname}/etl.ts`,
      environment: { LAKE: props.lake },
      vpc: props.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      bootstrap: [
        new S3Step({ buckets: [orders], prefixes: ['orders/'] }),
        new PostgresStep({
          endpoint: PostgresEndpoint.fromHost(props.replica),
          database: 'app',
          schema: 'public',
          credentials: PostgresCredentials.fromPassword('reader', SecretSource.fromSecretsManager(reader, 'password')),
        }),
        new DuckLakeStep({
          metadata: DuckLakeMetadata.postgres({
            endpoint: PostgresEndpoint.fromInstance(props.catalog),
            database: 'lakehouse',
            schema: 'lake',
            credentials: PostgresCredentials.fromIam('lake_writer'),
          }),
          data: { bucket: tables, prefix: 'lake/' },
          access: LakeAccess.WRITE,
          createIfMissing: true,
        }),
      ],
      timeout: Duration.minutes(15),
      // Lambda tries three times in all, and then puts the event here.
      onFailure: new SqsDestination(failed),
    });

    new Rule(this, 'Nightly', {
      schedule: Schedule.cron({ hour: '1', minute: '15' }),
      // The queue is also for what could not even be handed to Lambda.
      targets: [new LambdaFunction(etl, { deadLetterQueue: failed })],
    });
  }
}
