import { Duration, RemovalPolicy, Stack, StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import * as rds from 'aws-cdk-lib/aws-rds';
import { BlockPublicAccess, Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import {
  DuckDbFunction, DuckDbFunctionProps, DuckDbQueryFunction, DuckLakeMetadata, DuckLakeStep, LakeAccess, PostgresCredentials, PostgresEndpoint, S3Step,
} from 'cdk-duckdb-lambda';

export interface LakehouseStackProps extends StackProps {
  /** The name of the bucket to which others write `orders/….parquet`. Each file is complete when it appears, and never changes. */
  readonly arrivals: string;
  readonly vpc: ec2.IVpc;
  /** The server with the database `lakehouse`, with the schema `lake` and the roles `lake_writer` and `lake_reader`. */
  readonly database: rds.IDatabaseInstance;
  /** How the image is built if the defaults do not fit. */
  readonly image?: Pick<DuckDbFunctionProps, 'architecture' | 'baseImage' | 'extensionRepository' | 'imageBuild'>;
}

/** A lake of orders. One function adds the files that have arrived, one queries the lake, and two maintain it. */
export class LakehouseStack extends Stack {
  readonly ingestion: DuckDbFunction;
  readonly orders: DuckDbQueryFunction;
  readonly merging: DuckDbQueryFunction;
  readonly cleaning: DuckDbQueryFunction;

  constructor(scope: Construct, id: string, props: LakehouseStackProps) {
    super(scope, id, props);
    const arrivals = Bucket.fromBucketName(this, 'Arrivals', props.arrivals);
    const bucket = new Bucket(this, 'Lake', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      // A file that was deleted by mistake can be restored. Incomplete uploads are removed.
      versioned: true,
      lifecycleRules: [{ noncurrentVersionExpiration: Duration.days(7), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const lake = (access: LakeAccess) => new DuckLakeStep({
      metadata: DuckLakeMetadata.postgres({
        endpoint: PostgresEndpoint.fromInstance(props.database),
        database: 'lakehouse',
        schema: 'lake',
        credentials: PostgresCredentials.fromIam(access === LakeAccess.READ ? 'lake_reader' : 'lake_writer'),
      }),
      data: { bucket, prefix: 'lake/' },
      access,
      createIfMissing: access === LakeAccess.WRITE,
    });
    const shared = { ...props.image, vpc: props.vpc, vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } };

    this.ingestion = new DuckDbFunction(this, 'Ingestion', {
      ...shared,
      entry: `${__dirname}/ingest.ts`,
      environment: { ARRIVALS: props.arrivals },
      bootstrap: [new S3Step({ buckets: [arrivals], prefixes: ['orders/'] }), lake(LakeAccess.WRITE)],
      timeout: Duration.minutes(15),
    });

    this.orders = new DuckDbQueryFunction(this, 'Orders', { ...shared, queries: `${__dirname}/queries`, bootstrap: [lake(LakeAccess.READ)] });

    // No function both writes and deletes files.
    const maintenance = { ...shared, queries: DuckLakeStep.maintenanceQueries, timeout: Duration.minutes(15) };
    this.merging = new DuckDbQueryFunction(this, 'Merging', { ...maintenance, bootstrap: [lake(LakeAccess.WRITE)] });
    this.cleaning = new DuckDbQueryFunction(this, 'Cleaning', { ...maintenance, bootstrap: [lake(LakeAccess.MAINTAIN)] });

    const run = (fn: DuckDbFunction | DuckDbQueryFunction, name: string, schedule: Schedule, event?: object) => new Rule(this, name, {
      schedule, targets: [new LambdaFunction(fn, { event: event && RuleTargetInput.fromObject(event) })],
    });
    const nightly = (hour: string) => Schedule.cron({ hour, minute: '15' });
    run(this.ingestion, 'Hourly', Schedule.rate(Duration.hours(1)));
    run(this.merging, 'Merge', nightly('1'), { query: 'merge' });
    run(this.cleaning, 'Expire', nightly('2'), { query: 'expire', params: { age: '30 days' } });
    run(this.cleaning, 'CleanUp', nightly('3'), { query: 'clean-up' });
  }
}
