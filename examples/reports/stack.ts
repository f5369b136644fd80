import { Stack, StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { DuckDbFunction, MotherDuckStep, PostgresCredentials, PostgresEndpoint, PostgresStep, S3Step, SecretSource } from 'cdk-duckdb-lambda';

export interface ReportsStackProps extends StackProps {
  /** The name of the bucket with `orders/month=…/*.parquet`. */
  readonly lake: string;
  readonly vpc: ec2.IVpc;
  /** The server with the database `app`, which the user `reader` may read. */
  readonly replica: rds.IDatabaseInstance;
}

/** Reports over the data lake, the application's database and MotherDuck. */
export class ReportsStack extends Stack {
  readonly reports: DuckDbFunction;

  constructor(scope: Construct, id: string, props: ReportsStackProps) {
    super(scope, id, props);
    const lake = Bucket.fromBucketName(this, 'Lake', props.lake);
    const password = StringParameter.fromSecureStringParameterAttributes(this, 'Password', { parameterName: '/app/reader-password' });
    const token = StringParameter.fromSecureStringParameterAttributes(this, 'Token', { parameterName: '/motherduck/token' });

    this.reports = new DuckDbFunction(this, 'Reports', {
      entry: `${__dirname}/reports.ts`,
      vpc: props.vpc,
      environment: { LAKE: props.lake },
      bootstrap: [
        new S3Step({ buckets: [lake], prefixes: ['orders/'] }),
        new PostgresStep({
          endpoint: PostgresEndpoint.fromInstance(props.replica),
          database: 'app',
          credentials: PostgresCredentials.fromPassword('reader', SecretSource.fromSsmParameter(password)),
        }),
        new MotherDuckStep({ token: SecretSource.fromSsmParameter(token), databases: ['planning'] }),
      ],
    });
  }
}
