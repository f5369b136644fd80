import { Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { bound, TABLE_BUCKET } from './iceberg-bed';
import { DuckDbFunction, IcebergSource, IcebergStep, IcebergStepProps, LakeAccess, SqlStep } from '../../../src';
import { ENTRY, runtimeConfig, unbundledStack } from '../../duckdb-function/unbundled';

const source = IcebergSource.s3Tables(TABLE_BUCKET);
const make = (props: Partial<IcebergStepProps> = {}) => new IcebergStep({ source, ...props });

let stack: Stack;

beforeEach(() => {
  stack = unbundledStack();
});

const declare = (id: string, ...bootstrap: (IcebergStep | SqlStep)[]) => new DuckDbFunction(stack, id, { entry: ENTRY, bootstrap });

test('a reader may be as old as it says', () => {
  const { step } = bound(stack, source, { catalog: 'lake', name: 'orders', maxStaleness: Duration.minutes(1), access: LakeAccess.READ });
  expect(step).toEqual({
    name: 'orders',
    type: 'iceberg',
    provides: ['lake'],
    config: { catalog: 'lake', maxStalenessSeconds: 60, source: 's3tables', warehouse: TABLE_BUCKET, region: 'eu-west-1' },
  });
});

test('a reader and a writer of the same tables are two steps with two catalogs', () => {
  declare('Reports', make({ maxStaleness: Duration.minutes(1) }), make({ name: 'writer', catalog: 'writable', access: LakeAccess.WRITE }));
  expect(runtimeConfig(stack).steps.map(({ provides, config }: any) => [provides, config.access])).toEqual([[['iceberg'], undefined], [['writable'], 'WRITE']]);
});

test('two steps with one catalog are refused, whatever their types', () => {
  expect(() => declare('Reports', make(), make({ name: 'other', catalog: 'ICEBERG' })))
    .toThrow('Stack/Reports has two bootstrap steps that attach the catalog "ICEBERG", "iceberg" and "other"');
  expect(() => declare('Sql', make(), new SqlStep({ name: 'sql', statements: ['ATTACH \'x\' AS iceberg (TYPE iceberg)'], provides: ['iceberg'] })))
    .toThrow('two bootstrap steps that attach the catalog "iceberg"');
});

describe('two steps that do not know where their files are', () => {
  const far = IcebergSource.s3Tables('arn:aws:s3tables:us-east-1:111111111111:bucket/far', { region: 'us-east-1' });
  const other = (more: Partial<IcebergStepProps>) => make({ name: 'other', catalog: 'other', ...more });
  const refusal = (what: string) => `Stack/Reports has two Iceberg steps with different ${what}, "iceberg" and "other", that do not say where their tables' files are`;
  const role = () => iam.Role.fromRoleArn(stack, 'Reader', 'arn:aws:iam::111111111111:role/reader');

  test('are refused if their credentials differ, because DuckDB would take those of one for both', () => {
    expect(() => declare('Reports', make(), other({ assumeRole: role() }))).toThrow(refusal('roles'));
  });

  test('are refused if their regions differ', () => {
    expect(() => declare('Reports', make(), other({ source: far }))).toThrow(refusal('regions'));
  });

  test('may be of one role and region, or beside a step that knows', () => {
    const lake = s3.Bucket.fromBucketName(stack, 'Lake', 'lake');
    expect(() => declare('Reports', make(), other({}), make({ name: 'glue', catalog: 'glue', source: IcebergSource.glue({ data: [{ bucket: lake }], region: 'us-east-1' }) })))
      .not.toThrow();
  });
});

test.each<[string, any, string]>([
  ['no source', { source: undefined }, 'has the source undefined: expected an IcebergSource such as IcebergSource.s3Tables(tableBucketArn)'],
  ['an ARN for a source', { source: TABLE_BUCKET }, `has the source "${TABLE_BUCKET}": expected an IcebergSource`],
  ['maintenance', { access: LakeAccess.MAINTAIN }, 'has LakeAccess.MAINTAIN, but DuckDB neither merges the files of Iceberg tables nor expires their snapshots'],
  ['an unknown access', { access: 'write' }, 'has the access "write": expected one of LakeAccess.READ, LakeAccess.WRITE'],
  ['a catalog of DuckDB\'s own', { catalog: 'memory' }, 'has the catalog "memory", which DuckDB uses itself'],
  ['a stale writer', { access: LakeAccess.WRITE, maxStaleness: Duration.minutes(1) }, 'has maxStaleness beside LakeAccess.WRITE'],
  ['a number for a time', { maxStaleness: 60 }, 'has the maxStaleness 60: expected a Duration'],
  ['no time', { maxStaleness: Duration.seconds(0) }, 'has the maxStaleness 0 ms: expected 1 second or more'],
  ['a key\'s ARN', { encryptionKeys: ['arn'] }, 'has among its encryptionKeys "arn": expected an IKey'],
  ['a role\'s ARN', { assumeRole: 'arn' }, 'has as assumeRole "arn": expected an IRole'],
])('%s is refused', (_, props, message) => {
  expect(() => make(props)).toThrow(`the IcebergStep "iceberg" ${message}`);
});

test('an unknown prop is refused', () => {
  expect(() => make({ maxStalenes: Duration.minutes(1) } as any)).toThrow('an IcebergStep has the prop "maxStalenes", which it does not know: '
    + 'expected among source, access, catalog, maxStaleness, encryptionKeys, assumeRole, name; did you mean "maxStaleness"?');
  expect(() => new IcebergStep(undefined as any)).toThrow('an IcebergStep has as props undefined: expected an object');
});
