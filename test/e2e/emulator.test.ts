import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newProject, packLibrary } from './packed-project';
import { devDependencies } from '../../package.json';
import { buildNetwork, lambdaBaseImage, repositoryRoot, run, startMiniStack, type MiniStackServer } from '../bed';
import { dockerClient } from '../bed/docker/docker-client';
import { CDK_CLI_VERSION, QUICK_POLLS } from '../bed/process/cdk-cli';
import { describeWith } from '../bed/require';
import { boto } from '../lib-runtime/boto';

/** The script of docs/local.md. */
const [, SCRIPT] = /^```sh\n(# deploy-locally\.sh\n[^]*?)^```/m.exec(readFileSync(join(repositoryRoot, 'docs/local.md'), 'utf8'))!;
/** Its variables alone. */
const [SETTINGS] = SCRIPT!.split('account=');

const APP = `const { App, Stack } = require('aws-cdk-lib');
const { NetworkMode } = require('aws-cdk-lib/aws-ecr-assets');
const { Architecture } = require('aws-cdk-lib/aws-lambda');
const { Bucket } = require('aws-cdk-lib/aws-s3');
const { DuckDbFunction, ExtensionRepository, S3Step } = require('cdk-duckdb-lambda');

const { baseImage, buildArgs, network } = JSON.parse(process.env.BUILD);
const stack = new Stack(new App(), 'Sales');
new DuckDbFunction(stack, 'Sales', {
  functionName: 'sales',
  entry: 'src/sales.ts',
  bootstrap: [new S3Step({ buckets: [Bucket.fromBucketName(stack, 'Lake', 'my-data-lake')], prefixes: ['orders/'] })],
  architecture: process.arch === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
  extensionRepository: ExtensionRepository.fromPyPi(),
  baseImage,
  imageBuild: { buildArgs, networkMode: network && NetworkMode.custom(network) },
});
`;

const handler = (what: string) => `import { cursor } from 'cdk-duckdb-lambda/runtime';
export const handler = () => cursor((c) => c.query("SELECT ${what} AS answer FROM 's3://my-data-lake/orders/*.csv'"));
`;

describeWith(['ministack', 'aws'], 'a stack of a project elsewhere, in an emulator', () => {
  let server: MiniStackServer;
  let project: string;

  beforeAll(async () => {
    server = await startMiniStack();
    const { constructs, esbuild, 'aws-cdk-lib': cdk } = devDependencies;
    project = await newProject(await packLibrary(), { 'aws-cdk-lib': cdk, constructs, esbuild, 'aws-cdk': CDK_CLI_VERSION });
    mkdirSync(join(project, 'src'));
    writeFileSync(join(project, 'cdk.json'), '{"app":"node app.js"}');
    writeFileSync(join(project, 'app.js'), APP);
    writeFileSync(join(project, 'deploy-locally.sh'), SCRIPT!);
    await boto(server, `
s3 = boto3.client('s3')
s3.create_bucket(Bucket='my-data-lake', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
s3.put_object(Bucket='my-data-lake', Key='orders/1.csv', Body=b'amount\\n1\\n41\\n')`);
  }, 300_000);
  afterAll(() => server?.stop());

  const inProject = async (command: string, ...args: string[]) => run(command, args, {
    cwd: project,
    env: {
      BUILD: JSON.stringify({ baseImage: (await lambdaBaseImage()).reference, ...await buildNetwork() }),
      AWS_ENDPOINT_URL: server.endpoint,
      CDK_DOCKER: dockerClient(),
      DOCKER_BUILDKIT: '1',
      NODE_OPTIONS: `--require ${QUICK_POLLS}`,
    },
    timeoutMs: 200_000,
  });
  const answer = async () => (await fetch(`${server.endpoint}/2015-03-31/functions/sales/invocations`, { method: 'POST', body: '{}' })).json();

  test('is deployed and updated by the script of the documentation, and removed by the CDK', async () => {
    for (const [what, rows] of [['sum(amount)::INTEGER', [{ answer: 42 }]], ['count(*)', [{ answer: 2 }]]] as const) {
      writeFileSync(join(project, 'src/sales.ts'), handler(what));
      await inProject('sh', 'deploy-locally.sh');
      expect(await answer()).toEqual(rows);
    }
    await inProject('sh', '-c', `${SETTINGS}npx cdk destroy --app cdk.out --all --force`);
    expect(await answer()).toMatchObject({ message: expect.stringContaining('Function not found') });
  }, 200_000);
});
