import { Duration, RemovalPolicy, Stack, StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as rds from 'aws-cdk-lib/aws-rds';
import { BlockPublicAccess, Bucket, EventType } from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DuckDbFunction, DuckLakeMetadata, DuckLakeStep, LakeAccess, PostgresCredentials, PostgresEndpoint, S3Step } from 'cdk-duckdb-lambda';

export interface S3EventsStackProps extends StackProps {
  readonly vpc: ec2.IVpc;
  /** Has the database `lakehouse`, with the schema `lake` and the role `lake_writer`. */
  readonly database: rds.IDatabaseInstance;
}

/** Takes CSV files into a lake as they arrive, each exactly once. A broken file ends in a queue of its own, and stops no other. */
export class S3EventsStack extends Stack {
  constructor(scope: Construct, id: string, props: S3EventsStackProps) {
    super(scope, id, props);
    const bucket = { blockPublicAccess: BlockPublicAccess.BLOCK_ALL, enforceSSL: true, removalPolicy: RemovalPolicy.RETAIN };
    const arrivals = new Bucket(this, 'Arrivals', bucket);
    const lake = new Bucket(this, 'Lake', bucket);

    const timeout = Duration.minutes(2);
    const broken = new Queue(this, 'Broken', { enforceSSL: true, retentionPeriod: Duration.days(14) });
    const queue = new Queue(this, 'Queue', {
      enforceSSL: true,
      // Six times the function's, as AWS advises.
      visibilityTimeout: Duration.minutes(12),
      deadLetterQueue: { queue: broken, maxReceiveCount: 5 },
    });
    arrivals.addEventNotification(EventType.OBJECT_CREATED, new SqsDestination(queue), { prefix: 'visits/', suffix: '.csv' });

    const ingestion = new DuckDbFunction(this, 'Ingestion', {
      entry: `${__dirname}/ingest.ts`,
      vpc: props.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      bootstrap: [
        new S3Step({ buckets: [arrivals], prefixes: ['visits/'] }),
        new DuckLakeStep({
          metadata: DuckLakeMetadata.postgres({
            endpoint: PostgresEndpoint.fromInstance(props.database),
            database: 'lakehouse',
            schema: 'lake',
            credentials: PostgresCredentials.fromIam('lake_writer'),
          }),
          data: { bucket: lake, prefix: 'lake/' },
          access: LakeAccess.WRITE,
          createIfMissing: true,
        }),
      ],
      timeout,
    });
    // One commit for many files, and few functions that wait for each other.
    ingestion.addEventSource(new SqsEventSource(queue, {
      batchSize: 100, maxBatchingWindow: Duration.minutes(1), maxConcurrency: 2, reportBatchItemFailures: true,
    }));
  }
}
