import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import {
  DuckDbFunction, DuckDbQueryFunction, DuckLakeMetadata, DuckLakeStep, IBootstrapStep, IcebergSource, IcebergStep, LakeAccess, PostgresCredentials,
  PostgresEndpoint, S3Permissions, S3Step, SecretSource,
} from '../../src';
import { ENTRY, unbundledStack } from '../duckdb-function/unbundled';

let stack: Stack;
let bucket: s3.Bucket;

beforeEach(() => {
  stack = unbundledStack();
  bucket = new s3.Bucket(stack, 'Bucket', { bucketName: 'my-lake' });
});

const declare = (id: string, ...bootstrap: IBootstrapStep[]) => new DuckDbFunction(stack, id, { entry: ENTRY, bootstrap });

function lake(prefix: string, { schema, database = 'app', access, host = 'db.example.com', of = bucket }: {
  schema?: string; database?: string; access?: LakeAccess; host?: string; of?: s3.IBucket;
} = {}): DuckLakeStep {
  const parameter = stack.node.tryFindChild('Password') as StringParameter | undefined
    ?? StringParameter.fromSecureStringParameterAttributes(stack, 'Password', { parameterName: '/db/password' });
  const credentials = PostgresCredentials.fromPassword('writer', SecretSource.fromSsmParameter(parameter));
  const metadata = DuckLakeMetadata.postgres({ endpoint: PostgresEndpoint.fromHost(host), database, schema, credentials });
  return new DuckLakeStep({ metadata, data: { bucket: of, prefix }, access });
}

const writing = (...prefixes: string[]) => new S3Step({ buckets: [bucket], prefixes, permissions: S3Permissions.READ_WRITE });
const warnings = () => Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('lakeFolder')).map(({ id, entry }) => `${id}: ${entry.data}`);

describe('two lakes of two functions', () => {
  const both = (one: DuckLakeStep, other: DuckLakeStep) => () => void [declare('Ingestion', one), declare('Reports', other)];

  test('in one folder, or within each other, are an error', () => {
    const told = 'Stack/Reports has the data of two lakes within each other, in the steps "ducklake" of Stack/Ingestion and "ducklake": give each lake a prefix of its own';
    expect(both(lake('lake/'), lake('lake/', { schema: 'other' }))).toThrow(told);
    for (const [one, other] of [['lake/', 'lake/inner/'], ['lake/inner/', 'lake/']] as const) {
      stack = unbundledStack();
      bucket = new s3.Bucket(stack, 'Bucket');
      expect(both(lake(one), lake(other))).toThrow(told);
    }
  });

  test('also if one of them imports the bucket by its name, in another stack of the app', () => {
    declare('Ingestion', lake('lake/'));
    const first = stack;
    stack = new Stack(first.node.root as App, 'Other', { env: { account: first.account, region: first.region } });
    const imported = s3.Bucket.fromBucketName(stack, 'Imported', 'my-lake');
    expect(() => declare('Reports', lake('lake/', { database: 'other', of: imported }))).toThrow(
      'Other/Reports has the data of two lakes within each other, in the steps "ducklake" of Stack/Ingestion and "ducklake"');
  });

  test('are one lake if they have the same catalog, or a catalog that may be the same', () => {
    expect(both(lake('lake/', { access: LakeAccess.WRITE }), lake('lake/', { host: 'replica.example.com' }))).not.toThrow();
    expect(() => declare('Cleaning', lake('lake/', { access: LakeAccess.MAINTAIN, schema: 'public' }))).not.toThrow();
    expect(warnings()).toEqual([]);
  });

  test('may have neighbouring folders, or the same folder of two buckets', () => {
    expect(both(lake('lake/'), lake('lake2/'))).not.toThrow();
    expect(() => declare('Third', lake('lake/', { schema: 'other', of: new s3.Bucket(stack, 'Second') }))).not.toThrow();
  });

  test('of two apps have nothing to do with each other', () => {
    declare('Ingestion', lake('lake/'));
    stack = unbundledStack();
    bucket = new s3.Bucket(stack, 'Bucket', { bucketName: 'my-lake' });
    expect(() => declare('Reports', lake('lake/', { schema: 'other' }))).not.toThrow();
  });
});

describe('other files in the folder of a lake', () => {
  test.each<[string, () => void]>([
    ['that an S3Step writes below it', () => void [declare('Ingestion', lake('lake/')), declare('Exports', writing('other/', 'lake/exports/'))]],
    ['that an S3Step writes around it', () => void [declare('Ingestion', lake('data/lake/')), declare('Exports', writing('data/'))]],
    ['that are Iceberg tables', () => void [
      declare('Ingestion', lake('lake/')),
      declare('Exports', new IcebergStep({ source: IcebergSource.glue({ data: [{ bucket, prefix: 'lake/iceberg/' }] }) })),
    ]],
  ])('%s cause a warning', (_, make) => {
    make();
    expect(warnings()).toEqual([expect.stringMatching(/^\/Stack\/Exports: the step "\w+" has files in the folder of a lake, or around it, in the step "ducklake" of Stack\/Ingestion: /)]);
  });

  test('that are results cause a warning, whichever function is declared first', () => {
    new DuckDbQueryFunction(stack, 'Sales', { queries: DuckLakeStep.maintenanceQueries, results: { bucket, prefix: 'lake/results/' } });
    declare('Ingestion', lake('lake/'));
    expect(warnings()).toEqual([expect.stringContaining('/Stack/Ingestion: the step "results" of Stack/Sales has files in the folder of a lake, or around it, in the step "ducklake": ')]);
  });

  test('of which nothing is known cause none', () => {
    declare('Ingestion', lake('lake/'));
    declare('Elsewhere', writing('lakes/'));
    declare('Reading', new S3Step({ buckets: [bucket], prefixes: ['lake/'] }));
    declare('Anywhere', new S3Step({ buckets: [bucket], permissions: S3Permissions.READ_WRITE }));
    expect(warnings()).toEqual([]);
  });
});
