import { Duration, RemovalPolicy, Stack, StackProps, TimeZone } from 'aws-cdk-lib';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { BlockPublicAccess, Bucket } from 'aws-cdk-lib/aws-s3';
import { ContextAttribute, Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DuckDbQueryFunction, S3Step } from 'cdk-duckdb-lambda';

export interface ScheduledExportStackProps extends StackProps {
  /** The name of the bucket that holds `orders/month=…/*.parquet`. */
  readonly lake: string;
}

/** Exports the sales of the last week to a CSV file, every Monday at seven. */
export class ScheduledExportStack extends Stack {
  constructor(scope: Construct, id: string, props: ScheduledExportStackProps) {
    super(scope, id, props);
    const lake = Bucket.fromBucketName(this, 'Lake', props.lake);
    const exported = new Bucket(this, 'Exported', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      lifecycleRules: [{ expiration: Duration.days(90) }],
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const failed = new Queue(this, 'Failed', { enforceSSL: true, retentionPeriod: Duration.days(14) });

    const sales = new DuckDbQueryFunction(this, 'Sales', {
      queries: `${__dirname}/queries`,
      bootstrap: [new S3Step({ buckets: [lake], prefixes: ['orders/'] })],
      results: { bucket: exported, prefix: 'exports/' },
      timeout: Duration.minutes(5),
      // Lambda tries three times in all, and then puts the event here.
      onFailure: new SqsDestination(failed),
    });

    // What the schedule gives is the time for which it was due, however late it runs: each attempt exports the same week, under the same key.
    new Schedule(this, 'Mondays', {
      schedule: ScheduleExpression.cron({ weekDay: 'MON', hour: '7', minute: '0', timeZone: TimeZone.EUROPE_BERLIN }),
      target: new LambdaInvoke(sales, {
        input: ScheduleTargetInput.fromObject({
          query: 'weekly-sales',
          params: { until: ContextAttribute.scheduledTime },
          output: { format: 'csv', key: `weekly-sales/${ContextAttribute.scheduledTime}.json` },
        }),
        // What could not even be handed to Lambda.
        deadLetterQueue: failed,
      }),
    });
  }
}
