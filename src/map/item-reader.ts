import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';

/**
 * One of CDK's item readers, with narrower grants: CDK's allow to list or read the whole bucket, and lack the KMS key.
 *
 * Step Functions reads a bucket of another account only if its owner is named, which CDK cannot do.
 *
 * @see https://github.com/aws/aws-cdk/pull/35881
 */
export class NarrowItemReader implements sfn.IItemReader {
  public readonly bucket: s3.IBucket;
  public readonly resource: string;

  constructor(private readonly reader: sfn.IItemReader, private readonly statements: iam.PolicyStatement[], private readonly owner?: string) {
    this.bucket = reader.bucket;
    this.resource = reader.resource;
  }

  public render(queryLanguage?: sfn.QueryLanguage): any {
    const rendered = this.reader.render(queryLanguage);
    return this.owner === undefined ? rendered : { ...rendered, Parameters: { ...rendered.Parameters, ExpectedBucketOwner: this.owner } };
  }

  public providePolicyStatements(): iam.PolicyStatement[] {
    return this.statements;
  }

  public validateItemReader(): string[] {
    return this.reader.validateItemReader();
  }
}
