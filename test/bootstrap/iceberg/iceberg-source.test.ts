import { App, CfnParameter, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { CfnTableBucket } from 'aws-cdk-lib/aws-s3tables';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Bound, bound, TABLE_BUCKET } from './iceberg-bed';
import { DuckDbFunction, IcebergAuth, IcebergSource, IcebergStep, LakeAccess, SecretSource } from '../../../src';
import { ENTRY, unbundledStack } from '../../duckdb-function/unbundled';

let stack: Stack;
let lake: s3.IBucket;

beforeEach(() => {
  stack = unbundledStack();
  lake = s3.Bucket.fromBucketName(stack, 'Lake', 'lake');
});

const glueArn = (resource: string, account = '111111111111') => (
  { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:glue:eu-west-1:${account}:${resource}`]] }
);
const declare = (id: string, source: IcebergSource, more: object = {}) => (
  new DuckDbFunction(stack, id, { entry: ENTRY, bootstrap: [new IcebergStep({ source })], ...more })
);
const vpc = () => ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-0123456789abcdef0', availabilityZones: ['a'], privateSubnetIds: ['subnet-0123456789abcdef0'], privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
});
const key = () => kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111111111111:key/tables');

/** Every source, as a stack declares it. */
const SOURCES: { [name: string]: () => IcebergSource } = {
  's3Tables': () => IcebergSource.s3Tables(TABLE_BUCKET),
  'glue': () => IcebergSource.glue({ data: [{ bucket: lake, prefix: 'warehouse/' }] }),
  'rest': () => IcebergSource.rest('https://catalog.example.com/api/catalog', { warehouse: 'sales' }),
  'rest with data': () => IcebergSource.rest('https://catalog.example.com/api/catalog', {
    warehouse: 'sales',
    auth: IcebergAuth.oauth2({
      clientId: 'reports',
      clientSecret: SecretSource.fromSecretsManager(Secret.fromSecretNameV2(stack, 'Client', 'catalog/client'), 'secret'),
      serverUri: 'https://auth.example.com/oauth2/token',
    }),
    data: [{ bucket: lake, prefix: 'warehouse/' }],
  }),
  'rest behind API Gateway': () => IcebergSource.rest('https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod', { auth: IcebergAuth.sigV4('execute-api') }),
};

describe.each(Object.keys(SOURCES))('%s', (name) => {
  test.each([LakeAccess.READ, LakeAccess.WRITE])('the template of a function that may %s', (access) => {
    new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [new IcebergStep({ source: SOURCES[name](), access })] });
    const template = JSON.stringify(Template.fromStack(stack).toJSON(), undefined, 2).replace(/[0-9a-f]{64}/g, '<asset>');
    expect(JSON.parse(template).Resources).toMatchSnapshot();
  });
});

describe('a table bucket of S3 Tables', () => {
  const read = ['s3tables:GetTable', 's3tables:GetTableMetadataLocation', 's3tables:GetTableData'];
  const list = ['s3tables:GetTableBucket', 's3tables:ListNamespaces', 's3tables:GetNamespace', 's3tables:ListTables'];

  test('is read by its own catalog, and nothing of S3 itself is granted', () => {
    expect(bound(stack, SOURCES.s3Tables())).toEqual({
      statements: [
        { Effect: 'Allow', Action: list, Resource: TABLE_BUCKET },
        { Effect: 'Allow', Action: read, Resource: `${TABLE_BUCKET}/table/*` },
      ],
      step: {
        name: 'iceberg', type: 'iceberg', provides: ['iceberg'], config: { catalog: 'iceberg', source: 's3tables', warehouse: TABLE_BUCKET, region: 'eu-west-1' },
      },
      endpoints: [{ service: 's3tables' }, { service: 's3' }],
    });
  });

  test('is written to when asked: tables are made and added to, and not deleted', () => {
    const { statements, step } = bound(stack, SOURCES.s3Tables(), { access: LakeAccess.WRITE, encryptionKeys: [key()] });
    expect(statements).toEqual([
      { Effect: 'Allow', Action: [...list, 's3tables:CreateNamespace', 's3tables:CreateTable'], Resource: TABLE_BUCKET },
      { Effect: 'Allow', Action: [...read, 's3tables:UpdateTableMetadataLocation', 's3tables:PutTableData'], Resource: `${TABLE_BUCKET}/table/*` },
      { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: 'arn:aws:kms:eu-west-1:111111111111:key/tables' },
    ]);
    expect(step.config.access).toBe('WRITE');
  });

  test('that is encrypted with a key is read with the key', () => {
    expect(bound(stack, SOURCES.s3Tables(), { encryptionKeys: [key()] }).statements[2]).toEqual(
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: 'arn:aws:kms:eu-west-1:111111111111:key/tables' });
  });

  test('of the stack is named by its attribute', () => {
    const tables = new CfnTableBucket(stack, 'Tables', { tableBucketName: 'sales' });
    new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [new IcebergStep({ source: IcebergSource.s3Tables(tables.attrTableBucketArn) })] });
    const template = Template.fromStack(stack);
    const ofTables = { 'Fn::GetAtt': ['Tables', 'TableBucketARN'] };
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [Match.objectLike({ Resource: ofTables }), Match.objectLike({ Resource: { 'Fn::Join': ['', [ofTables, '/table/*']] } })] },
    });
    const [fn] = Object.values(template.findResources('AWS::Lambda::Function'));
    const parts = fn.Properties.Environment.Variables.DUCKDB_LAMBDA_CONFIG['Fn::Join'][1];
    expect(parts.filter((part: unknown) => typeof part !== 'string')).toEqual([ofTables, { 'Fn::Select': [3, { 'Fn::Split': [':', ofTables] }] }]);
    expect(parts.filter((part: unknown) => typeof part === 'string').join('*')).toContain('"warehouse":"*","region":"*"');
  });

  test('of another account or region is meant only if it is named', () => {
    const theirs = 'arn:aws:s3tables:us-east-1:222222222222:bucket/theirs';
    const { step, endpoints } = bound(stack, IcebergSource.s3Tables(theirs, { account: '222222222222', region: 'us-east-1' }));
    expect(step.config).toMatchObject({ warehouse: theirs, region: 'us-east-1' });
    expect(endpoints).toEqual([{ service: 's3tables', region: 'us-east-1' }, { service: 's3', region: 'us-east-1' }]);
  });

  test.each([
    ['arn:aws:s3tables:eu-west-1:222222222222:bucket/sales', {}, 'whose account is not 111111111111: correct the ARN, or name the account, '
      + 'as in IcebergSource.s3Tables(arn, { account: \'222222222222\' })'],
    ['arn:aws:s3tables:us-east-1:111111111111:bucket/sales', {}, 'whose region is not eu-west-1: correct the ARN, or name the region'],
    [TABLE_BUCKET, { account: '333333333333' }, 'whose account is not 333333333333'],
  ])('%s with %j does not match', (arn, options, message) => {
    expect(() => bound(stack, IcebergSource.s3Tables(arn, options))).toThrow(`the IcebergStep "iceberg" has the table bucket ${arn}, ${message}`);
  });

  test('in a stack that knows neither account nor region matches any', () => {
    const agnostic = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Agnostic');
    expect(() => new DuckDbFunction(agnostic, 'Fn', { entry: ENTRY, bootstrap: [new IcebergStep({ source: IcebergSource.s3Tables(TABLE_BUCKET) })] })).not.toThrow();
  });

  test.each([
    ['arn:aws:s3:::sales', 'this one is a general purpose bucket'],
    [`${TABLE_BUCKET}/table/0123`, 'expected the ARN of a table bucket such as "arn:aws:s3tables:eu-west-1:111122223333:bucket/sales"'],
    ['sales', 'has the table bucket "sales": expected the ARN'],
    ['', 'has the table bucket "": expected text'],
    [undefined as any, 'has the table bucket undefined'],
    ['arn:aws:s3tables:eu-west-1:1111:bucket/sales', 'expected the ARN'],
    ['arn:aws:s3tables:eu-west-1:111111111111:bucket/Sales', 'expected the ARN'],
  ])('%s is none', (arn, message) => {
    expect(() => IcebergSource.s3Tables(arn)).toThrow(message);
  });

  test.each<[string, any, string]>([
    ['a misspelt option', { acount: '1' }, 'has the prop "acount", which it does not know: expected among region, endpoint, account; did you mean "account"?'],
    ['an availability zone', { region: 'eu-west-1a' }, 'has the region "eu-west-1a"'],
    ['an endpoint with credentials', { endpoint: 'https://u:p@example.com/iceberg' }, 'has as endpoint a URL with credentials'],
    ['an endpoint without a path', { endpoint: 'https://vpce-1.s3tables.eu-west-1.vpce.amazonaws.com' },
      'has the endpoint "https://vpce-1.s3tables.eu-west-1.vpce.amazonaws.com": expected it with the catalog\'s path, '
      + 'as in "https://vpce-1.s3tables.eu-west-1.vpce.amazonaws.com/iceberg"'],
    ['an endpoint without encryption', { endpoint: 'http://example.com/iceberg' }, 'has the endpoint "http://example.com/iceberg", to which the session token of AWS credentials would be sent unencrypted'],
  ])('%s is refused', (_, options, message) => {
    expect(() => IcebergSource.s3Tables(TABLE_BUCKET, options)).toThrow(`IcebergSource.s3Tables ${message}`);
  });
});

describe('a Glue catalog', () => {
  const read = ['glue:GetCatalog', 'glue:GetDatabase', 'glue:GetDatabases', 'glue:GetTable', 'glue:GetTables'];

  test('is read with its tables\' files', () => {
    expect(bound(stack, SOURCES.glue())).toEqual({
      statements: [
        { Effect: 'Allow', Action: read, Resource: [glueArn('catalog'), glueArn('database/*'), glueArn('table/*/*')] },
        { Effect: 'Allow', Action: 's3:GetObject', Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::lake/warehouse/*']] } },
        expect.objectContaining({ Action: 's3:ListBucket', Condition: { StringLike: { 's3:prefix': ['warehouse/*'] } } }),
      ],
      step: {
        name: 'iceberg',
        type: 'iceberg',
        provides: ['iceberg'],
        config: { catalog: 'iceberg', source: 'glue', warehouse: '111111111111', region: 'eu-west-1', s3: { scopes: ['s3://lake/warehouse/'] } },
      },
      endpoints: [{ service: 'glue' }, { service: 's3' }],
    });
  });

  test('is written to when asked: tables are made and changed, files added, nothing deleted', () => {
    const { statements } = bound(stack, SOURCES.glue(), { access: LakeAccess.WRITE });
    expect(statements.map(({ Action }) => Action)).toEqual([
      [...read, 'glue:CreateTable', 'glue:UpdateTable'], ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'], 's3:ListBucket',
    ]);
  });

  test('databases narrow it', () => {
    const { statements } = bound(stack, IcebergSource.glue({ data: [{ bucket: lake }], databases: ['sales', 'logs'] }));
    expect(statements[0].Resource).toEqual([
      glueArn('catalog'), glueArn('database/sales'), glueArn('table/sales/*'), glueArn('database/logs'), glueArn('table/logs/*'),
    ]);
  });

  test('below an account\'s own, of another account', () => {
    const { statements, step } = bound(stack, IcebergSource.glue({ data: [{ bucket: lake }], databases: ['sales'], catalogId: '222222222222:lakes' }));
    expect(statements[0].Resource).toEqual(['catalog', 'catalog/lakes', 'database/lakes/sales', 'table/lakes/sales/*'].map((each) => glueArn(each, '222222222222')));
    expect(step.config.warehouse).toBe('222222222222:lakes');
  });

  test('of a stack that does not know its account is named by a reference', () => {
    const agnostic = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Agnostic');
    const source = IcebergSource.glue({ data: [{ bucket: s3.Bucket.fromBucketName(agnostic, 'Lake', 'lake') }] });
    expect(bound(agnostic, source).step.config).toMatchObject({ warehouse: '*', region: '*' });
  });

  test('may have its files in several buckets, with the keys of each', () => {
    const encrypted = s3.Bucket.fromBucketAttributes(stack, 'Encrypted', { bucketName: 'encrypted', encryptionKey: key() });
    const { statements, step } = bound(stack, IcebergSource.glue({ data: [{ bucket: lake, prefix: 'a/' }, { bucket: encrypted }] }));
    expect(step.config.s3).toEqual({ scopes: ['s3://lake/a/', 's3://encrypted/'] });
    expect(statements).toContainEqual(expect.objectContaining({ Action: 'kms:Decrypt' }));
  });

  test('buckets in several regions are refused', () => {
    const far = s3.Bucket.fromBucketAttributes(stack, 'Far', { bucketName: 'far', region: 'us-east-1' });
    expect(() => bound(stack, IcebergSource.glue({ data: [{ bucket: lake }, { bucket: far }] })))
      .toThrow('the IcebergStep "iceberg" has buckets in several regions, eu-west-1 and us-east-1: declare one step for each region');
  });

  test('of another region has its files there', () => {
    const { step, endpoints } = bound(stack, IcebergSource.glue({ data: [{ bucket: lake }], region: 'us-east-1' }));
    expect(step.config).toMatchObject({ region: 'us-east-1', s3: { region: 'us-east-1' } });
    expect(endpoints).toEqual([{ service: 'glue', region: 'us-east-1' }, { service: 's3', region: 'us-east-1' }]);
  });

  test.each<[string, any, string]>([
    ['no options', undefined, 'has as props undefined: expected an object'],
    ['no data', {}, 'has as data undefined: expected a list'],
    ['an empty list', { data: [] }, 'has an empty list as data: name the buckets'],
    ['a bucket\'s name', { data: ['lake'] }, 'has in data "lake": expected a folder of a bucket'],
    ['no bucket', { data: [{ bucket: 'lake' }] }, 'has in data the bucket "lake": expected an IBucket'],
    ['a misspelt prefix', { data: [{ bucket: {}, prefixes: 'a/' }] }, 'has in data a folder that has the prop "prefixes", which it does not know'],
    ['no databases', { data: () => [{ bucket: lake }], databases: [] }, 'has an empty list of databases: leave the prop out'],
    ['a database in upper case', { data: () => [{ bucket: lake }], databases: ['Sales'] }, 'has the database "Sales": expected a name in lower case'],
    ['a wildcard', { data: () => [{ bucket: lake }], databases: ['*'] }, 'has the database "*": expected a name in lower case and without wildcards'],
    ['a blank database', { data: () => [{ bucket: lake }], databases: [' '] }, 'has the database " ": expected text'],
    ['the catalog of S3 Tables', { data: () => [{ bucket: lake }], catalogId: '111122223333:s3tablescatalog/sales' },
      'has the catalogId "111122223333:s3tablescatalog/sales", whose tables have their files in S3 Tables: use IcebergSource.s3Tables(tableBucketArn)'],
    ['a catalog\'s name', { data: () => [{ bucket: lake }], catalogId: 'sales' }, 'has the catalogId "sales": expected an account such as "111122223333"'],
    ['a prefix of no folder', { data: () => [{ bucket: lake, prefix: 'warehouse' }] }, 'has in data the prefix "warehouse": expected folders such as "warehouse/", which end with "/"'],
    ['a prefix with a slash', { data: () => [{ bucket: lake, prefix: '/a/' }] }, 'has in data the prefix "/a/"'],
    ['a prefix with a bucket', { data: () => [{ bucket: lake, prefix: 's3://lake/a/' }] }, 'has in data the prefix "s3://lake/a/"'],
    ['a pattern', { data: () => [{ bucket: lake, prefix: 'a*/' }] }, 'has in data the prefix "a*/"'],
  ])('%s is refused', (_, options, message) => {
    const data = typeof options?.data === 'function' ? options.data() : options?.data;
    expect(() => IcebergSource.glue(options && { ...options, data })).toThrow(`IcebergSource.glue ${message}`);
  });
});

describe('a REST catalog', () => {
  const url = 'https://catalog.example.com/api/catalog';
  const token = () => IcebergAuth.token(SecretSource.fromSecretsManager(Secret.fromSecretNameV2(stack, 'Token', 'catalog/token')));

  test('that hands out credentials needs no permission', () => {
    expect(bound(stack, SOURCES.rest())).toEqual({
      statements: [],
      step: { name: 'iceberg', type: 'iceberg', provides: ['iceberg'], config: { catalog: 'iceberg', source: 'rest', endpoint: url, warehouse: 'sales' } },
      endpoints: [],
    });
  });

  test('whose files\' buckets are known is read and written with the function\'s role', () => {
    const { statements, step, endpoints } = bound(stack, SOURCES['rest with data'](), { access: LakeAccess.WRITE });
    expect(statements.map(({ Action }) => Action)).toEqual([
      'secretsmanager:GetSecretValue', ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'], 's3:ListBucket',
    ]);
    expect(step.config).toMatchObject({ access: 'WRITE', s3: { scopes: ['s3://lake/warehouse/'] } });
    expect(endpoints).toEqual([{ service: 'secretsmanager' }, { service: 's3' }]);
  });

  test('ports of its URLs are open in a VPC', () => {
    declare('Reports', IcebergSource.rest('https://catalog.example.com:8181/api', {
      auth: IcebergAuth.oauth2({
        clientId: 'reports',
        clientSecret: SecretSource.fromSecretsManager(Secret.fromSecretNameV2(stack, 'Client', 'catalog/client')),
        serverUri: 'https://auth.example.com:9443/token',
      }),
    }), { vpc: vpc() });
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: Match.arrayWith([8181, 9443].map((port) => Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: port }))),
    });
  });

  test.each(['10.0.0.5', 'catalog.lakes.internal', 'localhost'])('on the private host %s is warned of outside a VPC, and may be without encryption', (name) => {
    declare('Reports', IcebergSource.rest(`http://${name}:8181`, { auth: token() }));
    Annotations.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp(
      `the IcebergStep "iceberg" reaches ${name}, which is not on the internet, but Stack/Reports is not in a VPC.*ack: cdk-duckdb-lambda:privateHost`));
  });

  test('a URL that a deployment completes is taken as it is', () => {
    const source = IcebergSource.rest(new CfnParameter(stack, 'Url').valueAsString, { auth: token() });
    expect(bound(stack, source).step.config.endpoint).toBe('*');
  });

  test.each<[string, any, any, string]>([
    ['a host without a scheme', 'catalog.example.com', {}, 'has as URL "catalog.example.com": expected a URL such as "https://catalog.example.com/api/catalog"'],
    ['a query', `${url}?warehouse=sales`, {}, `has as URL "${url}?warehouse=sales": expected a URL such as "${url}", with a scheme and without a query`],
    ['credentials', 'https://user:hunter2@catalog.example.com', {}, 'has as URL a URL with credentials, which the template would show'],
    ['nothing', undefined, {}, 'has as URL undefined'],
    ['DuckDB\'s own part', `${url}/v1`, {}, `has the URL "${url}/v1": expected it without "/v1", which DuckDB adds`],
    ['an unknown option', url, { wharehouse: 'sales' }, 'has the prop "wharehouse", which it does not know: expected among warehouse, auth, data, region; did you mean "warehouse"?'],
    ['a blank warehouse', url, { warehouse: '' }, 'has the warehouse "": expected text'],
    ['a token itself', url, { auth: 'hunter2-token' }, 'has as auth "hunter2-token": expected IcebergAuth such as'],
    ['a region of nothing', url, { region: 'eu-west-1' }, 'has the region "eu-west-1" without data'],
  ])('%s is refused', (_, at, options, message) => {
    expect(() => IcebergSource.rest(at, options)).toThrow(`IcebergSource.rest ${message}`);
    expect(() => IcebergSource.rest(at, options)).not.toThrow(/user:hunter2/);
  });

  test('a token is not sent over the internet unencrypted', () => {
    expect(() => IcebergSource.rest('http://catalog.example.com', { auth: token() }))
      .toThrow('IcebergSource.rest has the URL "http://catalog.example.com", to which the token would be sent unencrypted: use https');
    expect(() => IcebergSource.rest('http://catalog.example.com', { auth: IcebergAuth.sigV4('execute-api') })).toThrow('the session token of AWS credentials');
    expect(() => IcebergSource.rest('http://catalog.example.com')).not.toThrow();
  });

  test('a token is not sent to a host that may be anywhere, unencrypted', () => {
    const auth = token();
    const part = new CfnParameter(stack, 'Part').valueAsString;
    expect(() => IcebergSource.rest(`http://${part}`, { auth })).toThrow('to which the token would be sent unencrypted');
    expect(() => IcebergSource.rest(`http://catalog.example.com/${part}`, { auth })).toThrow('to which the token would be sent unencrypted');
    expect(() => IcebergSource.rest(`http://10.0.0.5:${part}`, { auth })).not.toThrow();
  });
});

describe('a role to assume', () => {
  const reader = () => iam.Role.fromRoleArn(stack, 'Reader', 'arn:aws:iam::111111111111:role/reader', { mutable: false });
  const withRole = (source: IcebergSource): Bound => bound(stack, source, { assumeRole: reader() });
  const assume = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: 'arn:aws:iam::111111111111:role/reader' };

  test.each([['s3Tables', 's3tables:GetTableData'], ['glue', 'glue:GetTable'], ['rest behind API Gateway', 'execute-api:Invoke']])(
    'of %s gets the permissions, and signs the requests', (name, action) => {
      const { statements, step, endpoints } = withRole(SOURCES[name]());
      expect(statements).toEqual([assume]);
      expect(step.config.assumeRole).toBe('arn:aws:iam::111111111111:role/reader');
      expect(endpoints).toContainEqual({ service: 'sts' });
      Annotations.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp(`the role Stack/Reader is immutable.*${action}.*ack: cdk-duckdb-lambda:immutableRole`));
    });

  test('of a REST catalog without signatures reads the files', () => {
    const { statements, step } = withRole(SOURCES['rest with data']());
    expect(statements).toContainEqual(assume);
    expect(step.config).toMatchObject({ s3: { assumeRole: 'arn:aws:iam::111111111111:role/reader' } });
    expect(step.config).not.toHaveProperty('assumeRole');
  });

  test('and keys are refused where the catalog hands out credentials', () => {
    expect(() => withRole(SOURCES.rest())).toThrow('the IcebergStep "iceberg" has assumeRole, but the catalog hands out the credentials for its tables\' files');
    expect(() => new IcebergStep({ source: SOURCES.rest(), encryptionKeys: [key()] })).toThrow('the IcebergStep "iceberg" has encryptionKeys, but the catalog hands out');
  });
});

test('an immutable role of the function is warned of with the statements that it lacks', () => {
  const role = iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::111111111111:role/reports', { mutable: false });
  declare('Reports', SOURCES.s3Tables(), { role });
  Annotations.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp('s3tables:GetTableBucket.*s3tables:GetTableData.*ack: cdk-duckdb-lambda:immutableRole'));
});

test('an endpoint of its own takes the place of the service\'s', () => {
  const endpoint = 'https://vpce-0123456789abcdef0-01234567.s3tables.eu-west-1.vpce.amazonaws.com/iceberg';
  const { step, endpoints } = bound(stack, IcebergSource.s3Tables(TABLE_BUCKET, { endpoint }));
  expect(step.config.endpoint).toBe(endpoint);
  expect(endpoints).toEqual([{ service: 's3' }]);
});
