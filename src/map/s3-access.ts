import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { iamLiteral } from '../aws/iam-literal';

/** Allows to list the keys that begin with the prefix. */
export function listing(bucket: s3.IBucket, prefix: string): iam.PolicyStatement[] {
  return [new iam.PolicyStatement({
    actions: ['s3:ListBucket'],
    resources: [bucket.bucketArn],
    ...(prefix !== '' && { conditions: { StringLike: { 's3:prefix': `${iamLiteral(prefix)}*` } } }),
  })];
}

/** Allows to read an object, or those that a pattern of IAM matches. */
export function reading(bucket: s3.IBucket, pattern: string): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [bucket.arnForObjects(pattern)] }),
    ...onKey(bucket, ['kms:Decrypt']),
  ];
}

/** Allows what Step Functions needs to write results with the prefix. */
export function writing(bucket: s3.IBucket, prefix: string): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({
      actions: ['s3:PutObject', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload'],
      resources: [bucket.arnForObjects(`${iamLiteral(prefix)}*`)],
    }),
    ...onKey(bucket, ['kms:Decrypt', 'kms:GenerateDataKey']),
  ];
}

function onKey({ encryptionKey }: s3.IBucket, actions: string[]): iam.PolicyStatement[] {
  return encryptionKey ? [new iam.PolicyStatement({ actions, resources: [encryptionKey.keyArn] })] : [];
}
