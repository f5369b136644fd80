import { Duration, Names, RemovalPolicy, Stack, StackProps } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { BlockPublicAccess, Bucket, EventType } from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { CfnTableBucket } from 'aws-cdk-lib/aws-s3tables';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  DuckDbFunction, DuckDbFunctionOptions, DuckDbQueryFunction, IcebergAuth, IcebergSource, IcebergStep, LakeAccess, S3Step, SecretSource,
} from 'cdk-duckdb-lambda';

/** A REST catalog in place of S3 Tables. */
export interface RestCatalog {
  readonly url: string;
  /** The name of the bucket that has the files of its tables. */
  readonly warehouse: string;
}

export interface IcebergStackProps extends StackProps {
  /** Where the tables are. @default - in a table bucket of S3 Tables */
  readonly rest?: RestCatalog;
  /** How the images are built if the defaults do not fit, for example on a machine without access to AWS's images. */
  readonly image?: Pick<DuckDbFunctionOptions, 'architecture' | 'baseImage' | 'extensionRepository' | 'imageBuild'>;
}

/** Orders that arrive as Parquet files go into an Iceberg table. Queries read it as it is, or as it was at an earlier time. */
export class IcebergStack extends Stack {
  constructor(scope: Construct, id: string, props: IcebergStackProps = {}) {
    super(scope, id, props);
    const source = props.rest ? this.restCatalog(props.rest) : this.tableBucket();
    const timeout = Duration.minutes(2);

    const arrivals = new Bucket(this, 'Arrivals', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      lifecycleRules: [{ expiration: Duration.days(7) }],
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const broken = new Queue(this, 'Broken', { enforceSSL: true });
    const queue = new Queue(this, 'Queue', {
      enforceSSL: true,
      visibilityTimeout: timeout.plus(timeout),
      deadLetterQueue: { queue: broken, maxReceiveCount: 5 },
    });
    arrivals.addEventNotification(EventType.OBJECT_CREATED, new SqsDestination(queue), { prefix: 'orders/', suffix: '.parquet' });

    const ingest = new DuckDbFunction(this, 'Ingest', {
      ...props.image,
      entry: `${__dirname}/ingest.ts`,
      bootstrap: [new S3Step({ buckets: [arrivals], prefixes: ['orders/'] }), new IcebergStep({ source, access: LakeAccess.WRITE })],
      timeout,
    });
    // One commit for many files is better than many commits, and few writers have few conflicts.
    ingest.addEventSource(new SqsEventSource(queue, { batchSize: 100, maxBatchingWindow: Duration.minutes(1), maxConcurrency: 2 }));

    new DuckDbQueryFunction(this, 'Answer', {
      ...props.image,
      queries: `${__dirname}/queries`,
      bootstrap: [new IcebergStep({ source, maxStaleness: Duration.minutes(1) })],
    });
  }

  /** The first function that writes creates the namespace and the table. */
  private tableBucket(): IcebergSource {
    const tableBucketName = Names.uniqueResourceName(this, { maxLength: 63, separator: '-' }).toLowerCase();
    return IcebergSource.s3Tables(new CfnTableBucket(this, 'Tables', { tableBucketName }).attrTableBucketArn);
  }

  private restCatalog({ url, warehouse }: RestCatalog): IcebergSource {
    const token = SecretSource.fromSecretsManager(Secret.fromSecretNameV2(this, 'Token', 'catalog/token'));
    return IcebergSource.rest(url, { auth: IcebergAuth.token(token), data: [{ bucket: Bucket.fromBucketName(this, 'Warehouse', warehouse) }] });
  }
}
