import { Duration, RemovalPolicy, Stack, StackProps } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import { BlockPublicAccess, Bucket } from 'aws-cdk-lib/aws-s3';
import { DefinitionBody, JsonPath, Map, StateMachine, TaskInput } from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { DuckDbQueryFunction, S3Step } from 'cdk-duckdb-lambda';

export interface CompactionStackProps extends StackProps {
  /** The name of the bucket to which Firehose writes `events/day=…/*.parquet`, by the prefix `events/day=!{timestamp:yyyy-MM-dd}/`. */
  readonly lake: string;
}

/** Makes one sorted file of the many small files of a day, as soon as no file of that day can come any more. Queries read both kinds of days. */
export class CompactionStack extends Stack {
  constructor(scope: Construct, id: string, props: CompactionStackProps) {
    super(scope, id, props);
    const lake = Bucket.fromBucketName(this, 'Lake', props.lake);
    const compacted = new Bucket(this, 'Compacted', { blockPublicAccess: BlockPublicAccess.BLOCK_ALL, enforceSSL: true, removalPolicy: RemovalPolicy.RETAIN });
    const events = new DuckDbQueryFunction(this, 'Events', {
      queries: `${__dirname}/queries`,
      bootstrap: [new S3Step({ buckets: [lake], prefixes: ['events/'] })],
      results: { bucket: compacted, prefix: 'events/' },
      timeout: Duration.minutes(10),
    });

    const ask = (name: string, event: object) => {
      const task = new LambdaInvoke(this, name, {
        lambdaFunction: events, payload: TaskInput.fromObject(event), payloadResponseOnly: true, retryOnServiceExceptions: false,
      });
      task.addRetry(DuckDbQueryFunction.retry);
      return task;
    };
    const days = ask('Days', { query: 'days', params: { time: JsonPath.stringAt('$.time') }, manifests: 'days/' });
    // A day has one key. Its manifest, which is written last, replaces that of an earlier attempt.
    const compact = ask('Compact', {
      query: 'compact',
      params: { day: JsonPath.stringAt('$.day') },
      output: { format: 'parquet', key: JsonPath.format('days/{}.json', JsonPath.stringAt('$.number')) },
    });
    const eachDay = new Map(this, 'Each day', { itemsPath: '$.rows', maxConcurrency: 4 }).itemProcessor(compact);
    const machine = new StateMachine(this, 'Machine', { definitionBody: DefinitionBody.fromChainable(days.next(eachDay)), tracingEnabled: true });
    // The input is the event, whose time is that of the schedule.
    new Rule(this, 'Nightly', { schedule: Schedule.cron({ hour: '2', minute: '15' }), targets: [new SfnStateMachine(machine)] });
  }
}
