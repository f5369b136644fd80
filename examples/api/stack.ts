import { CfnOutput, Stack, StackProps } from 'aws-cdk-lib';
import { FunctionUrl, FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { DuckDbQueryFunction, DuckDbQueryFunctionProps, S3Step } from 'cdk-duckdb-lambda';

/** The bucket with `orders/month=…/*.parquet`. The queries name it. */
const LAKE = 'my-data-lake';

export interface ApiStackProps extends StackProps {
  /** How the image is built where the defaults do not fit, such as on a machine without access to AWS's images. */
  readonly image?: Pick<DuckDbQueryFunctionProps, 'architecture' | 'baseImage' | 'extensionRepository' | 'imageBuild'>;
}

/** Queries over the orders of a data lake, as an API for callers who sign their requests. */
export class ApiStack extends Stack {
  readonly url: FunctionUrl;

  constructor(scope: Construct, id: string, props: ApiStackProps = {}) {
    super(scope, id, props);
    const sales = new DuckDbQueryFunction(this, 'Sales', {
      ...props.image,
      queries: `${__dirname}/queries`,
      bootstrap: [new S3Step({ buckets: [Bucket.fromBucketName(this, 'Lake', LAKE)], prefixes: ['orders/'] })],
      // For the page while it is developed. Behind CloudFront, it has the origin of its answers.
      http: { cors: { allowedOrigins: ['http://localhost:8080'] } },
    });
    this.url = sales.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
    new CfnOutput(this, 'Url', { value: this.url.url });
  }
}
