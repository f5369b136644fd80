import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { DuckDbFunction, MotherDuckAttachMode, MotherDuckStep, MotherDuckStepProps, SecretSource } from '../../src';

let stack: Stack;
let token: SecretSource;

beforeEach(() => {
  stack = new Stack(new App(), 'Stack', { env: { account: '111111111111', region: 'eu-west-1' } });
  token = SecretSource.fromSsmParameter(StringParameter.fromSecureStringParameterAttributes(stack, 'Token', { parameterName: '/motherduck/token' }));
});

function bound(props: Partial<MotherDuckStepProps> = {}): any {
  new DuckDbFunction(stack, 'Fn', { entry: path.join(__dirname, '..', 'fixtures', 'handler.ts'), bootstrap: [new MotherDuckStep({ token, ...props })] });
  const [fn] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  return JSON.parse(fn.Properties.Environment.Variables.DUCKDB_LAMBDA_CONFIG);
}

function installOptions(): string {
  const { directory } = (stack.node.root as App).synth();
  const { dockerImages } = JSON.parse(fs.readFileSync(path.join(directory, 'Stack.assets.json'), 'utf8'));
  return Object.values<any>(dockerImages)[0].source.dockerBuildArgs.INSTALL_OPTIONS;
}

test('its extension is baked and only loaded when needed; the token stays in its secret', () => {
  expect(bound()).toEqual({
    version: 1,
    extensions: [],
    steps: [{ name: 'motherduck', type: 'motherduck', config: { token: { ssm: '/motherduck/token' } } }],
    timeoutSeconds: 30,
  });
  expect(installOptions()).toBe('');
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
});

test('named databases are what it provides', () => {
  expect(bound({ databases: ['sales'], attachMode: MotherDuckAttachMode.WORKSPACE, saasMode: true }).steps).toEqual([
    {
      name: 'motherduck',
      type: 'motherduck',
      provides: ['sales'],
      config: { token: { ssm: '/motherduck/token' }, databases: ['sales'], attachMode: 'workspace', saasMode: true },
    },
  ]);
});

test('a download at run time must be allowed, and causes a warning', () => {
  bound({ allowDownload: true });
  expect(installOptions()).toBe('--allow-download');
  Annotations.fromStack(stack).hasWarning('/Stack/Fn', Match.stringLikeRegexp('each cold start tries to download it.*ack: cdk-duckdb-lambda:motherduckDownload'));
});

test.each([
  [{ databases: [] }, 'the MotherDuckStep "motherduck" has an empty list of databases'],
  [{ databases: ['md:sales'] }, 'the MotherDuckStep "motherduck" has the database "md:sales": expected its name alone'],
  [{ databases: ['sales', ' '] }, 'the MotherDuckStep "motherduck" has the database " ": expected text such as "sales"'],
  [{ databases: 'sales' as any }, 'the MotherDuckStep "motherduck" has the database "sales": expected a list such as ["sales"]'],
  [{ attachMode: 'shared' as any }, 'the MotherDuckStep "motherduck" has the attachMode "shared": expected one of MotherDuckAttachMode.WORKSPACE'],
  [{ saasMode: 'no' as any }, 'the MotherDuckStep "motherduck" has the saasMode "no": expected true or false'],
  [{ token: 'hunter2' as any }, 'the MotherDuckStep "motherduck" has as token a value that is not a SecretSource'],
])('%j is refused', (props, message) => {
  expect(() => new MotherDuckStep({ token, ...props })).toThrow(message);
});
