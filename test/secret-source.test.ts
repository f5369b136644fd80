import * as path from 'path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { BootstrapStepConfig, DuckDbExtension, DuckDbFunction, IBootstrapStep, SecretSource } from '../src';

const KEY = 'arn:aws:kms:eu-west-1:111111111111:key/key';

let stack: Stack;

beforeEach(() => {
  stack = new Stack(new App(), 'Stack', { env: { account: '111111111111', region: 'eu-west-1' } });
});

/** A step with only a secret. */
class SecretStep implements IBootstrapStep {
  readonly name = 'secret';
  readonly extensions: DuckDbExtension[] = [];
  constructor(private readonly source: SecretSource) {}
  bind(fn: DuckDbFunction): BootstrapStepConfig {
    return { type: 'secret', config: { source: this.source.bind(fn) } };
  }
}

/** What a function that uses the secret is granted, and what its runtime reads. */
function bound(source: SecretSource): { statements: object[]; source: object } {
  new DuckDbFunction(stack, 'Fn', { entry: path.join(__dirname, 'fixtures', 'handler.ts'), bootstrap: [new SecretStep(source)] });
  const template = Template.fromStack(stack);
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
  const [fn] = Object.values(template.findResources('AWS::Lambda::Function'));
  const config = stack.resolve(fn.Properties.Environment.Variables.DUCKDB_LAMBDA_CONFIG);
  const text = typeof config === 'string' ? config : config['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : 'PARTITION')).join('');
  return { statements: policy.Properties.PolicyDocument.Statement, source: JSON.parse(text).steps[0].config.source };
}

const arn = (rest: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:${rest}`]] });

test('a parameter of SSM: its own permission, its name to the runtime', () => {
  const parameter = StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', { parameterName: '/db/password' });
  expect(bound(SecretSource.fromSsmParameter(parameter))).toEqual({
    statements: [{ Effect: 'Allow', Action: 'ssm:GetParameter', Resource: arn('ssm:eu-west-1:111111111111:parameter/db/password') }],
    source: { ssm: '/db/password' },
  });
});

test('a parameter under a key of one\'s own, for a time of one\'s own', () => {
  const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', KEY);
  const parameter = StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', { parameterName: '/db/password', encryptionKey });
  expect(bound(SecretSource.fromSsmParameter(parameter, { maxAge: Duration.minutes(1) }))).toEqual({
    statements: [expect.anything(), { Effect: 'Allow', Action: 'kms:Decrypt', Resource: KEY }],
    source: { ssm: '/db/password', maxAgeSeconds: 60 },
  });
});

test('a parameter of another account is named by its ARN', () => {
  const other = new Stack(stack.node.root as App, 'Other', { env: { account: '222222222222', region: 'eu-west-1' } });
  const parameter = StringParameter.fromStringParameterName(other, 'Parameter', '/db/password');
  expect(bound(SecretSource.fromSsmParameter(parameter)).source).toEqual({ ssm: expect.stringContaining(':ssm:eu-west-1:222222222222:parameter/db/password') });
});

test('a secret of Secrets Manager by its complete ARN', () => {
  const complete = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf';
  expect(bound(SecretSource.fromSecretsManager(Secret.fromSecretCompleteArn(stack, 'Secret', complete), 'password'))).toEqual({
    statements: [{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: complete }],
    source: { secretsManager: complete, field: 'password' },
  });
});

test('a secret of Secrets Manager by name, whose ARN ends in six unknown characters', () => {
  expect(bound(SecretSource.fromSecretsManager(Secret.fromSecretNameV2(stack, 'Secret', 'db')))).toEqual({
    statements: [{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: arn('secretsmanager:eu-west-1:111111111111:secret:db-??????') }],
    source: { secretsManager: expect.stringMatching(/:secretsmanager:eu-west-1:111111111111:secret:db$/) },
  });
});

test('a key that CDK does not know can be named', () => {
  const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', KEY);
  const secret = Secret.fromSecretNameV2(stack, 'Secret', 'db');
  expect(bound(SecretSource.fromSecretsManager(secret, undefined, { encryptionKey })).statements[1]).toEqual({ Effect: 'Allow', Action: 'kms:Decrypt', Resource: KEY });
});
