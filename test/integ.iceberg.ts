import { ExpectedResult, IntegTest } from '@aws-cdk/integ-tests-alpha';
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnDatabase } from 'aws-cdk-lib/aws-glue';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CfnTableBucket } from 'aws-cdk-lib/aws-s3tables';
import { DuckDbFunction, IcebergSource, IcebergStep, LakeAccess } from '../src';

const app = new App();
const stack = new Stack(app, 'duckdb-lambda-iceberg');
const lake = new Bucket(stack, 'Lake', { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true });
const tables = new CfnTableBucket(stack, 'Tables', { tableBucketName: 'duckdb-lambda-iceberg' });
const database = new CfnDatabase(stack, 'Database', {
  catalogId: stack.account, databaseInput: { name: 'duckdb_lambda_iceberg', locationUri: `s3://${lake.bucketName}/` },
});
const s3Tables = IcebergSource.s3Tables(tables.attrTableBucketArn);
const glue = IcebergSource.glue({ data: [{ bucket: lake }], databases: ['duckdb_lambda_iceberg'] });

const writer = new DuckDbFunction(stack, 'Writer', {
  entry: `${__dirname}/integ/iceberg.ts`,
  bootstrap: [
    new IcebergStep({ name: 's3tables', catalog: 's3tables', source: s3Tables, access: LakeAccess.WRITE }),
    new IcebergStep({ name: 'glue', catalog: 'glue', source: glue, access: LakeAccess.WRITE }),
  ],
  environment: { LAKE: lake.bucketName },
  timeout: Duration.minutes(2),
});
const reader = new DuckDbFunction(stack, 'Reader', {
  entry: `${__dirname}/integ/iceberg.ts`,
  handler: 'read',
  bootstrap: [
    new IcebergStep({ name: 's3tables', catalog: 's3tables', source: s3Tables }),
    new IcebergStep({ name: 'glue', catalog: 'glue', source: glue }),
  ],
  timeout: Duration.minutes(2),
});
writer.node.addDependency(database);

// Only AWS shows that the permissions are enough and not too many, which files of S3 Tables' own bucket they open, and what its catalogs answer.
const { assertions } = new IntegTest(app, 'Iceberg', { testCases: [stack], stackUpdateWorkflow: false });
const written = assertions.invokeFunction({ functionName: writer.functionName }).expect(ExpectedResult.objectLike({
  Payload: JSON.stringify({ s3tables: [[2, 3], 'refused'], glue: [[2, 3], 'refused'] }),
}));
const read = assertions.invokeFunction({ functionName: reader.functionName }).expect(ExpectedResult.objectLike({
  Payload: JSON.stringify({ s3tables: [[2, 3], ['numbers']], glue: [[2, 3], ['numbers']] }),
}));
// CloudFormation cannot delete a table bucket that has tables.
const ofTables = { tableBucketARN: tables.attrTableBucketArn, namespace: 'numbers' };
written.next(read)
  .next(assertions.awsApiCall('S3Tables', 'deleteTable', { ...ofTables, name: 'numbers' }))
  .next(assertions.awsApiCall('S3Tables', 'deleteNamespace', ofTables));
