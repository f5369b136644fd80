import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { deployed } from './deployed';
import { DuckDbFunction, IcebergSource, IcebergStep, LakeAccess } from '../../src';
import { startMiniStack, type MiniStackServer } from '../bed';
import { describeWith } from '../bed/require';
import { ENTRY } from '../duckdb-function/unbundled';
import { boto } from '../lib-runtime/boto';
import { freshRuntime } from '../lib-runtime/fresh-runtime';
import { signedExtensions } from '../lib-runtime/signed-extensions';

const ACCOUNT = '000000000000';
const REGION = 'eu-west-1';
const TABLE_BUCKET = `arn:aws:s3tables:${REGION}:${ACCOUNT}:bucket/tables`;

const AS_ROOT = "boto3.setup_default_session(aws_access_key_id='test', aws_secret_access_key='test')";

const LAKES = `
s3 = boto3.client('s3')
for bucket in ['tables', 'lake']:
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={'LocationConstraint': '${REGION}'})
boto3.client('s3tables').create_table_bucket(name='tables')
for database in ['sales', 'private']:
    boto3.client('glue').create_database(DatabaseInput={'Name': database, 'LocationUri': 's3://lake/' + database + '/'})
`;

/** Makes a user for each policy and prints their access keys. */
const USERS = `
iam = boto3.client('iam')
keys = []
for policy in POLICIES:
    name = str(uuid.uuid4())
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName='function', PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)['AccessKey']
    keys.append([key['AccessKeyId'], key['SecretAccessKey']])
print(json.dumps(keys))
`;

type Source = 's3tables' | 'glue';

type Key = [id: string, secret: string];

interface Policy {
  readonly Statement: { readonly Action: string | string[]; readonly Resource: string | string[] }[];
}

/** What a function gets from its stack. */
interface Synthesised {
  readonly config: string;
  readonly policy: Policy;
}

/** Granted without a request that the server answers otherwise: what failures and AWS's own catalogs ask for. */
const UNSEEN = {
  's3tables:GetTable': 'whether a table exists, of a catalog that answers HEAD',
  's3:AbortMultipartUpload': 'the end of an upload that failed',
  's3:ListBucket': 'a missing file is 404 with it, and 403 without',
};

describeWith('ministack', 'the permissions of an IcebergStep, held against IAM', () => {
  let aws: MiniStackServer;
  beforeAll(async () => {
    aws = await startMiniStack({ iam: true });
    await boto(aws, `${AS_ROOT}\n${LAKES}`);
  });
  afterAll(() => aws?.stop());

  const SOURCES: { [source in Source]: (stack: Stack) => IcebergSource } = {
    s3tables: () => IcebergSource.s3Tables(TABLE_BUCKET, { endpoint: `${aws.endpoint}/iceberg` }),
    glue: (stack: Stack) => IcebergSource.glue({
      data: [{ bucket: Bucket.fromBucketName(stack, 'Lake', 'lake'), prefix: 'sales/' }], databases: ['sales'], endpoint: `${aws.endpoint}/iceberg`,
    }),
  };

  function synthesised(source: Source, access: LakeAccess): Synthesised {
    const stack = new Stack(new App(), 'Stack', { env: { account: ACCOUNT, region: REGION } });
    new DuckDbFunction(stack, 'Fn', { entry: ENTRY, bootstrap: [new IcebergStep({ source: SOURCES[source](stack), access })] });
    const template = Template.fromStack(stack);
    const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
    const [fn] = Object.values(template.findResources('AWS::Lambda::Function'));
    return { config: fn.Properties.Environment.Variables.DUCKDB_LAMBDA_CONFIG, policy: deployed(policy.Properties.PolicyDocument) };
  }

  const keysFor = (...policies: Policy[]): Promise<Key[]> => (
    boto(aws, `import uuid\n${AS_ROOT}\nPOLICIES = json.loads(${JSON.stringify(JSON.stringify(policies.map(withFiles)))})\n${USERS}`)
  );

  const runtimeWith = async (config: string, [id, secret]: Key) => freshRuntime({
    DUCKDB_LAMBDA_CONFIG: config,
    DUCKDB_EXTENSIONS_DIR: await signedExtensions('httpfs', 'avro', 'iceberg'),
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_ENDPOINT_URL_S3: aws.endpoint,
  });

  /** Runs statements in a new function. A statement that fails leaves its error. */
  async function seen(config: string, key: Key, statements: string[]): Promise<unknown[]> {
    const { cursor } = await runtimeWith(config, key);
    const answers = [];
    for (const sql of statements) answers.push(await cursor((c) => c.query(sql)).catch((error: Error) => error.message));
    return answers;
  }

  describe.each<[Source, schema: string, location: (table: string) => string]>([
    ['s3tables', 'orders', () => ''],
    ['glue', 'sales', (table) => `WITH ('location' = 's3://lake/sales/${table}')`],
  ])('%s', (source, schema, location) => {
    let reader: Synthesised;
    let writer: Synthesised;
    let writerKey: Key;

    const table = (name: string) => `iceberg.${schema}.${name}`;
    const list = 'SELECT name FROM (SHOW ALL TABLES) WHERE name = \'first\'';
    const select = `FROM ${table('first')}`;
    const rows = [{ id: 2, name: 'c' }];
    const read = [[{ name: 'first' }], rows, 'no such table'];
    /** By two functions: one that has listed the tables asks less when it reads one. */
    const reading = async (key: Key) => {
      const [tables] = await seen(reader.config, key, [list]);
      const [found, missing] = await seen(reader.config, key, [select, `FROM ${table('missing')}`]);
      // Without the permission to see the schema, DuckDB says that the schema is missing.
      return [tables, found, /Table with name missing does not exist/.test(`${missing}`) ? 'no such table' : missing];
    };
    const writing = (name: string) => [
      ...(source === 's3tables' ? [`CREATE SCHEMA iceberg.s_${name}`] : []),
      `CREATE TABLE ${table(name)} (id INTEGER, name VARCHAR) ${location(name)}`,
      `INSERT INTO ${table(name)} VALUES (1, 'a'), (2, 'b')`,
      `UPDATE ${table(name)} SET name = 'c' WHERE id = 2`,
      `DELETE FROM ${table(name)} WHERE id = 1`,
      `ALTER TABLE ${table(name)} ADD COLUMN price DECIMAL(10, 2)`,
      `FROM ${table(name)}`,
    ];
    const written = [...(source === 's3tables' ? [[]] : []), [], [{ Count: 2 }], [{ Count: 1 }], [{ Count: 1 }], [], [{ id: 2, name: 'c', price: null }]];

    beforeAll(async () => {
      [reader, writer] = [synthesised(source, LakeAccess.READ), synthesised(source, LakeAccess.WRITE)];
      [writerKey] = await keysFor(writer.policy);
      const setUp = [...(source === 's3tables' ? [`CREATE SCHEMA iceberg.${schema}`] : []), ...writing('first').slice(-6, -2)];
      for (const answer of await seen(writer.config, writerKey, setUp)) expect(answer).toEqual(expect.any(Array));
    });

    test('a reader lists and reads the tables, and needs each of its permissions for it', async () => {
      const actions = actionsOf(reader.policy).filter((action) => !(action in UNSEEN));
      const [key, ...lacking] = await keysFor(reader.policy, ...actions.map((action) => without(reader.policy, action)));
      expect(await reading(key)).toEqual(read);
      const superfluous = [];
      for (const [index, action] of actions.entries()) {
        if (isEqual(await reading(lacking[index]), read)) superfluous.push(action);
      }
      expect(superfluous).toEqual([]);
    }, 60_000);

    test('a writer makes tables and changes their rows, and needs each of its permissions for it', async () => {
      const actions = actionsOf(writer.policy).filter((action) => !actionsOf(reader.policy).includes(action) && !(action in UNSEEN));
      expect(await seen(writer.config, writerKey, writing('all'))).toEqual(written);
      const superfluous = [];
      for (const [index, key] of (await keysFor(...actions.map((action) => without(writer.policy, action)))).entries()) {
        if (isEqual(await seen(writer.config, key, writing(`lacking_${index}`)), written)) superfluous.push(actions[index]);
      }
      expect(superfluous).toEqual([]);
    }, 60_000);

    test('a role that may only read is refused by IAM, whatever the function tries', async () => {
      const [key] = await keysFor(reader.policy);
      const answers = await seen(writer.config, key, [...writing('refused').slice(-6, -5), `INSERT INTO ${table('first')} VALUES (3, 'd')`, select]);
      expect(answers).toEqual([expect.stringMatching(/403/), expect.stringMatching(/403/), rows]);
    });

    test('a writer may not drop', async () => {
      const answers = await seen(writer.config, writerKey, [`DROP TABLE ${table('first')}`, `DROP SCHEMA iceberg.${schema}`, select]);
      expect(answers).toEqual([expect.stringMatching(/403/), expect.stringMatching(/403/), rows]);
    });
  });

  test('databases of Glue that are not named cannot be reached', async () => {
    const { config, policy } = synthesised('glue', LakeAccess.WRITE);
    const [key] = await keysFor(policy);
    const [answer] = await seen(config, key, ["CREATE TABLE iceberg.private.t WITH ('location' = 's3://lake/private/t') AS SELECT 1 AS id"]);
    expect(answer).toMatch(/Forbidden_403.*database\/private/);
  });
});

const actionsOf = ({ Statement }: Policy) => Statement.flatMap(({ Action }) => Action);
const isEqual = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

function without(policy: Policy, action: string): Policy {
  const statements = policy.Statement.map((statement) => ({ ...statement, Action: [statement.Action].flat().filter((each) => each !== action) }));
  return { ...policy, Statement: statements.filter(({ Action }) => Action.length > 0) };
}

/** The server has the files of S3 Tables in a bucket like any other, and asks for S3's own actions. */
function withFiles(policy: Policy): Policy {
  const actions = actionsOf(policy);
  const ofFiles = [...(actions.includes('s3tables:GetTableData') ? ['s3:GetObject'] : []), ...(actions.includes('s3tables:PutTableData') ? ['s3:PutObject'] : [])];
  if (ofFiles.length === 0) return policy;
  return { ...policy, Statement: [...policy.Statement, { ...policy.Statement[0], Action: ofFiles, Resource: 'arn:aws:s3:::tables/*' }] };
}
