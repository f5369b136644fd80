import * as fs from 'fs';
import * as path from 'path';
import { App, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { NetworkMode } from 'aws-cdk-lib/aws-ecr-assets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { temporaryDirectory } from './temporary-directory';
import { duckdb } from '../assets/docker/versions.json';
import { BootstrapMode, BootstrapStepConfig, DuckDbExtension, DuckDbFunction, DuckDbFunctionProps, ExtensionRepository, IBootstrapStep, S3Step } from '../src';

const HANDLER = 'import { cursor } from \'cdk-duckdb-lambda/runtime\';\n'
  + 'export const handler = () => cursor((c) => c.query(\'SELECT 42 AS answer\'));\n';

let entry: string;
let stack: Stack;

beforeEach(() => {
  const project = temporaryDirectory();
  fs.writeFileSync(path.join(project, 'package.json'), '{}');
  entry = path.join(project, 'reports.ts');
  fs.writeFileSync(entry, HANDLER);
  stack = new Stack(new App(), 'Stack');
});

function declare(props: Partial<DuckDbFunctionProps> = {}): DuckDbFunction {
  return new DuckDbFunction(stack, 'Reports', { entry, ...props });
}

/** A step that needs no AWS resource. */
class PlainStep implements IBootstrapStep {
  constructor(readonly name: string, readonly extensions: DuckDbExtension[] = [], private readonly config: { [key: string]: any } = {}) {}
  bind(): BootstrapStepConfig {
    return { type: 'plain', config: this.config };
  }
}

function runtimeConfig(template: Template): any {
  const [fn] = Object.values(template.findResources('AWS::Lambda::Function'));
  return JSON.parse(fn.Properties.Environment.Variables.DUCKDB_LAMBDA_CONFIG);
}

test('the template of a function over a bucket', () => {
  declare({ bootstrap: [new S3Step({ buckets: [new Bucket(stack, 'Lake')] })] });
  const template = JSON.stringify(Template.fromStack(stack).toJSON(), undefined, 2);
  expect(template.replace(/[0-9a-f]{64}/g, '<asset>')).toMatchSnapshot();
});

test('an extension that a step loads is in the image, and not loaded when a database opens', () => {
  const step = new PlainStep('own', [DuckDbExtension.core('iceberg', { loadedByStep: true })]);
  const fn = declare({ bootstrap: [step], extensions: [DuckDbExtension.core('httpfs')] });
  expect([...fn.extensions].sort()).toEqual(['avro', 'httpfs', 'iceberg']);
  // An extension that something else needs as well is loaded with the database.
  expect(runtimeConfig(Template.fromStack(stack)).extensions).toEqual(['httpfs']);
});

test('defaults: arm64, one vCPU, 30 s, from an image', () => {
  declare();
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
    Architectures: ['arm64'],
    MemorySize: 1769,
    Timeout: 30,
    PackageType: 'Image',
    ImageConfig: { Command: ['index.handler'] },
  });
});

test('a default also stands where undefined is given', () => {
  declare({ architecture: undefined, memorySize: undefined, timeout: undefined, environment: undefined });
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Architectures: ['arm64'], MemorySize: 1769, Timeout: 30 });
});

test('what is given goes before the defaults, other options go to Lambda', () => {
  declare({
    architecture: lambda.Architecture.X86_64, memorySize: 3008, timeout: Duration.minutes(2), handler: 'handler', description: 'monthly', environment: { LAKE: 'x' },
  });
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
    Architectures: ['x86_64'], MemorySize: 3008, Timeout: 120, Description: 'monthly', Environment: { Variables: { LAKE: 'x' } },
  });
});

test('Node.js has threads enough for queries beside DNS and files, unless the user says how many', () => {
  declare({ environment: { LAKE: 'x' } });
  new DuckDbFunction(stack, 'Other', { entry, environment: { UV_THREADPOOL_SIZE: '4' } });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: { LAKE: 'x', UV_THREADPOOL_SIZE: '16' } } });
  template.hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: { UV_THREADPOOL_SIZE: '4' } } });
});

test('the configuration has the extensions in the order of loading, and the steps in the order of declaration', () => {
  const fn = declare({
    bootstrap: [new PlainStep('b', [DuckDbExtension.core('postgres')], { x: 1 }), new PlainStep('a')],
    extensions: [DuckDbExtension.core('aws')],
  });
  expect(fn.duckdbVersion).toBe(duckdb);
  expect(fn.extensions).toEqual(['postgres_scanner', 'httpfs', 'aws']);
  expect(runtimeConfig(Template.fromStack(stack))).toEqual({
    version: 1,
    extensions: ['postgres_scanner', 'httpfs', 'aws'],
    steps: [{ name: 'b', type: 'plain', config: { x: 1 } }, { name: 'a', type: 'plain', config: {} }],
    timeoutSeconds: 30,
  });
});

test('the steps run when needed, or in the init phase', () => {
  declare();
  expect(runtimeConfig(Template.fromStack(stack))).not.toHaveProperty('mode');
  const eager = new Stack(new App(), 'Eager');
  new DuckDbFunction(eager, 'Fn', { entry, bootstrapMode: BootstrapMode.EAGER });
  expect(runtimeConfig(Template.fromStack(eager))).toMatchObject({ mode: 'eager' });
});

test('settings of DuckDB reach the runtime', () => {
  declare({ settings: { threads: '2' } });
  expect(runtimeConfig(Template.fromStack(stack))).toMatchObject({ settings: { threads: '2' } });
});

test.each([
  ['allow_unsigned_extensions', 'Stack/Reports has the setting allow_unsigned_extensions: extensions without DuckDB\'s signature are never loaded'],
  ['Extension_Directory', 'Stack/Reports has the setting Extension_Directory: the image holds the extensions; declare them with the prop extensions'],
  ['s3_secret_access_key', 'Stack/Reports has the setting s3_secret_access_key: the template would show it; an S3Step gives queries the function\'s own credentials'],
  ['motherduck_token', 'Stack/Reports has the setting motherduck_token: the template would show it; a MotherDuckStep fetches it'],
  ['threads; DROP', 'Stack/Reports has the setting "threads; DROP", which is not a name of a DuckDB setting'],
  ['', 'Stack/Reports has the setting "", which is not a name of a DuckDB setting'],
])('the setting %s is refused', (name, message) => {
  expect(() => declare({ settings: { [name]: 'true' } })).toThrow(message);
});

test('settings are strings, each once', () => {
  expect(() => declare({ settings: { threads: 2 as any } })).toThrow(
    'Stack/Reports has the setting threads with the value 2: expected a string, such as { threads: \'2\' }');
  expect(() => declare({ settings: { threads: '2', Threads: '4' } })).toThrow('Stack/Reports has the setting threads twice');
});

test.each(['0', '-1', '2.5', 'all', ''])('%j threads are refused', (threads) => {
  expect(() => declare({ settings: { threads } })).toThrow(
    `Stack/Reports has the setting threads with the value ${JSON.stringify(threads)}: expected a whole number from 1, such as '4'`);
});

test('the variable for debugging has a value that means something', () => {
  expect(() => declare({ environment: { DUCKDB_LAMBDA_DEBUG: 'request' } })).toThrow('Stack/Reports has DUCKDB_LAMBDA_DEBUG "request" in its environment: expected \'requests\'');
  expect(() => declare({ environment: { DUCKDB_LAMBDA_DEBUG: 'requests' } })).not.toThrow();
});

test('the value of a setting may be a token', () => {
  declare({ settings: { threads: new CfnParameter(stack, 'Threads').valueAsString } });
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { DUCKDB_LAMBDA_CONFIG: { 'Fn::Join': ['', Match.arrayWith([{ Ref: 'Threads' }])] } } },
  });
});

test('the signature check at LOAD can be kept', () => {
  declare({ verifyExtensionsAtRuntime: true });
  expect(runtimeConfig(Template.fromStack(stack))).toMatchObject({ verifyExtensions: true });
});

describe('bad input is refused at synth, with its fix', () => {
  test('an entry that does not exist', () => {
    expect(() => declare({ entry: entry.replace('reports', 'report') })).toThrow(
      /^cannot find the entry ".*report\.ts": no such file in .*; did you mean ".*reports\.ts"\?$/);
  });

  test.each(['handler.py', 'handler', 'handler.json'])('the entry %s', (name) => {
    expect(() => declare({ entry: name })).toThrow(`the entry "${name}" is not a handler's source file: expected one that ends in .ts, .tsx`);
  });

  test('a handler that the entry does not export', () => {
    expect(() => declare({ handler: 'main' })).toThrow(/does not export "main": it exports handler; export the handler or name it with the prop handler/);
  });

  test('a source that does not compile', () => {
    fs.writeFileSync(entry, 'export const handler = ;');
    expect(() => declare()).toThrow(/cannot bundle ".*reports\.ts":\n[^]*Unexpected ";"/);
  });

  test.each([128, 255])('%d MB of memory', (memorySize) => {
    expect(() => declare({ memorySize })).toThrow(
      `Stack/Reports has a memorySize of ${memorySize} MB, in which DuckDB cannot run: expected 256 or more`);
  });

  test('an unknown extension', () => {
    expect(() => declare({ extensions: [DuckDbExtension.core('htpfs')] })).toThrow('"htpfs": no core extension of DuckDB has this name; did you mean "httpfs"?');
  });

  test('two steps of one name', () => {
    expect(() => declare({ bootstrap: [new PlainStep('s3'), new PlainStep('s3')] })).toThrow('Stack/Reports has two bootstrap steps named "s3"');
  });

  test('an invalid step name', () => {
    expect(() => declare({ bootstrap: [new PlainStep('my step')] })).toThrow('Stack/Reports has a bootstrap step named "my step": expected a letter');
  });

  test.each<[string, Partial<DuckDbFunctionProps>]>([
    ['layers', { layers: [] }],
    ['snapStart', { snapStart: lambda.SnapStartConf.ON_PUBLISHED_VERSIONS }],
    ['paramsAndSecrets', { paramsAndSecrets: lambda.ParamsAndSecretsLayerVersion.fromVersion(lambda.ParamsAndSecretsVersions.V1_0_103) }],
    ['runtimeManagementMode', { runtimeManagementMode: lambda.RuntimeManagementMode.AUTO }],
    ['codeSigningConfig', { codeSigningConfig: {} as lambda.ICodeSigningConfig }],
  ])('the prop %s, which images cannot have', (prop, props) => {
    expect(() => declare(props)).toThrow(`Stack/Reports has the prop ${prop}, which a function from an image cannot have`);
  });

  test('the environment variable of the runtime configuration', () => {
    expect(() => declare({ environment: { DUCKDB_LAMBDA_CONFIG: '{}' } })).toThrow('Stack/Reports sets the environment variable DUCKDB_LAMBDA_CONFIG');
  });

  test('more configuration than Lambda\'s environment holds', () => {
    const fits = 'x'.repeat(2500);
    expect(() => declare({ environment: { MINE: fits }, bootstrap: [new PlainStep('big', [], { text: fits })] }))
      .toThrow(/^the environment variables of Stack\/Reports take 5\d{3} of the 4096 bytes that Lambda allows for all, 2\d{3} of them for bootstrap steps: declare/);
  });

  test.each(['entry', 'handler', 'lockFile', 'nodeApiVersion', 'baseImage', 'buildImage'])('a token as %s', (prop) => {
    expect(() => declare({ [prop]: new CfnParameter(stack, 'Image').valueAsString })).toThrow(`${prop} is a CDK token: expected a literal`);
  });
});

describe('what is checked against files before the build', () => {
  test('a directory without the extension for the function\'s version and platform is refused', () => {
    const directory = temporaryDirectory();
    expect(() => declare({ extensions: [DuckDbExtension.core('fts')], extensionRepository: ExtensionRepository.fromDirectory(directory) })).toThrow(
      `the extension directory has no fts for DuckDB ${duckdb} on linux_arm64: looked in ${path.join(directory, `v${duckdb}`, 'linux_arm64')}; add with: `
      + `npx duckdb-extensions install --version ${duckdb} --platform linux_arm64 --target ${directory} fts`);
  });

  test('a lock file pins the client, the base image and the extensions', () => {
    const lockFile = path.join(temporaryDirectory(), 'duckdb.lock.json');
    const client = { version: '1.5.4-r.1', integrity: 'sha512-x' };
    fs.writeFileSync(lockFile, JSON.stringify({
      version: 1,
      duckdbVersion: '1.5.4',
      baseImage: { reference: 'public.ecr.aws/lambda/nodejs:24', digest: `sha256:${'a'.repeat(64)}` },
      nodeApi: { '@duckdb/node-api': client, '@duckdb/node-bindings': client, '@duckdb/node-bindings-linux-arm64': client },
      extensions: { linux_arm64: { fts: { sha256: 'b'.repeat(64) } } },
    }));
    expect(declare({ lockFile, extensions: [DuckDbExtension.core('fts')] }).duckdbVersion).toBe('1.5.4');
    expect(() => new DuckDbFunction(stack, 'Other', { entry, lockFile, nodeApiVersion: '1.5.3-r.1' })).toThrow(
      'the versions of @duckdb/node-api differ: the prop nodeApiVersion says 1.5.3-r.1, the prop lockFile says 1.5.4-r.1');
    expect(() => new DuckDbFunction(stack, 'Third', { entry, lockFile, extensions: [DuckDbExtension.core('aws')] })).toThrow(
      `the lock file "${lockFile}" does not pin httpfs, aws for linux_arm64`);
  });

  test.each(['caBundle', 'netrc', 'npmrc'])('a build secret whose file is missing: %s', (name) => {
    const imageBuild = name === 'caBundle' ? { caBundle: 'missing' } : { buildSecrets: { [name]: 'missing' } };
    expect(() => declare({ imageBuild })).toThrow(`cannot find the file of the build secret ${name}: "missing"; looked for ${path.resolve('missing')}`);
  });

  test('a build secret that is a directory, and certificates that are not PEM', () => {
    const directory = temporaryDirectory();
    expect(() => declare({ imageBuild: { caBundle: directory } })).toThrow(`the build secret caBundle is the directory "${directory}": expected a file`);
    const file = path.join(directory, 'ca.der');
    fs.writeFileSync(file, Buffer.from([0x30, 0x82]));
    expect(() => declare({ imageBuild: { caBundle: file } })).toThrow(
      `the file of the build secret caBundle, "${file}", holds no certificate in PEM: expected text with -----BEGIN CERTIFICATE-----`);
  });
});

describe('limits that are tight', () => {
  test('are warned of', () => {
    declare({ memorySize: 256, timeout: Duration.seconds(5) });
    Annotations.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp('memorySize is 256 MB.*ack: cdk-duckdb-lambda:memorySize'));
    Annotations.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp('timeout is 5 s.*ack: cdk-duckdb-lambda:timeout'));
  });

  test('of the environment too', () => {
    declare({ environment: { MINE: 'x'.repeat(3600) } });
    Annotations.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp('take 3\\d{3} of the 4096 bytes.*ack: cdk-duckdb-lambda:environment'));
  });

  test('cause no warning if there are none', () => {
    declare({ memorySize: 512, timeout: Duration.seconds(10) });
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('are not checked if they are tokens', () => {
    const [memorySize, seconds] = ['Memory', 'Seconds'].map((id) => new CfnParameter(stack, id, { type: 'Number' }).valueAsNumber);
    declare({ memorySize, timeout: Duration.seconds(seconds) });
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });
});

test.each([[[]], [['Other']]])('nothing is bundled for a stack that is not synthesised: only %j', (stacks) => {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': stacks } });
  fs.writeFileSync(entry, 'this is not a program');
  expect(() => new DuckDbFunction(new Stack(app, 'Stack'), 'Reports', { entry })).not.toThrow();
});

describe('the asset hash', () => {
  function assetHash(props: Partial<DuckDbFunctionProps> = {}): string {
    const other = new Stack(new App(), 'Stack');
    new DuckDbFunction(other, 'Reports', { entry, ...props });
    return JSON.stringify(Template.fromStack(other).toJSON()).match(/[0-9a-f]{64}/)![0];
  }

  test('stays for the same inputs', () => {
    expect(assetHash()).toBe(assetHash());
  });

  test('does not know how this machine reaches the network', () => {
    expect(assetHash({
      imageBuild: { networkMode: NetworkMode.HOST, buildArgs: { HTTPS_PROXY: 'http://proxy:3128', NODE_EXTRA_CA_CERTS: '/ca.pem' } },
      extensionRepository: ExtensionRepository.fromPyPi(),
    })).toBe(assetHash());
  });

  test('does not know the build\'s secrets', () => {
    const secret = path.join(temporaryDirectory(), 'secret');
    fs.writeFileSync(secret, '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n');
    expect(assetHash({ imageBuild: { caBundle: secret, buildSecrets: { netrc: secret, npmrc: secret } } })).toBe(assetHash());
  });

  test.each<[string, () => Partial<DuckDbFunctionProps>]>([
    ['the handler\'s source', () => { fs.appendFileSync(entry, 'export const more = 1;\n'); return {}; }],
    ['an extension', () => ({ extensions: [DuckDbExtension.core('fts')] })],
    ['the client\'s version', () => ({ nodeApiVersion: '1.4.4-r.1' })],
    ['the architecture', () => ({ architecture: lambda.Architecture.X86_64 })],
    ['the base image', () => ({ baseImage: 'public.ecr.aws/lambda/nodejs:22' })],
    ['the build image', () => ({ buildImage: 'node:24' })],
    ['the user\'s build arguments', () => ({ imageBuild: { buildArgs: { FLAVOUR: 'b' } } })],
  ])('changes with %s', (_, change) => {
    const before = assetHash();
    expect(assetHash(change())).not.toBe(before);
  });

  test('is shared by two handlers of one entry', () => {
    fs.appendFileSync(entry, 'export const monthly = handler;\n');
    expect(assetHash({ handler: 'monthly' })).toBe(assetHash());
  });
});
