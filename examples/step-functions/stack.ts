import { Duration, RemovalPolicy, Stack, StackProps } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket } from 'aws-cdk-lib/aws-s3';
import { Choice, Condition, DefinitionBody, Fail, JsonPath, Pass, StateMachine, Succeed, TaskInput } from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { DuckDbQueryFunction, S3Step } from 'cdk-duckdb-lambda';

export interface LargeOrdersStackProps extends StackProps {
  /** The name of the bucket with `orders/month=…/*.parquet`. */
  readonly lake: string;
}

/** The maximum number of orders that are passed on as rows. */
const FEW_ORDERS = 100;

/** A state machine that queries the large orders of a month. It passes on a few orders as rows, and exports many to a CSV file. */
export class LargeOrdersStack extends Stack {
  readonly orders: DuckDbQueryFunction;

  constructor(scope: Construct, id: string, props: LargeOrdersStackProps) {
    super(scope, id, props);
    const lake = Bucket.fromBucketName(this, 'Lake', props.lake);
    const results = new Bucket(this, 'Results', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      lifecycleRules: [{ expiration: Duration.days(7) }],
      removalPolicy: RemovalPolicy.DESTROY,
    });

    this.orders = new DuckDbQueryFunction(this, 'Orders', {
      queries: `${__dirname}/queries`,
      bootstrap: [new S3Step({ buckets: [lake], prefixes: ['orders/'] })],
      results: { bucket: results, prefix: 'results/' },
      timeout: Duration.minutes(2),
    });

    // The machine's input looks like { "month": "2025-02", "least": "250.00" }.
    const question = { query: 'large-orders', params: { month: JsonPath.stringAt('$.month'), least: JsonPath.stringAt('$.least') } };
    const invalid = new Fail(this, 'The input is not valid', { causePath: '$.failure.Cause' });
    const ask = new LambdaInvoke(this, 'Ask', {
      lambdaFunction: this.orders,
      payload: TaskInput.fromObject(question),
      payloadResponseOnly: true,
      resultPath: '$.answer',
      retryOnServiceExceptions: false,
    });
    ask.addRetry(DuckDbQueryFunction.retry);
    ask.addCatch(invalid, { errors: ['ParameterError'], resultPath: '$.failure' });

    // Readers know the manifest's key. If the manifest exists, its files are complete.
    const exportAll = new LambdaInvoke(this, 'Export', {
      lambdaFunction: this.orders,
      payload: TaskInput.fromObject({
        ...question,
        output: { format: 'csv', key: JsonPath.format('large-orders/{}/manifest.json', JsonPath.stringAt('$.month')) },
      }),
      payloadResponseOnly: true,
      retryOnServiceExceptions: false,
    });
    exportAll.addRetry(DuckDbQueryFunction.retry);

    // Rows that are too large for an answer are in a Parquet file. The answer then has a rowCount but no rows, even if there are only a few.
    const areFew = Condition.and(Condition.isPresent('$.answer.rows'), Condition.numberLessThanEquals('$.answer.rowCount', FEW_ORDERS));
    const definition = ask.next(new Choice(this, 'How many?')
      .when(Condition.numberEquals('$.answer.rowCount', 0), new Succeed(this, 'Nothing to do'))
      .when(areFew, new Pass(this, 'Pass on', { outputPath: '$.answer.rows' }))
      .otherwise(exportAll));
    new StateMachine(this, 'Machine', { definitionBody: DefinitionBody.fromChainable(definition), tracingEnabled: true });
  }
}
