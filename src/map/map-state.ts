import { Arn, ArnFormat, Aws } from 'aws-cdk-lib';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { MapResults } from './map-results';
import { writing } from './s3-access';

/**
 * CDK's distributed map, whose record of the workers' runs is always written, and with a grant for its prefix alone.
 *
 * CDK leaves out a `resultWriter` where the feature flag for `resultWriterV2` is set, and a `resultWriterV2` where it is not, as in a Stage, together
 * with the grant. It grants the whole bucket, without its KMS key.
 *
 * @see https://github.com/aws/aws-cdk/issues/35966
 */
export class MapState extends sfn.DistributedMap {
  private isComplete = false;

  constructor(
    scope: Construct, id: string, props: sfn.DistributedMapProps, private readonly worker: sfn.State, private readonly results: MapResults,
  ) {
    super(scope, id, { ...props, queryLanguage: sfn.QueryLanguage.JSON_PATH });
  }

  /** A graph keeps the names that its states have when it is made, and `prefixStates` comes later than the constructor. */
  public override bindToGraph(graph: sfn.StateGraph): void {
    if (!this.isComplete) {
      this.isComplete = true;
      this.itemProcessor(this.worker);
    }
    super.bindToGraph(graph);
  }

  public override toStateJson(queryLanguage?: sfn.QueryLanguage): object {
    const { bucket, runs } = this.results;
    return {
      ...super.toStateJson(queryLanguage),
      ResultWriter: {
        Resource: Arn.format({
          service: 'states', partition: Aws.PARTITION, region: '', account: '', resource: 's3', resourceName: 'putObject', arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
        Parameters: { Bucket: bucket.bucketName, Prefix: runs },
      },
    };
  }

  protected override whenBoundToGraph(graph: sfn.StateGraph): void {
    super.whenBoundToGraph(graph);
    writing(this.results.bucket, `${this.results.runs}/`).forEach((statement) => graph.registerPolicyStatement(statement));
  }
}
