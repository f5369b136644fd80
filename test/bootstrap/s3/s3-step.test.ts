import * as path from 'path';
import { App, CfnParameter, Fn, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { DuckDbFunction, S3Permissions, S3Step, S3StepProps, S3UrlStyle } from '../../../src';

const ENTRY = path.join(__dirname, '../..', 'fixtures', 'handler.ts');

let stack: Stack;
let lake: s3.IBucket;

beforeEach(() => {
  stack = new Stack(new App(), 'Stack', { env: { account: '111111111111', region: 'eu-west-1' } });
  lake = s3.Bucket.fromBucketName(stack, 'Lake', 'lake');
});

/** The statements of the function's policy and the configuration that its runtime reads. */
function bound(props: Partial<S3StepProps>): { statements: any[]; step: any } {
  new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [new S3Step({ buckets: [lake], ...props })] });
  const template = Template.fromStack(stack);
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
  const [fn] = Object.values(template.findResources('AWS::Lambda::Function'));
  const config = JSON.parse(JSON.stringify(fn.Properties.Environment.Variables.DUCKDB_LAMBDA_CONFIG));
  return { statements: policy.Properties.PolicyDocument.Statement, step: typeof config === 'string' ? JSON.parse(config).steps[0] : config };
}

const arn = (resource: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:s3:::${resource}`]] });

test('reads all keys of a bucket, and nothing more', () => {
  expect(bound({})).toEqual({
    statements: [
      { Effect: 'Allow', Action: 's3:GetObject', Resource: arn('lake/*') },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: arn('lake') },
    ],
    step: { name: 's3', type: 's3', config: { scopes: ['s3://lake/'] } },
  });
});

test('prefixes limit reading and listing', () => {
  expect(bound({ prefixes: ['events/', 'users/'] })).toEqual({
    statements: [
      { Effect: 'Allow', Action: 's3:GetObject', Resource: [arn('lake/events/*'), arn('lake/users/*')] },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: arn('lake'), Condition: { StringLike: { 's3:prefix': ['events/*', 'users/*'] } } },
    ],
    step: { name: 's3', type: 's3', config: { scopes: ['s3://lake/events/', 's3://lake/users/'] } },
  });
});

test('prefetches keys and patterns in each of its buckets, under its prefixes', () => {
  const other = s3.Bucket.fromBucketName(stack, 'Other', 'other');
  const step = { buckets: [lake, other], prefixes: ['events/'], prefetch: ['events/*/*.parquet', 'events/users.parquet'] };
  expect(bound(step).step.config.prefetch).toEqual([
    's3://lake/events/*/*.parquet', 's3://lake/events/users.parquet', 's3://other/events/*/*.parquet', 's3://other/events/users.parquet',
  ]);
});

test('a prefix or a pattern that a deployment completes is taken as it is', () => {
  const stage = new CfnParameter(stack, 'Stage').valueAsString;
  expect(() => new S3Step({ buckets: [lake], prefixes: [`${stage}/`], prefetch: ['prod/*.parquet', `${stage}/*.parquet`] })).not.toThrow();
});

test('writes when asked', () => {
  expect(bound({ permissions: S3Permissions.READ_WRITE }).statements[0]).toEqual(
    { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'], Resource: arn('lake/*') });
});

test('overwrites when asked: deletes under the prefixes, and nowhere else', () => {
  const key = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111111111111:key/named');
  expect(bound({ permissions: S3Permissions.READ_WRITE_DELETE, prefixes: ['events/', 'users/'], encryptionKeys: [key] }).statements).toEqual([
    {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:DeleteObject'],
      Resource: [arn('lake/events/*'), arn('lake/users/*')],
    },
    { Effect: 'Allow', Action: 's3:ListBucket', Resource: arn('lake'), Condition: { StringLike: { 's3:prefix': ['events/*', 'users/*'] } } },
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: 'arn:aws:kms:eu-west-1:111111111111:key/named' },
  ]);
});

test('a prefix is a prefix, also where IAM would read a variable in it', () => {
  expect(bound({ prefixes: ['${aws:username}/', 'cost$/'] })).toEqual({
    statements: [
      { Effect: 'Allow', Action: 's3:GetObject', Resource: [arn('lake/${$}{aws:username}/*'), arn('lake/cost${$}/*')] },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: arn('lake'), Condition: { StringLike: { 's3:prefix': ['${$}{aws:username}/*', 'cost${$}/*'] } } },
    ],
    step: { name: 's3', type: 's3', config: { scopes: ['s3://lake/${aws:username}/', 's3://lake/cost$/'] } },
  });
});

test('of a prefix that a deployment completes, what is known is escaped', () => {
  const stage = new CfnParameter(stack, 'Stage').valueAsString;
  expect(bound({ prefixes: [`$${stage}/a$/`] }).statements[1].Condition).toEqual(
    { StringLike: { 's3:prefix': [{ 'Fn::Join': ['', ['${$}', { Ref: 'Stage' }, '/a${$}/*']] }] } });
});

test('a bucket whose name has dots is granted and named as it is', () => {
  const dotted = s3.Bucket.fromBucketName(stack, 'Dotted', 'data.example.com');
  expect(bound({ buckets: [dotted], prefixes: ['events/'] })).toEqual({
    statements: [
      { Effect: 'Allow', Action: 's3:GetObject', Resource: arn('data.example.com/events/*') },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: arn('data.example.com'), Condition: { StringLike: { 's3:prefix': ['events/*'] } } },
    ],
    step: { name: 's3', type: 's3', config: { scopes: ['s3://data.example.com/events/'] } },
  });
});

test('a prefix without a final slash causes a warning: it matches more than a folder', () => {
  const warned = (id: string, prefixes: string[]) => new DuckDbFunction(stack, id, {
    entry: ENTRY, bootstrap: [new S3Step({ buckets: [lake], prefixes })],
  });
  warned('Open', ['users/', 'events', 'year=20']);
  warned('Folders', ['users/', `${new CfnParameter(stack, 'Stage').valueAsString}/`, new CfnParameter(stack, 'Prefix').valueAsString]);
  Annotations.fromStack(stack).hasWarning('/Stack/Open', Match.stringLikeRegexp('the S3Step "s3" has prefixes without "/" at their end, '
    + '"events", "year=20": they also match keys such as "events-secret/x"; end them with "/" to mean folders.*ack: cdk-duckdb-lambda:prefix'));
  Annotations.fromStack(stack).hasNoWarning('/Stack/Folders', Match.anyValue());
});

test.each(['us-gov-west-1', 'us-isob-east-1', 'eusc-de-east-1', 'ap-southeast-7', 'auto', 'garage', 'nyc3'])('the region may be %s', (region) => {
  expect(() => new S3Step({ buckets: [lake], region })).not.toThrow();
});

test('hosts that a wildcard certificate does not name are warned of', () => {
  const dotted = s3.Bucket.fromBucketName(stack, 'Dotted', 'data.example.com');
  const made = new s3.Bucket(stack, 'Made', { bucketName: 'made.example.com' });
  const warned = (id: string, props: Partial<S3StepProps>) => new DuckDbFunction(stack, id, {
    entry: ENTRY, bootstrap: [new S3Step({ buckets: [lake, dotted, made], urlStyle: S3UrlStyle.VIRTUAL_HOST, ...props })],
  });
  warned('Warned', {});
  warned('Path', { urlStyle: S3UrlStyle.PATH });
  warned('Without', { urlStyle: undefined });
  warned('Plain', { endpoint: 'http://s3.example.com:9000' });
  warned('Undotted', { buckets: [lake, new s3.Bucket(stack, 'Other'), s3.Bucket.fromBucketName(stack, 'Token', new CfnParameter(stack, 'Name').valueAsString)] });
  Annotations.fromStack(stack).hasWarning('/Stack/Warned', Match.stringLikeRegexp('the S3Step "s3" has S3UrlStyle.VIRTUAL_HOST and buckets with dots in their names, '
    + '"data.example.com", "made.example.com": a wildcard certificate such as AWS.s is not valid for their hosts.*ack: cdk-duckdb-lambda:urlStyle'));
  for (const id of ['Path', 'Without', 'Plain', 'Undotted']) Annotations.fromStack(stack).hasNoWarning(`/Stack/${id}`, Match.anyValue());
});

test('an endpoint that only a private network has causes a warning if the function is not in a VPC', () => {
  const declare = (id: string, endpoint: string, vpc?: ec2.IVpc) => new DuckDbFunction(stack, id, {
    entry: ENTRY, vpc, bootstrap: [new S3Step({ buckets: [lake], endpoint })],
  });
  declare('Address', 'http://10.0.0.5:9000');
  declare('Address6', 'https://[fd12::1]:9000');
  declare('Public', 'https://s3.example.com');
  declare('InVpc', 'http://10.0.0.5:9000', new ec2.Vpc(stack, 'Vpc'));
  for (const [id, host] of [['Address', '10.0.0.5'], ['Address6', 'fd12::1']]) {
    Annotations.fromStack(stack).hasWarning(`/Stack/${id}`, Match.stringLikeRegexp(
      `the S3Step "s3" reaches ${host}, which is not on the internet, but Stack/${id} is not in a VPC.*ack: cdk-duckdb-lambda:privateHost`));
  }
  for (const id of ['Public', 'InVpc']) Annotations.fromStack(stack).hasNoWarning(`/Stack/${id}`, Match.anyValue());
});

test('decrypts with the key of the bucket and with those that are named', () => {
  const named = kms.Key.fromKeyArn(stack, 'Named', 'arn:aws:kms:eu-west-1:111111111111:key/named');
  const own = kms.Key.fromKeyArn(stack, 'Own', 'arn:aws:kms:eu-west-1:111111111111:key/own');
  const encrypted = s3.Bucket.fromBucketAttributes(stack, 'Encrypted', { bucketName: 'encrypted', encryptionKey: own });
  const { statements } = bound({ buckets: [encrypted], encryptionKeys: [named] });
  expect(statements.slice(2)).toEqual([
    { Effect: 'Allow', Action: 'kms:Decrypt', Resource: 'arn:aws:kms:eu-west-1:111111111111:key/own' },
    { Effect: 'Allow', Action: 'kms:Decrypt', Resource: 'arn:aws:kms:eu-west-1:111111111111:key/named' },
  ]);
});

test('writing to an encrypted bucket needs a data key', () => {
  const key = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111111111111:key/named');
  const { statements } = bound({ encryptionKeys: [key], permissions: S3Permissions.READ_WRITE });
  expect(statements[2]).toEqual({ Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: 'arn:aws:kms:eu-west-1:111111111111:key/named' });
});

test('the name of a bucket of the stack resolves when it is deployed', () => {
  expect(bound({ buckets: [new s3.Bucket(stack, 'New')] }).step).toEqual({
    'Fn::Join': ['', [
      '{"version":1,"extensions":["httpfs"],"steps":[{"name":"s3","type":"s3","config":{"scopes":["s3://', { Ref: expect.stringMatching(/^New/) },
      '/"]}}],"timeoutSeconds":30}',
    ]],
  });
});

test('a bucket of another account names the role in its own policy', () => {
  const other = new Stack(stack.node.root as App, 'Other', { env: { account: '222222222222', region: 'eu-west-1' } });
  const theirs = new s3.Bucket(other, 'Theirs', { bucketName: 'theirs' });
  const role = new iam.Role(stack, 'Role', { roleName: 'reports', assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  new DuckDbFunction(stack, 'Reports', { entry: ENTRY, role, bootstrap: [new S3Step({ buckets: [theirs], prefixes: ['events/'] })] });
  const reports = { AWS: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::111111111111:role/reports']] } };
  Template.fromStack(other).hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: {
      Statement: [
        { Action: 's3:GetObject', Principal: reports, Resource: { 'Fn::Join': ['', [Match.anyValue(), '/events/*']] } },
        { Action: 's3:ListBucket', Principal: reports, Condition: { StringLike: { 's3:prefix': ['events/*'] } } },
      ],
    },
  });
});

test('by a role: the role may read the bucket, the function may assume the role', () => {
  const role = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() });
  new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [new S3Step({ buckets: [lake], assumeRole: role })] });
  const template = Template.fromStack(stack);
  const policies = Object.values(template.findResources('AWS::IAM::Policy'))
    .map(({ Properties }) => [Properties.Roles[0].Ref, Properties.PolicyDocument.Statement.map((each: any) => each.Action)]);
  expect(policies).toEqual(expect.arrayContaining([
    [expect.stringMatching(/^Reader/), ['s3:GetObject', 's3:ListBucket']],
    [expect.stringMatching(/^Reports/), ['sts:AssumeRole']],
  ]));
});

test('what is given reaches the runtime', () => {
  expect(bound({ region: 'us-east-1', requesterPays: true, immutable: true, endpoint: 'https://s3.example.com', urlStyle: S3UrlStyle.PATH }).step.config)
    .toEqual({
      scopes: ['s3://lake/'], region: 'us-east-1', requesterPays: true, immutable: true, endpoint: 'https://s3.example.com', urlStyle: 'path',
    });
});

test('the region of a bucket that CDK knows to be elsewhere reaches the runtime', () => {
  const abroad = s3.Bucket.fromBucketAttributes(stack, 'Abroad', { bucketName: 'abroad', region: 'us-east-1' });
  expect(bound({ buckets: [abroad] }).step.config).toEqual({ scopes: ['s3://abroad/'], region: 'us-east-1' });
});

test('the credential chain takes DuckDB\'s extension aws', () => {
  const { step } = bound({ credentialChain: true });
  expect(step.config).toEqual({ scopes: ['s3://lake/'], credentialChain: true });
  expect(new S3Step({ buckets: [lake], credentialChain: true }).extensions.map(({ name }) => name)).toEqual(['aws']);
  expect(() => new S3Step({ buckets: [lake], credentialChain: true, assumeRole: iam.Role.fromRoleName(stack, 'Role', 'role') })).toThrow(
    'the S3Step "s3" has both assumeRole and credentialChain');
});

test('one step serves two functions in two stacks', () => {
  const step = new S3Step({ buckets: [lake] });
  const second = new Stack(stack.node.root as App, 'Second', { env: { account: '111111111111', region: 'eu-west-1' } });
  new DuckDbFunction(stack, 'A', { entry: ENTRY, bootstrap: [step] });
  new DuckDbFunction(second, 'B', { entry: ENTRY, bootstrap: [step] });
  for (const each of [stack, second]) {
    const template = Template.fromStack(each);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [{ Action: 's3:GetObject', Resource: arn('lake/*') }, { Action: 's3:ListBucket', Resource: arn('lake') }] },
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { DUCKDB_LAMBDA_CONFIG: Match.stringLikeRegexp('s3://lake/') } },
    });
  }
});

test.each([
  [{ buckets: [] }, 'the S3Step "s3" has no buckets'],
  [{ prefixes: [] }, 'the S3Step "s3" has an empty list of prefixes'],
  [{ prefixes: ['/events'] }, 'the S3Step "s3" has the prefix "/events": expected the start of a key'],
  [{ prefixes: ['events/*.parquet'] }, 'the S3Step "s3" has the prefix "events/*.parquet"'],
  [{ prefixes: ['s3://lake/events'] }, 'the S3Step "s3" has the prefix "s3://lake/events"'],
  [{ prefixes: [''] }, 'the S3Step "s3" has the prefix "", which matches every key: leave the prop out to mean all keys'],
  [{ prefixes: ['events/', ' '] }, 'the S3Step "s3" has the prefix " ": expected text such as "events/"'],
  [{ prefixes: 'events/' as any }, 'the S3Step "s3" has as prefixes "events/": expected a list such as ["events/"]'],
  [{ prefixes: Fn.split(',', Fn.importValue('prefixes')) }, 'the S3Step "s3" has as prefixes a list that is a CDK token: expected a list whose length is known'],
  [{ prefetch: [] }, 'the S3Step "s3" has an empty list as prefetch: leave the prop out to read nothing before a query'],
  [{ prefetch: 'orders/*.parquet' as any }, 'the S3Step "s3" has as prefetch "orders/*.parquet": expected a list such as ["orders/*/*.parquet"]'],
  [{ prefetch: [''] }, 'the S3Step "s3" has the prefetch pattern "": expected text such as "orders/*/*.parquet"'],
  [{ prefetch: ['/orders/*.parquet'] }, 'the S3Step "s3" has the prefetch pattern "/orders/*.parquet": expected a key or a pattern such as'],
  [{ prefetch: ['orders/{2024,2025}/*.parquet'] }, 'the S3Step "s3" has the prefetch pattern "orders/{2024,2025}/*.parquet": DuckDB does not expand braces; list a pattern'],
  [{ prefetch: ['s3://lake/orders/*.parquet'] }, 'the S3Step "s3" has the prefetch pattern "s3://lake/orders/*.parquet": expected a key or a pattern such as'],
  [{ prefixes: ['orders/', 'users/'], prefetch: ['users/*.parquet', 'sales/*.parquet'] }, 'the S3Step "s3" has the prefetch pattern "sales/*.parquet", which lies under '
    + 'none of its prefixes, "orders/", "users/": the function may not read it; add a prefix, or correct the pattern'],
  [{ buckets: undefined as any }, 'the S3Step "s3" has as buckets undefined: expected a list such as [lake]'],
  [{ buckets: ['lake' as any] }, 'the S3Step "s3" has among its buckets "lake": expected an IBucket, such as s3.Bucket.fromBucketName(this'],
  [{ buckets: [undefined as any] }, 'the S3Step "s3" has among its buckets undefined: expected an IBucket'],
  [{ permissions: 'WRITE' as any }, 'the S3Step "s3" has the permissions "WRITE": '
    + 'expected one of S3Permissions.READ, S3Permissions.READ_WRITE, S3Permissions.READ_WRITE_DELETE'],
  [{ urlStyle: 'virtual' as any }, 'the S3Step "s3" has the urlStyle "virtual": expected one of S3UrlStyle.VIRTUAL_HOST, S3UrlStyle.PATH'],
  [{ region: 'EU West' }, 'the S3Step "s3" has the region "EU West": expected a region\'s code such as "eu-west-1"'],
  [{ region: 'eu_west_1' }, 'the S3Step "s3" has the region "eu_west_1": expected a region\'s code such as "eu-west-1"'],
  [{ region: 'eu-central-1a' }, 'the S3Step "s3" has the region "eu-central-1a": expected a region\'s code such as "eu-central-1", without the letter of an availability zone'],
  [{ region: '' }, 'the S3Step "s3" has the region "": expected text such as "eu-west-1"'],
  [{ encryptionKeys: {} as any }, 'the S3Step "s3" has as encryptionKeys an object of the class Object: expected a list such as [key]'],
  [{ encryptionKeys: ['arn' as any] }, 'the S3Step "s3" has among its encryptionKeys "arn": expected an IKey, such as kms.Key.fromKeyArn(this'],
  [{ assumeRole: 'arn' as any }, 'the S3Step "s3" has as assumeRole "arn": expected an IRole, such as iam.Role.fromRoleArn(this'],
  [{ requesterPays: 'false' as any }, 'the S3Step "s3" has the requesterPays "false": expected true or false'],
  [{ endpoint: 'https://' }, 'the S3Step "s3" has the endpoint "https://": expected a URL such as "https://s3.example.com"'],
  [{ endpoint: 'https://s3.example.com:port' }, 'the S3Step "s3" has the endpoint "https://s3.example.com:port": expected a URL'],
  [{ endpoint: 'https://s3.example.com/minio' }, 'the S3Step "s3" has the endpoint "https://s3.example.com/minio": expected a URL such as "https://s3.example.com", '
    + 'with a scheme and without a path'],
  [{ endpoint: 9000 as any }, 'the S3Step "s3" has the endpoint 9000: expected a URL'],
  [{ endpoint: 'minio:9000' }, 'the S3Step "s3" has the endpoint "minio:9000": expected a URL such as "https://s3.example.com"'],
])('%j is refused', (props, message) => {
  expect(() => new S3Step({ buckets: [lake], ...props })).toThrow(message);
});

test.each(['https://key:hunter2@s3.example.com', 'https://hunter2@s3.example.com', 'https://key:hunter2/x@s3.example.com', 'https://key:hunter2@${Token[TOKEN.1]}'])(
  'an endpoint with credentials is refused, and not repeated: %s', (endpoint) => {
    expect(() => new S3Step({ buckets: [lake], endpoint })).toThrow('the S3Step "s3" has an endpoint with credentials, which the template would show: expected a URL');
    expect(() => new S3Step({ buckets: [lake], endpoint })).not.toThrow(/hunter2/);
  });
