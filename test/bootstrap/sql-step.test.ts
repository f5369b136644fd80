import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { DuckDbExtension, DuckDbFunction, SecretSource, SqlStep, SqlStepProps } from '../../src';

function bound(props: (stack: Stack) => SqlStepProps): any {
  const stack = new Stack(new App(), 'Stack', { env: { account: '111111111111', region: 'eu-west-1' } });
  new DuckDbFunction(stack, 'Fn', { entry: path.join(__dirname, '..', 'fixtures', 'handler.ts'), bootstrap: [new SqlStep(props(stack))] });
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
  [{ statements: ['SELECT 1', ' '] }, 'the SqlStep "setup" has an empty statement: expected SQL'],
  [{ secrets: { 'my-token': undefined as any } }, 'the SqlStep "setup" has a secret named "my-token", which is no name of a parameter'],
  [{ secrets: { token: undefined as any } }, 'the SqlStep "setup" has the secret "token", which no statement uses: write $token'],
])('%j is refused', (props, message) => {
  expect(() => new SqlStep({ name: 'setup', statements: ['SELECT 1'], ...props })).toThrow(message);
});
