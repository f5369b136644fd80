import * as path from 'path';
import { App, Fn, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { DuckDbExtension, DuckDbFunction, SecretSource, SqlStep, SqlStepProps } from '../../src';

const ENTRY = path.join(__dirname, '..', 'fixtures', 'handler.ts');

function bound(props: (stack: Stack) => SqlStepProps): any {
  const stack = new Stack(new App(), 'Stack', { env: { account: '111111111111', region: 'eu-west-1' } });
  new DuckDbFunction(stack, 'Fn', { entry: ENTRY, bootstrap: [new SqlStep(props(stack))] });
  const [fn] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  return JSON.parse(fn.Properties.Environment.Variables.DUCKDB_LAMBDA_CONFIG);
}

test('statements, in their order', () => {
  const statements = ['CREATE MACRO double(x) AS 2 * x', 'CREATE TABLE t AS SELECT 1 AS one'];
  expect(bound(() => ({ name: 'macros', statements })).steps).toEqual([{ name: 'macros', type: 'sql', config: { statements } }]);
});

test('what they provide, the secrets that they name, the extensions that they need', () => {
  const statements = ['CREATE SECRET (TYPE iceberg, TOKEN $token)', "ATTACH 'warehouse' AS ice (TYPE iceberg)"];
  const config = bound((stack) => ({
    name: 'ice',
    statements,
    provides: ['ice'],
    secrets: { token: SecretSource.fromSsmParameter(StringParameter.fromStringParameterName(stack, 'Token', '/ice/token')) },
    extensions: [DuckDbExtension.core('iceberg')],
  }));
  expect(config).toEqual({
    version: 1,
    extensions: ['avro', 'httpfs', 'iceberg'],
    steps: [{ name: 'ice', type: 'sql', provides: ['ice'], config: { statements, secrets: { token: { ssm: '/ice/token' } } } }],
    timeoutSeconds: 30,
  });
});

test.each<[Partial<SqlStepProps>, string]>([
  [{ statements: [] }, 'the SqlStep "setup" has no statements: expected SQL'],
  [{ statements: ['SELECT 1', ' '] }, 'the SqlStep "setup" has the statement " ": expected text such as "CREATE MACRO twice(x) AS x * 2"'],
  [{ statements: ['SELECT 1', undefined as any] }, 'the SqlStep "setup" has the statement undefined: expected text such as'],
  [{ statements: 'SELECT 1' as any }, 'the SqlStep "setup" has as statements "SELECT 1": expected a list such as ["CREATE MACRO'],
  [{ statements: Fn.split(';', Fn.importValue('statements')) }, 'the SqlStep "setup" has as statements a list that is a CDK token: expected a list whose length is known'],
  [{ provides: [''] }, 'the SqlStep "setup" provides the catalog "": expected text such as "lake"'],
  [{ provides: ['lake', ' \t'] }, 'the SqlStep "setup" provides the catalog " \\t": expected text such as "lake"'],
  [{ provides: 'lake' as any }, 'the SqlStep "setup" provides the catalog "lake": expected a list such as ["lake"]'],
  [{ statements: ['SET VARIABLE t = $token'], secrets: { token: 'hunter2' as any } },
    'the SqlStep "setup" has as secret "token" a value that is not a SecretSource: expected one such as SecretSource.fromSsmParameter(parameter)'],
  [{ secrets: { 'my-token': undefined as any } }, 'the SqlStep "setup" has a secret named "my-token", which is not a parameter name'],
  [{ secrets: { token: undefined as any } }, 'the SqlStep "setup" has the secret "token", which no statement uses: write $token'],
])('%j is refused', (props, message) => {
  expect(() => new SqlStep({ name: 'setup', statements: ['SELECT 1'], ...props })).toThrow(message);
});

test('a statement with a secret in its text causes a warning: the template shows it', () => {
  const stack = new Stack(new App(), 'Stack');
  const statements = (id: string, ...sql: string[]) => new DuckDbFunction(stack, id, { entry: ENTRY, bootstrap: [new SqlStep({ name: 'setup', statements: sql })] });
  statements('Open', 'SELECT 1', 'CREATE SECRET (TYPE s3, KEY_ID \'AKIA\', SECRET \'hunter2\')');
  statements('Fine', 'CREATE SECRET (TYPE s3, PROVIDER credential_chain)');
  Annotations.fromStack(stack).hasWarning('/Stack/Open', Match.stringLikeRegexp(
    'the SqlStep "setup" has a statement with credentials in SECRET, which the template shows: keep them in a secret, as in CREATE SECRET .TYPE postgres, '
    + 'PASSWORD .password. with secrets: { password: source }.*ack: cdk-duckdb-lambda:credentials'));
  Annotations.fromStack(stack).hasNoWarning('/Stack/Open', Match.stringLikeRegexp('hunter2'));
  Annotations.fromStack(stack).hasNoWarning('/Stack/Fine', Match.anyValue());
});

test('a statement with credentials in a URL causes a warning: the template shows it', () => {
  const stack = new Stack(new App(), 'Stack');
  const attach = (url: string) => new SqlStep({ name: 'setup', statements: [`ATTACH '${url}' AS crm (TYPE postgres)`] });
  const functionWith = (id: string, step: SqlStep) => new DuckDbFunction(stack, id, { entry: ENTRY, bootstrap: [step] });
  functionWith('Open', attach('postgres://reader:hunter2@db.example.com/crm'));
  functionWith('Fine', attach('postgres://db.example.com/crm'));
  Annotations.fromStack(stack).hasWarning('/Stack/Open', Match.stringLikeRegexp(
    'the SqlStep "setup" has a statement with credentials in a URL, which the template shows: keep them in a secret.*ack: cdk-duckdb-lambda:credentials'));
  Annotations.fromStack(stack).hasNoWarning('/Stack/Fine', Match.anyValue());
});
