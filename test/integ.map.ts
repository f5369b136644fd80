import { ExpectedResult, IntegTest, Match } from '@aws-cdk/integ-tests-alpha';
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { DefinitionBody, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { DuckDbMap, DuckDbMapItems, DuckDbMapWorker, DuckDbQueryFunction, S3Step } from '../src';

const app = new App();
const stack = new Stack(app, 'duckdb-lambda-map');
const lake = new Bucket(stack, 'Lake', { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true });
const numbers = new BucketDeployment(stack, 'Numbers', {
  destinationBucket: lake, destinationKeyPrefix: 'numbers/', sources: [1, 2, 3, 4].map((n) => Source.data(`${n}.csv`, `n\n${n}\n`)),
});
const fn = new DuckDbQueryFunction(stack, 'Fn', {
  queries: `${__dirname}/integ/map-queries`,
  bootstrap: [new S3Step({ buckets: [lake], prefixes: ['numbers/'] })],
  results: { bucket: lake, prefix: 'results/' },
});
const sums = new DuckDbMap(stack, 'Sums', {
  items: DuckDbMapItems.fromObjects(lake, 'numbers/'),
  worker: DuckDbMapWorker.fromQuery(fn, 'batch-sum'),
  reducer: DuckDbMapWorker.fromQuery(fn, 'sum'),
  results: { bucket: lake, prefix: 'results/sums/' },
  batch: { maxItems: 3 },
});
const machine = new StateMachine(stack, 'Machine', { definitionBody: DefinitionBody.fromChainable(sums) });
machine.node.addDependency(numbers);

// Only AWS shows that the role may list the prefix, that items come in batches, and that the runs of the workers are recorded.
const { assertions } = new IntegTest(app, 'Map', { testCases: [stack], stackUpdateWorkflow: false });
const started = assertions.awsApiCall('StepFunctions', 'startExecution', { stateMachineArn: machine.stateMachineArn });
const ended = assertions.awsApiCall('StepFunctions', 'describeExecution', { executionArn: started.getAttString('executionArn') })
  .expect(ExpectedResult.objectLike({ status: 'SUCCEEDED', output: Match.stringLikeRegexp('"rows":\\[\\{"total":10,"workers":2\\}\\]') }))
  .waitForAssertions({ totalTimeout: Duration.minutes(10) });
started.next(ended).next(assertions.awsApiCall('S3', 'listObjectsV2', { Bucket: lake.bucketName, Prefix: 'results/sums/map-runs/' })
  .expect(ExpectedResult.objectLike({ Contents: Match.arrayWith([Match.objectLike({ Key: Match.stringLikeRegexp('/SUCCEEDED_0\\.json$') })]) })));
