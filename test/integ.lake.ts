import { ExpectedResult, IntegTest } from '@aws-cdk/integ-tests-alpha';
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { DuckDbFunction, S3Permissions, S3Step } from '../src';

const app = new App();
const stack = new Stack(app, 'duckdb-lambda-lake');
const lake = new Bucket(stack, 'Lake', { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true });
const fn = new DuckDbFunction(stack, 'Fn', {
  entry: `${__dirname}/integ/lake.ts`,
  bootstrap: [new S3Step({ buckets: [lake], prefixes: ['orders/'], permissions: S3Permissions.READ_WRITE })],
  environment: { LAKE: lake.bucketName },
});

const { assertions } = new IntegTest(app, 'Lake', { testCases: [stack], stackUpdateWorkflow: false });
assertions.invokeFunction({ functionName: fn.functionName }).expect(ExpectedResult.objectLike({
  Payload: JSON.stringify([{ category: 'books', revenue: '7.25' }, { category: 'toys', revenue: '12.50' }]),
}));
