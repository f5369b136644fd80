import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { version as testedVersion } from '@duckdb/node-api/package.json';
import { newProject, packLibrary } from './packed-project';
import { devDependencies } from '../../package.json';
import { buildFunctionImage, buildNetwork, lambdaBaseImage, run, runFunction, synthesisedFunctions } from '../bed';
import { describeWith } from '../bed/require';
import { temporaryDirectory } from '../temporary-directory';

const HANDLER = `import { cursor } from 'cdk-duckdb-lambda/runtime';
export const handler = () => cursor((c) => c.query('SELECT 42 AS answer'));
`;

const APP = `const { App, Stack } = require('aws-cdk-lib');
const { NetworkMode } = require('aws-cdk-lib/aws-ecr-assets');
const { Architecture } = require('aws-cdk-lib/aws-lambda');
const { Bucket } = require('aws-cdk-lib/aws-s3');
const { DuckDbFunction, DuckDbQueryFunction, ExtensionRepository, S3Step } = require('cdk-duckdb-lambda');

const build = JSON.parse(process.env.BUILD);
const app = new App();
new DuckDbQueryFunction(new Stack(app, 'StackOfQueries'), 'Sales', { queries: 'queries' });
const stack = new Stack(app, 'Stack');
new DuckDbFunction(stack, 'Reports', {
  entry: 'src/reports.ts',
  architecture: Architecture.X86_64,
  bootstrap: [new S3Step({ buckets: [new Bucket(stack, 'Lake')] })],
  extensionRepository: ExtensionRepository.fromPyPi(),
  baseImage: build.baseImage,
  imageBuild: { buildArgs: build.buildArgs, networkMode: build.network && NetworkMode.custom(build.network) },
  bundling: { sourceMap: true },
});
`;

/** A CDK project with the oldest packages that the library is compatible with, which are those that it is developed with. */
async function newCdkProject(tarball: string): Promise<string> {
  const { constructs, esbuild, 'aws-cdk-lib': cdk } = devDependencies;
  const project = await newProject(tarball, { 'aws-cdk-lib': cdk, constructs, esbuild });
  ['src', 'queries'].forEach((folder) => mkdirSync(join(project, folder)));
  writeFileSync(join(project, 'queries', 'answer.sql'), 'SELECT 42 AS answer\n');
  writeFileSync(join(project, 'src', 'reports.ts'), HANDLER);
  writeFileSync(join(project, 'app.js'), APP);
  return project;
}

describeWith('lambda', 'the packed library in a project elsewhere', () => {
  let projects: string[];
  let build: { baseImage: string; buildArgs: Readonly<Record<string, string>>; network?: string };

  const synth = async (project: string, out: string, umask: string, env: NodeJS.ProcessEnv = {}) => {
    await run('sh', ['-c', `umask ${umask} && exec node app.js`], { cwd: project, env: { CDK_OUTDIR: join(project, out), BUILD: JSON.stringify(build), ...env } });
    return join(project, out);
  };

  beforeAll(async () => {
    const tarball = await packLibrary();
    build = { baseImage: (await lambdaBaseImage()).reference, ...await buildNetwork() };
    projects = [await newCdkProject(tarball), join(temporaryDirectory(), 'some', 'where else')];
    cpSync(projects[0], projects[1], { recursive: true, verbatimSymlinks: true });
  }, 600_000);

  test('synthesises the same template, byte for byte, at another path, umask, time zone and locale', async () => {
    const [one, two] = [await synth(projects[0], 'out', '022'), await synth(projects[1], 'other.out', '077', { TZ: 'Asia/Tokyo', LC_ALL: 'tr_TR.UTF-8' })];
    for (const stack of ['Stack', 'StackOfQueries']) {
      const template = (assembly: string) => readFileSync(join(assembly, `${stack}.template.json`), 'utf8');
      expect(template(two)).toBe(template(one));
      expect(template(one)).toMatch(/:[0-9a-f]{64}"/);
    }
  });

  test('its image answers, also when it was staged under umask 077', async () => {
    const [fn] = synthesisedFunctions(await synth(projects[0], 'private.out', '077'));
    const running = await runFunction({ image: await buildFunctionImage(fn), command: fn.command, network: 'none' });
    try {
      expect((await running.invoke()).payload).toEqual([{ answer: 42 }]);
    } finally {
      await running.stop();
    }
  });

  test('its command runs another with the environment of the function', async () => {
    const template = join(await synth(projects[1], 'local.out', '022'), 'Stack.template.json');
    const bucket = Object.keys(JSON.parse(readFileSync(template, 'utf8')).Resources).find((id) => id.startsWith('Lake'))!;
    const { stdout } = await run('npx', ['--no-install', 'cdk-duckdb-lambda', 'exec', '--template', template, '--set', `${bucket}=the-lake`, '--',
      'node', '--print', 'process.env.DUCKDB_LAMBDA_CONFIG'], { cwd: projects[1] });
    expect(JSON.parse(stdout)).toMatchObject({ steps: [{ name: 's3', config: { scopes: ['s3://the-lake/'] } }] });
  });

  test('installs neither DuckDB nor anything else into a project that wants the construct only', async () => {
    const { stdout } = await run('npm', ['ls', '--all', '--json'], { cwd: projects[0] });
    expect(Object.keys(JSON.parse(stdout).dependencies['cdk-duckdb-lambda'].dependencies ?? {})).toEqual(['aws-cdk-lib', 'constructs']);
  });

  test.each([
    ['an ES module', ['--input-type=module', '-e', 'import { cursor } from "cdk-duckdb-lambda/runtime"; console.log(typeof cursor)']],
    ['CommonJS', ['-e', 'const { cursor } = require("cdk-duckdb-lambda/runtime"); console.log(typeof cursor)']],
  ])('the runtime without DuckDB\'s client says what to install, from %s', async (_, args) => {
    await expect(run('node', args, { cwd: projects[0] })).rejects.toThrow(`npm install @duckdb/node-api@${testedVersion}`);
  });
});
