import { randomUUID } from 'node:crypto';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { AwsServer } from '../bed';
import { boto } from '../lib-runtime/boto';

/** Makes a user with a policy and prints its access key. */
const USER = `
iam = boto3.client('iam')
iam.create_user(UserName=NAME)
iam.put_user_policy(UserName=NAME, PolicyName='function', PolicyDocument=POLICY)
key = iam.create_access_key(UserName=NAME)['AccessKey']
print(json.dumps([key['AccessKeyId'], key['SecretAccessKey']]))
`;

/** The environment of a stack's one function as it would be deployed, for the bucket `lake`: with a key that may do what its policy says. */
export async function deployedEnvironment(stack: Stack, aws: AwsServer): Promise<Record<string, string>> {
  const template = Template.fromStack(stack);
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
  const [fn] = Object.values(template.findResources('AWS::Lambda::Function'));

  await aws.allowUnchecked(20);
  const document = JSON.stringify(withDeletion(deployed(policy.Properties.PolicyDocument)));
  const [accessKeyId, secretAccessKey] = await boto(aws, `NAME = '${randomUUID()}'\nPOLICY = ${JSON.stringify(document)}\n${USER}`);
  await aws.allowUnchecked(0);
  return {
    // Outside of its prefixes the runtime would send no credentials: here it does, to hear what IAM says.
    DUCKDB_LAMBDA_CONFIG: deployed(fn.Properties.Environment.Variables.DUCKDB_LAMBDA_CONFIG).replace(/"scopes":\[[^\]]*\]/, '"scopes":["s3://lake/"]'),
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL: aws.endpoint,
  };
}

/** Of a request that deletes many objects moto asks for the permission on the bucket, where S3 asks for that on each object. */
function withDeletion(document: { Statement: { Action: string | string[]; Resource: string | string[] }[] }): object {
  const statements = document.Statement.filter(({ Action }) => Action.includes('s3:DeleteObject'));
  return { ...document, Statement: [...document.Statement, ...statements.map((each) => ({ ...each, Action: 's3:DeleteObject', Resource: 'arn:aws:s3:::lake' }))] };
}

/** What CloudFormation would make of the references that a policy of imported resources holds. */
function deployed(value: any): any {
  if (Array.isArray(value)) return value.map(deployed);
  if (typeof value !== 'object' || value === null) return value;
  if (value.Ref === 'AWS::Partition') return 'aws';
  if (value['Fn::Join']) return value['Fn::Join'][1].map(deployed).join(value['Fn::Join'][0]);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, deployed(each)]));
}
