import { Stack, StackProps } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { DuckDbFunction, DuckDbFunctionProps, S3Step } from 'cdk-duckdb-lambda';

/** How the image is built if the defaults do not fit, for example on a machine without access to AWS's images. */
export type ImageProps = Pick<DuckDbFunctionProps, 'architecture' | 'baseImage' | 'extensionRepository' | 'imageBuild'>;

export interface SalesStackProps extends StackProps {
  /** The name of the bucket with `orders/month=…/*.parquet`. */
  readonly lake: string;
  readonly image?: ImageProps;
}

/** Monthly sales, computed by SQL over the Parquet files of a data lake. */
export class SalesStack extends Stack {
  readonly sales: DuckDbFunction;

  constructor(scope: Construct, id: string, props: SalesStackProps) {
    super(scope, id, props);
    const lake = Bucket.fromBucketName(this, 'Lake', props.lake);

    this.sales = new DuckDbFunction(this, 'Sales', {
      ...props.image,
      entry: `${__dirname}/sales.ts`,
      bootstrap: [new S3Step({ buckets: [lake], prefixes: ['orders/'] })],
      environment: { LAKE: props.lake },
    });
  }
}
