import { Duration, RemovalPolicy, Stack, StackProps } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket } from 'aws-cdk-lib/aws-s3';
import { DefinitionBody, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { DuckDbMap, DuckDbMapItems, DuckDbMapWorker, DuckDbQueryFunction, DuckDbQueryFunctionProps, S3Step } from 'cdk-duckdb-lambda';

export interface ScaleOutStackProps extends StackProps {
  /** The name of the bucket with `orders/day=…/*.parquet`, one file per day, and `arrivals/day=…/*.parquet`, many small files per day. */
  readonly lake: string;
  /** How many workers run at the same time. @default 30 */
  readonly maxConcurrency?: number;
  /** How the image is built if the defaults do not fit, for example on a machine without access to AWS's images. */
  readonly image?: Pick<DuckDbQueryFunctionProps, 'architecture' | 'baseImage' | 'extensionRepository' | 'imageBuild'>;
}

/** Two state machines with many workers: totals of all days, reduced to one answer; and a compaction of small files into one sorted file per day. */
export class ScaleOutStack extends Stack {
  constructor(scope: Construct, id: string, props: ScaleOutStackProps) {
    super(scope, id, props);
    const { maxConcurrency = 30 } = props;
    const lake = Bucket.fromBucketName(this, 'Lake', props.lake);
    const results = new Bucket(this, 'Results', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      lifecycleRules: [{ expiration: Duration.days(7) }],
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const orders = new DuckDbQueryFunction(this, 'Orders', {
      ...props.image,
      queries: `${__dirname}/queries`,
      bootstrap: [new S3Step({ buckets: [lake] })],
      results: { bucket: results, prefix: 'results/' },
      timeout: Duration.minutes(2),
    });

    const totals = new DuckDbMap(this, 'Totals', {
      items: DuckDbMapItems.fromObjects(lake, 'orders/'),
      worker: DuckDbMapWorker.fromQuery(orders, 'totals/map'),
      reducer: DuckDbMapWorker.fromQuery(orders, 'totals/reduce'),
      results: { bucket: results, prefix: 'results/totals/' },
      maxConcurrency,
      // One broken file in a hundred does not stop the report. results/totals/map-runs/ lists what failed.
      toleratedFailurePercentage: 1,
    });
    new StateMachine(this, 'TotalsMachine', { definitionBody: DefinitionBody.fromChainable(totals), tracingEnabled: true });

    // The files of a run are complete when it has succeeded. Its output, { manifests }, is the URL of the manifests that name them.
    const compaction = new DuckDbMap(this, 'Compaction', {
      items: DuckDbMapItems.fromQuery(orders, 'compaction/days', { params: { lake: props.lake } }),
      worker: DuckDbMapWorker.fromQuery(orders, 'compaction/map', { params: { lake: props.lake } }),
      results: { bucket: results, prefix: 'results/compaction/' },
      maxConcurrency,
    });
    new StateMachine(this, 'CompactionMachine', { definitionBody: DefinitionBody.fromChainable(compaction), tracingEnabled: true });
  }
}
