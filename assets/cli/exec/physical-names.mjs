/**
 * The values of a Ref to a resource and of its attributes, if the template contains its physical name.
 *
 * Covers only the resources that a function's environment usually refers to. Users pass other values with `--set`.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
 */
const TYPES = {
  'AWS::S3::Bucket': { name: 'BucketName', arn: (name) => ['s3', '', '', name] },
  'AWS::SSM::Parameter': { name: 'Name', attributes: { Value: 'Value', Type: 'Type' } },
  'AWS::DynamoDB::Table': { name: 'TableName', arn: (name) => ['dynamodb', REGION, ACCOUNT, `table/${name}`] },
  'AWS::IAM::Role': { name: 'RoleName', arn: (name, { Path = '/' }) => ['iam', '', ACCOUNT, `role${Path}${name}`] },
  'AWS::Lambda::Function': { name: 'FunctionName', arn: (name) => ['lambda', REGION, ACCOUNT, `function:${name}`] },
  'AWS::Logs::LogGroup': { name: 'LogGroupName' },
  'AWS::RDS::DBInstance': { name: 'DBInstanceIdentifier' },
  'AWS::RDS::DBCluster': { name: 'DBClusterIdentifier' },
  'AWS::SNS::Topic': { name: 'TopicName', refersByArn: true, arnAttribute: 'TopicArn', arn: (name) => ['sns', REGION, ACCOUNT, name] },
};

const REGION = 'AWS::Region';
const ACCOUNT = 'AWS::AccountId';

/** The value of a Ref; undefined if the template does not say. */
export function referenceOf({ Type, Properties = {} }, resolve, pseudo) {
  const type = TYPES[Type];
  const name = nameOf(type, Properties, resolve);
  return typeof name === 'string' && type.refersByArn ? arnOf(type, name, Properties, pseudo) : name;
}

/** The value of a GetAtt; undefined if the template does not say. */
export function attributeOf({ Type, Properties = {} }, attribute, resolve, pseudo) {
  const type = TYPES[Type];
  const property = type?.attributes?.[attribute];
  if (property !== undefined) return resolve(Properties[property]);
  if (type?.arn === undefined || attribute !== (type.arnAttribute ?? 'Arn')) return undefined;
  const name = nameOf(type, Properties, resolve);
  return typeof name === 'string' ? arnOf(type, name, Properties, pseudo) : name;
}

function nameOf(type, properties, resolve) {
  return type === undefined ? undefined : resolve(properties[type.name]);
}

function arnOf(type, name, properties, pseudo) {
  const parts = ['AWS::Partition', ...type.arn(name, properties)].map((part) => (part.startsWith('AWS::') ? pseudo(part) : part));
  return parts.find((part) => typeof part !== 'string') ?? `arn:${parts.join(':')}`;
}
