import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';

/** The actions that S3 Tables' REST catalog asks for on the table bucket, and on its tables. Data need no action of S3 itself. */
const READING = {
  bucket: ['GetTableBucket', 'ListNamespaces', 'GetNamespace', 'ListTables'],
  tables: ['GetTable', 'GetTableMetadataLocation', 'GetTableData'],
};
const WRITING = {
  bucket: ['CreateNamespace', 'CreateTable'],
  tables: ['UpdateTableMetadataLocation', 'PutTableData'],
};

/**
 * Lets a role read the tables of a table bucket, and on request write to them.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-integrating-open-source.html
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3tables.html
 */
export function grantTableBucket(role: iam.IRole, tableBucketArn: string, keys: kms.IKey[], canWrite: boolean): void {
  const actions = (of: keyof typeof READING) => [...READING[of], ...(canWrite ? WRITING[of] : [])].map((action) => `s3tables:${action}`);
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: actions('bucket'), resources: [tableBucketArn] }));
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: actions('tables'), resources: [`${tableBucketArn}/table/*`] }));
  for (const key of keys) key.grant(role, ...(canWrite ? ['kms:Decrypt', 'kms:GenerateDataKey'] : ['kms:Decrypt']));
}
