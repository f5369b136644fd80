import { CfnParameter, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ENTRY, runtimeConfig, unbundledStack } from './unbundled';
import { DuckDbDatabase, DuckDbFunction, IBootstrapStep, PostgresCredentials, PostgresEndpoint, PostgresStep } from '../../src';

let stack: Stack;

beforeEach(() => {
  stack = unbundledStack();
});

const plain = (name: string): IBootstrapStep => ({ name, extensions: [], bind: () => ({ type: 'plain' }) });

function declare(databases: { [name: string]: DuckDbDatabase }, bootstrap: IBootstrapStep[] = [plain('lake'), plain('users')], id = 'Reports'): void {
  new DuckDbFunction(stack, id, { entry: ENTRY, bootstrap, databases });
}

test('without the prop, the configuration declares none', () => {
  new DuckDbFunction(stack, 'Reports', { entry: ENTRY });
  expect(runtimeConfig(stack)).not.toHaveProperty('databases');
});

test('in memory or in a file under /tmp, with all steps or some', () => {
  declare({
    'plain': {},
    'archive': { file: 'archive.duckdb', bootstrap: ['lake'] },
    'by-path': { file: '/tmp/reports/../monthly.duckdb' },
    'default': { bootstrap: [] },
  });
  expect(runtimeConfig(stack).databases).toEqual({
    'plain': {},
    'archive': { file: '/tmp/archive.duckdb', steps: ['lake'] },
    'by-path': { file: '/tmp/monthly.duckdb' },
    'default': { steps: [] },
  });
});

test('a file that is a token passes', () => {
  declare({ archive: { file: new CfnParameter(stack, 'File').valueAsString } });
  expect(runtimeConfig(stack).databases).toEqual({ archive: { file: '*' } });
});

test.each<[string, { [name: string]: DuckDbDatabase }, string]>([
  ['an invalid name', { 'my archive': {} }, 'Stack/Reports has a database named "my archive": expected a letter, followed by letters'],
  ['a step that is not declared', { archive: { bootstrap: ['lak'] } },
    'the database "archive" of Stack/Reports names the bootstrap step "lak", which is not declared; declared are: "lake", "users"; did you mean "lake"?'],
  ['a file elsewhere', { archive: { file: '/var/archive.duckdb' } },
    'the database "archive" of Stack/Reports has the file "/var/archive.duckdb": expected a bare name such as "archive.duckdb" or an absolute path under /tmp'],
  ['a file that leaves /tmp', { archive: { file: '/tmp/../etc/archive' } }, 'has the file "/tmp/../etc/archive": expected a bare name'],
  ['a relative path', { archive: { file: 'reports/archive.duckdb' } }, 'has the file "reports/archive.duckdb": expected a bare name'],
  ['no file', { archive: { file: '' } }, 'has the file "": expected a bare name'],
  ['/tmp itself', { archive: { file: '.' } }, 'has the file ".": expected a bare name'],
  ['two databases of one file', { archive: { file: 'a.duckdb' }, copy: { file: '/tmp/a.duckdb' } },
    'Stack/Reports has two databases with the file /tmp/a.duckdb, "archive" and "copy", and DuckDB would corrupt it'],
])('%s is refused', (_, databases, message) => {
  expect(() => declare(databases)).toThrow(message);
});

test('two steps that attach one catalog are refused, unless each database has one of them', () => {
  const endpoint = PostgresEndpoint.fromHost('db.example.com');
  const credentials = PostgresCredentials.fromSecret(Secret.fromSecretNameV2(stack, 'Secret', 'db'));
  const steps = [['users', 'pg_replica'], ['orders', 'PG_Replica']].map(([name, catalog]) => new PostgresStep({ name, catalog, endpoint, credentials }));
  expect(() => declare({}, steps)).toThrow(
    'Stack/Reports has two bootstrap steps that attach the catalog "PG_Replica", "users" and "orders": let one of them attach it under another name');
  expect(() => declare({ default: { bootstrap: ['users'] }, orders: { bootstrap: ['orders'] } }, steps, 'Separate')).not.toThrow();
});
