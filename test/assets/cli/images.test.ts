import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack, Stage, type StackProps } from 'aws-cdk-lib';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { NetworkMode, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { DockerImageCode, DockerImageFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { docker } from '../../bed';
import { dockerClient } from '../../bed/docker/docker-client';
import { repositoryRoot } from '../../bed/paths';
import { describeWith } from '../../bed/require';
import { temporaryDirectory } from '../../temporary-directory';
import { outcomeOf } from '../docker/command';

const COMMAND = join(repositoryRoot, 'assets/cli/cdk-duckdb-lambda.mjs');
const HERE = { env: { account: '111111111111', region: 'eu-west-1' } };

const images = async (args: readonly string[], env: Record<string, string> = {}) => outcomeOf(process.execPath, [COMMAND, 'images', ...args], {
  env: { CDK_DOCKER: dockerClient() ?? '', DOCKER_BUILDKIT: '1', AWS_REGION: '', AWS_DEFAULT_REGION: '', ...env },
});

/** A stack with a function whose image says what it was built with. */
function stackOf(scope: Construct, id: string, word: string, props?: StackProps): Stack {
  const context = temporaryDirectory();
  writeFileSync(join(context, 'Own.Dockerfile'), 'FROM scratch AS wanted\nARG WORD\nLABEL word=$WORD\nFROM scratch AS other\nLABEL word=other\n');
  const stack = new Stack(scope, id, props);
  new DockerImageFunction(stack, 'Function', {
    code: DockerImageCode.fromImageAsset(context, {
      file: 'Own.Dockerfile', target: 'wanted', buildArgs: { WORD: word }, platform: Platform.LINUX_ARM64, networkMode: NetworkMode.NONE, cacheDisabled: true,
    }),
  });
  return stack;
}

function assemblyOf(declare: (app: App) => void): string {
  const app = new App({ outdir: temporaryDirectory() });
  declare(app);
  return app.synth().directory;
}

describeWith('docker', 'cdk-duckdb-lambda images', () => {
  const built: string[] = [];
  afterAll(async () => { await docker(['rmi', ...built]); });

  test('builds each image with the options of its asset, under the name in its template, also of stages', async () => {
    const assembly = assemblyOf((app) => {
      stackOf(app, 'Anywhere', 'tea');
      stackOf(new Stage(app, 'Stage', HERE), 'There', 'coffee');
      const stack = new Stack(app, 'Pulled');
      new DockerImageFunction(stack, 'Function', { code: DockerImageCode.fromEcr(Repository.fromRepositoryName(stack, 'Repository', 'other')) });
    });
    const { code, stdout, stderr } = await images([assembly, '--account', '222222222222', '--region', 'eu-central-1']);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const names = stdout.trim().split('\n');
    built.push(...names);
    const repository = (account: string, region: string) => `${account}.dkr.ecr.${region}.amazonaws.com/cdk-hnb659fds-container-assets-${account}-${region}`;
    expect(names.map((name) => name.split(':')[0])).toEqual([repository('222222222222', 'eu-central-1'), repository('111111111111', 'eu-west-1')]);
    const { stdout: inspected } = await docker(['image', 'inspect', '--format', '{{.Architecture}} {{json .Config.Labels}}', ...names]);
    expect(inspected).toBe('arm64 {"word":"tea"}\narm64 {"word":"coffee"}\n');
  });

  test('the account and region are those of the stack, or of the environment', async () => {
    const [bound, unbound] = [HERE, undefined].map((props) => assemblyOf((app) => { stackOf(app, 'Stack', 'milk', props); }));
    const { stdout } = await images([bound!]);
    expect(stdout).toMatch(/^111111111111\.dkr\.ecr\.eu-west-1\./);
    built.push(stdout.trim());
    const failed = await images([unbound!], { AWS_REGION: 'eu-west-1' });
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toBe(
      'cdk-duckdb-lambda: the name of the image of Function76856677 has values that only a deployment knows; set them with\n  --account ID   AWS::AccountId\n');
  });

  test('a build that fails ends the command, with Docker\'s own words before', async () => {
    const context = temporaryDirectory();
    writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY nothing /\n');
    const assembly = assemblyOf((app) => { new DockerImageFunction(new Stack(app, 'Stack', HERE), 'Function', { code: DockerImageCode.fromImageAsset(context) }); });
    const { code, stdout, stderr } = await images([assembly]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/"\/nothing"(?:.|\n)*\ncdk-duckdb-lambda: the build of 111111111111\S+ ended with the exit code 1: what \S+ says is above\n$/);
  });

  test('a build for another architecture that fails without buildx: the error names the ways out', async () => {
    const context = temporaryDirectory();
    writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY nothing /\n');
    const platform = process.arch === 'arm64' ? Platform.LINUX_AMD64 : Platform.LINUX_ARM64;
    const assembly = assemblyOf((app) => { new DockerImageFunction(new Stack(app, 'Stack', HERE), 'Function', { code: DockerImageCode.fromImageAsset(context, { platform }) }); });
    const hasBuildx = (await outcomeOf(dockerClient()!, ['buildx', 'version'])).code === 0;
    const { stderr } = await images([assembly]);
    expect(stderr).toMatch(hasBuildx ? /says is above\n$/ : /says is above\. The image is for linux\/\w+, and this machine is linux\/\w+: install Docker's plug-in buildx, or give .*\n$/);
  });
});

test.each<[string[], string]>([
  [['/none'], 'cannot find /none: write it with cdk synth'],
  [[temporaryDirectory()], 'has no function with an image to build: expected what cdk synth has written'],
  [['one', 'two'], 'images takes one cloud assembly, and got one two'],
  [['--template', 'one'], 'unknown option \'--template\''],
])('%j is refused', async (args, message) => {
  const { code, stdout, stderr } = await images(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(message);
});

test('without Docker it says what to install', async () => {
  const assembly = assemblyOf((app) => { stackOf(app, 'Stack', 'milk', HERE); });
  const { stderr } = await images([assembly], { CDK_DOCKER: '/none' });
  expect(stderr).toBe('cdk-duckdb-lambda: cannot start /none (ENOENT): install Docker, or name another program in CDK_DOCKER\n');
});

test('--help tells of it', async () => {
  expect((await outcomeOf(process.execPath, [COMMAND, '--help'])).stdout).toContain('cdk-duckdb-lambda images [ASSEMBLY]');
});
