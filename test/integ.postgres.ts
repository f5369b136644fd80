import { ExpectedResult, IntegTest } from '@aws-cdk/integ-tests-alpha';
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import { DuckDbFunction, PostgresCredentials, PostgresEndpoint, PostgresStep } from '../src';

const app = new App();
const stack = new Stack(app, 'duckdb-lambda-postgres');
const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1, restrictDefaultSecurityGroup: false });
const database = new rds.DatabaseInstance(stack, 'Database', {
  engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17_5 }),
  instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MICRO),
  vpc,
  databaseName: 'app',
  credentials: rds.Credentials.fromGeneratedSecret('reader'),
  removalPolicy: RemovalPolicy.DESTROY,
  deleteAutomatedBackups: true,
});
const fn = new DuckDbFunction(stack, 'Fn', {
  entry: `${__dirname}/integ/postgres.ts`,
  vpc,
  timeout: Duration.minutes(1),
  bootstrap: [new PostgresStep({ endpoint: PostgresEndpoint.fromInstance(database), database: 'app', credentials: PostgresCredentials.fromSecret(database.secret!) })],
});

const { assertions } = new IntegTest(app, 'Postgres', { testCases: [stack], stackUpdateWorkflow: false });
assertions.invokeFunction({ functionName: fn.functionName }).expect(ExpectedResult.objectLike({
  Payload: JSON.stringify([{ database: 'app', user: 'reader', ssl: true }]),
}));
