import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { App, Aws, CfnCondition, CfnMapping, CfnParameter, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import { Role } from 'aws-cdk-lib/aws-iam';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { SalesStack } from '../../../examples/sales/stack';
import { DuckDbFunction, PostgresCredentials, PostgresEndpoint, PostgresStep, S3Step, SecretSource } from '../../../src';
import { repositoryRoot } from '../../bed/paths';
import { describeWith } from '../../bed/require';
import { startS3, type S3Server } from '../../bed/servers/s3';
import { projectWithRuntime } from '../../lib-runtime/built-runtime';
import { signedExtensions } from '../../lib-runtime/signed-extensions';
import { temporaryDirectory } from '../../temporary-directory';
import { outcomeOf } from '../docker/command';

const COMMAND = join(repositoryRoot, 'assets/cli/cdk-duckdb-lambda.mjs');
/** Prints the environment that it has. */
const PRINT = ['--', process.execPath, '-e', 'console.log(JSON.stringify(process.env))'];
/** As the CDK CLI has it; no image is staged. */
const CONTEXT = { 'aws:cdk:enable-path-metadata': true, 'aws:cdk:bundling-stacks': [] };

const command = (args: readonly string[], env: Record<string, string> = {}) =>
  outcomeOf(process.execPath, [COMMAND, ...args], { env: { AWS_REGION: '', AWS_DEFAULT_REGION: '', ...env } });

/** The environment of a command that `exec` runs. */
async function environment(args: readonly string[], env?: Record<string, string>): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await command(['exec', ...args, ...PRINT], env);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

async function failure(args: readonly string[]): Promise<string> {
  const { code, stderr } = await command(['exec', ...args, ...PRINT]);
  expect(code).toBe(1);
  return stderr.trim();
}

/** A stack whose function's environment holds references of many kinds. */
function stackWithTokens(props: StackProps = {}): { template: string; other: string; id: string } {
  const outdir = temporaryDirectory();
  const app = new App({ outdir, context: CONTEXT });
  const shared = new Stack(app, 'Shared', props);
  const named = new Bucket(shared, 'Named', { bucketName: 'the-named-lake' });
  const unnamed = new Bucket(shared, 'Unnamed');
  const stack = new Stack(app, 'Reports', props);
  const size = new CfnParameter(stack, 'Size', { default: '7' });
  const owner = new CfnParameter(stack, 'Owner');
  const isLarge = new CfnCondition(stack, 'IsLarge', {
    expression: Fn.conditionAnd(Fn.conditionEquals(size.valueAsString, '7'), Fn.conditionNot(Fn.conditionEquals(owner.valueAsString, 'nobody'))),
  });
  const names = new CfnMapping(stack, 'Names', { mapping: { 'eu-west-1': { short: 'dublin' } } });
  const parameter = new StringParameter(stack, 'Parameter', { parameterName: '/app/password', stringValue: 'not a secret' });
  const fn = new DuckDbFunction(stack, 'Sales', {
    entry: join(repositoryRoot, 'test/fixtures/handler.ts'),
    bootstrap: [
      new S3Step({ buckets: [named], prefixes: ['orders/'] }),
      new PostgresStep({
        endpoint: PostgresEndpoint.fromHost('db.example.com'),
        database: 'app',
        credentials: PostgresCredentials.fromPassword('reader', SecretSource.fromSsmParameter(parameter)),
      }),
    ],
    environment: {
      NAMED: named.bucketName,
      NAMED_ARN: named.bucketArn,
      PLAIN: 'as it is',
      NODE_OPTIONS: '--trace-warnings',
      SIZE: size.valueAsString,
      OWNER: owner.valueAsString,
      LARGE: Fn.conditionIf(isLarge.logicalId, 'large', 'small').toString(),
      SHORT: names.findInMap(Aws.REGION, 'short'),
      SUB: Fn.sub('${AWS::Partition}/${AWS::Region}/${AWS::AccountId}/${AWS::StackName}/${Extra}/${!Kept}', { Extra: Fn.select(1, Fn.split('-', 'a-b')) }),
      VALUE: parameter.stringValue,
      DUCKDB_EXTENSIONS_DIR: '/opt/duckdb_extensions',
    },
  });
  new DuckDbFunction(stack, 'Others', { entry: join(repositoryRoot, 'test/fixtures/handler.ts') });
  const incomplete = new Stack(app, 'Incomplete', props);
  new DuckDbFunction(incomplete, 'Sales', {
    entry: join(repositoryRoot, 'test/fixtures/handler.ts'),
    environment: {
      UNNAMED: unnamed.bucketName,
      OWN: new Bucket(incomplete, 'Own').bucketArn,
      ROLE: new Role(incomplete, 'Role', { roleName: 'reader', assumedBy: fn.grantPrincipal }).roleArn,
      SECRET: new Secret(incomplete, 'Secret').secretValueFromJson('password').unsafeUnwrap(),
    },
  });
  app.synth();
  return {
    template: join(outdir, 'Reports.template.json'),
    other: join(outdir, 'Incomplete.template.json'),
    id: stack.resolve((fn.node.defaultChild as CfnFunction).logicalId),
  };
}

describe('exec gives a command the environment that the function would have', () => {
  let template: string;
  let other: string;
  let id: string;
  beforeAll(() => ({ template, other, id } = stackWithTokens()));

  const given = ['--region', 'eu-west-1', '--account', '111111111111', '--parameter', 'Owner=somebody'];

  test('a value for what is not in the template is an error that names the nearest', async () => {
    const args = ['--template', other, '--function', 'Sales', '--region', 'eu-west-1', '--account', '111111111111'];
    const error = await failure(args);
    const [own] = /Own\w+\.Arn/.exec(error)!;
    const wrong = own.replace('Own', 'Ow');
    expect(await failure([...args, '--set', `${wrong}=arn:aws:s3:::x`])).toBe(`cdk-duckdb-lambda: --set ${wrong} names nothing in ${other}; did you mean ${own}?`);
    expect(await failure([...args, '--set', 'Quite-another=x'])).toBe(`cdk-duckdb-lambda: --set Quite-another names nothing in ${other}`);
    expect(await failure(['--template', template, '--function', 'Sales', ...given, '--parameter', 'Sise=8']))
      .toBe(`cdk-duckdb-lambda: --parameter Sise is not a parameter of ${template}; did you mean Size?`);
  });

  test('what its variables refer to is resolved: parameters, conditions, mappings, names, other stacks of the assembly', async () => {
    const env = await environment(['--template', template, '--function', 'Sales', ...given]);
    expect(env).toMatchObject({
      NAMED: 'the-named-lake',
      NAMED_ARN: 'arn:aws:s3:::the-named-lake',
      PLAIN: 'as it is',
      SIZE: '7',
      OWNER: 'somebody',
      LARGE: 'large',
      SHORT: 'dublin',
      SUB: 'aws/eu-west-1/111111111111/Reports/b/${Kept}',
      VALUE: 'not a secret',
      UV_THREADPOOL_SIZE: expect.any(String),
      AWS_REGION: 'eu-west-1',
    });
    expect(JSON.parse(env.DUCKDB_LAMBDA_CONFIG!)).toMatchObject({
      steps: [{ name: 's3', config: { scopes: ['s3://the-named-lake/orders/'] } }, { name: 'postgres', config: { password: { ssm: '/app/password' } } }],
    });
  });

  test('what belongs to the image is left out, and nothing says that this is Lambda', async () => {
    const env = await environment(['--template', template, '--function', 'Sales', ...given], { DUCKDB_EXTENSIONS_DIR: '' });
    expect(Object.keys(env).filter((name) => /^AWS_LAMBDA_/.test(name))).toEqual([]);
    expect(env.DUCKDB_EXTENSIONS_DIR).toBe('');
    const directory = temporaryDirectory();
    expect(await environment(['--template', template, '--function', 'Sales', ...given, '--extensions', directory])).toMatchObject({ DUCKDB_EXTENSIONS_DIR: directory });
    expect(await failure(['--template', template, '--extensions', '/no/such'])).toMatch(/^cdk-duckdb-lambda: --extensions \/no\/such does not exist: .*duckdb-extensions install/);
  });

  test('options of Node.js are added to the caller\'s, by which a debugger reaches the command', async () => {
    const args = ['--template', template, '--function', 'Sales', ...given];
    expect((await environment(args, { NODE_OPTIONS: '' })).NODE_OPTIONS).toBe('--trace-warnings');
    expect((await environment(args, { NODE_OPTIONS: '--no-deprecation' })).NODE_OPTIONS).toBe('--no-deprecation --trace-warnings');
    expect((await environment([...args, '--env', 'NODE_OPTIONS='], { NODE_OPTIONS: '--no-deprecation' })).NODE_OPTIONS).toBe('');
  });

  test('the caller\'s own environment is passed on, and what is given wins', async () => {
    const env = await environment(['--template', template, '--function', 'Sales', ...given, '--env', 'PLAIN=another', '--parameter', 'Size=8', '--env', 'NEW=a=b'], {
      AWS_ACCESS_KEY_ID: 'key', AWS_PROFILE: 'work', AWS_REGION: 'us-east-1', PLAIN: 'of the caller',
    });
    expect(env).toMatchObject({ AWS_ACCESS_KEY_ID: 'key', AWS_PROFILE: 'work', AWS_REGION: 'eu-west-1', PLAIN: 'another', SIZE: '8', LARGE: 'small', NEW: 'a=b' });
  });

  test('the function is found by its logical id, its construct path, how its id begins; otherwise the error names those that there are', async () => {
    for (const name of [id, 'Reports/Sales', 'Sales', 'Sal']) {
      expect(await environment(['--template', template, '--function', name, ...given])).toMatchObject({ PLAIN: 'as it is' });
    }
    expect(await failure(['--template', template, '--function', 'Slaes'])).toMatch(/^cdk-duckdb-lambda: --function Slaes is not in .*, whose functions are: .*Sales\w+ \(Reports\/Sales\).*; did you mean Sales\?$/);
    expect(await failure(['--template', template])).toMatch(/^cdk-duckdb-lambda: which function\? .* has .*Others\w+ \(Reports\/Others\).*: name one with --function$/);
  });

  test('what only a deployment knows is an error that names all of it, with the options that give it', async () => {
    const error = await failure(['--template', other]);
    expect(error.split('\n')).toEqual([
      expect.stringMatching(/^cdk-duckdb-lambda: the environment of Sales\w+ has values that only a deployment knows; set them with$/),
      expect.stringMatching(/^ {2}--set Unnamed\w+=VALUE {3}of Shared\/Unnamed, AWS::S3::Bucket$/),
      expect.stringMatching(/^ {2}--set Own\w+\.Arn=VALUE {3}of Incomplete\/Own, AWS::S3::Bucket$/),
      expect.stringMatching(/^ {2}--region REGION {3}AWS::Partition$/),
      expect.stringMatching(/^ {2}--account ID {3}AWS::AccountId$/),
      expect.stringMatching(/^ {2}--set Secret\w+=VALUE {3}of Incomplete\/Secret, AWS::SecretsManager::Secret$/),
    ]);
    const sets = [...error.matchAll(/--set (\S+)=VALUE/g)].flatMap(([, name], i) => ['--set', `${name}=value-${i}`]);
    const rest = [...sets, '--region', 'cn-north-1', '--account', '111111111111'];
    expect(await failure(['--template', other, ...rest])).toMatch(/--env SECRET=VALUE {3}SECRET, which refers to \{\{resolve:secretsmanager:value-2:/);
    expect(await environment(['--template', other, ...rest, '--env', 'SECRET=mine'])).toMatchObject({
      UNNAMED: 'value-0', OWN: 'value-1', ROLE: 'arn:aws-cn:iam::111111111111:role/reader', SECRET: 'mine',
    });
  });

  test('account and region are the stack\'s, where it is bound to them', async () => {
    const bound = stackWithTokens({ env: { account: '222222222222', region: 'us-gov-west-1' } });
    expect(await environment(['--template', bound.other, '--env', 'SECRET=', '--env', 'UNNAMED=', '--env', 'OWN='], { AWS_REGION: 'eu-west-1' }))
      .toMatchObject({ ROLE: 'arn:aws-us-gov:iam::222222222222:role/reader', AWS_REGION: 'us-gov-west-1' });
  });

  test.each([
    [['exec', '--template', 'x'], /needs a command after "--"/],
    [['exec', '--', 'true'], /needs --template FILE/],
    [['exec', '--template', '/no/such.json', '--', 'true'], /cannot read \/no\/such.json \(ENOENT\): write it with cdk synth/],
    [['exec', '--template', join(repositoryRoot, 'package.json'), '--', 'true'], /is not a CloudFormation template/],
    [['exec', '--template', join(repositoryRoot, 'README.md'), '--', 'true'], /is not JSON/],
    [['exec', '--templat', 'x', '--', 'true'], /unknown option '--templat'/],
    [['exec', '--template', 'x', '--parameter', 'Owner', '--', 'true'], /--parameter Owner has no value: expected NAME=VALUE/],
    [['run'], /"run" is not a command: expected exec, check, serve or images/],
  ])('%j is refused', async (args, message) => {
    const { code, stderr, stdout } = await command(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('--help tells all options', async () => {
    const { code, stdout } = await command(['exec', '--help']);
    expect(code).toBe(0);
    for (const option of ['template', 'function', 'region', 'account', 'parameter', 'set', 'env', 'extensions']) expect(stdout).toContain(`--${option} `);
  });
});

describe('exec ends as its command ends', () => {
  let template: string;
  beforeAll(() => ({ template } = stackWithTokens()));

  const args = (...script: string[]) => ['exec', '--template', template, '--function', 'Others', '--', ...script];

  test('with its exit code, its output and its input', async () => {
    expect(await command(args(process.execPath, '-e', "console.log('out'); console.error('err'); process.exit(42)")))
      .toMatchObject({ code: 42, stdout: 'out\n', stderr: 'err\n' });
    const child = spawn(process.execPath, [COMMAND, ...args('cat')], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end('piped');
    expect(Buffer.concat(await child.stdout.toArray()).toString()).toBe('piped');
  });

  test('a command that is not there', async () => {
    expect(await command(args('no-such-command'))).toMatchObject({ code: 127, stderr: 'cdk-duckdb-lambda: cannot run no-such-command (ENOENT)\n' });
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s reaches the command, and the exit code shows how it ended', async (signal) => {
    const script = `process.on('${signal}', () => { console.log('got it'); process.exit(7); }); console.log('ready'); setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, [COMMAND, ...args(process.execPath, '-e', script)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
      if (output === 'ready\n') child.kill(signal);
    });
    const ended = await new Promise((resolve) => child.on('close', (code, by) => resolve({ code, by })));
    expect({ ended, output }).toEqual({ ended: { code: 7, by: null }, output: 'ready\ngot it\n' });
  });

  test('killed by a signal, it is killed by the same', async () => {
    const child = spawn(process.execPath, [COMMAND, ...args(process.execPath, '-e', "process.kill(process.pid, 'SIGTERM'); setInterval(() => undefined, 1000)")]);
    expect(await new Promise((resolve) => child.on('close', (code, by) => resolve(by ?? code)))).toBe('SIGTERM');
  });
});

describeWith('s3', 'exec with the example of monthly sales', () => {
  let s3: S3Server;
  beforeAll(async () => s3 = await startS3());
  afterAll(() => s3?.stop());

  test('its bundled handler answers from a local S3, with the extensions of this machine', async () => {
    const outdir = temporaryDirectory();
    const app = new App({ outdir });
    new SalesStack(app, 'Sales', { lake: 'my-data-lake' });
    app.synth();
    mkdirSync(join(s3.dir, 'my-data-lake/orders/month=2025-01'), { recursive: true });
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    await connection.run(`COPY (SELECT 'toys' AS category, 1.50::DECIMAL(10, 2) AS amount FROM range(3)) TO '${s3.dir}/my-data-lake/orders/month=2025-01/a.parquet'`);
    connection.closeSync();
    instance.closeSync();
    const [directory, extensions] = await Promise.all([projectWithRuntime(), signedExtensions('httpfs')]);
    const script = join(directory, `handler-test-${process.pid}.mjs`);
    const { handler } = bundled(outdir);
    writeFileSync(script, readFileSync(handler, 'utf8').concat('\nconsole.log(JSON.stringify(await handler()));\n'));
    try {
      const outcome = await command(
        ['exec', '--template', join(outdir, 'Sales.template.json'), '--function', 'Sales', '--extensions', extensions, '--', process.execPath, script],
        { AWS_REGION: s3.region, AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey, AWS_ENDPOINT_URL_S3: s3.endpoint },
      );
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(outcome.stdout)).toEqual([{ month: '2025-01', category: 'toys', orders: 3, revenue: '4.50' }]);
    } finally {
      rmSync(script);
    }
  });
});

/** The handler's bundle as CDK staged it. */
function bundled(assembly: string): { handler: string } {
  const { dockerImages } = JSON.parse(readFileSync(join(assembly, 'Sales.assets.json'), 'utf8'));
  const [{ source }] = Object.values<{ source: { directory: string } }>(dockerImages);
  return { handler: join(assembly, source!.directory, 'handler/index.mjs') };
}
