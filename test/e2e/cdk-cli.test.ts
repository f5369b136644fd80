import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, run } from '../bed';
import { cdkCli } from '../bed/process/cdk-cli';
import { temporaryDirectory } from '../temporary-directory';

const APP = `
  const { App, Stack } = require(${JSON.stringify(join(repositoryRoot, 'node_modules', 'aws-cdk-lib'))});
  const { DuckDbFunction } = require(${JSON.stringify(join(repositoryRoot, 'lib'))});
  const app = new App();
  new DuckDbFunction(new Stack(app, 'Good'), 'Function', { entry: 'src/good.ts' });
  new DuckDbFunction(new Stack(app, 'Broken'), 'Function', { entry: 'src/broken.ts' });
`;

describe('the CDK\'s command line', () => {
  let project: string;
  let cdk: (...args: string[]) => Promise<string>;

  beforeAll(async () => {
    const program = await cdkCli();
    project = temporaryDirectory();
    mkdirSync(join(project, 'src'));
    writeFileSync(join(project, 'app.js'), APP);
    writeFileSync(join(project, 'src', 'good.ts'), 'export const handler = () => 1;');
    writeFileSync(join(project, 'src', 'broken.ts'), 'this is not a program');
    cdk = async (...args) => (await run(process.execPath, [program, '--app', 'node app.js', ...args], {
      cwd: project, env: { NODE_PATH: join(repositoryRoot, 'node_modules') }, timeoutMs: 60_000,
    })).stdout;
  }, 300_000);

  test('lists the stacks without bundling their handlers', async () => {
    expect((await cdk('ls')).trim().split('\n').sort()).toEqual(['Broken', 'Good']);
  });

  test('bundles the handlers of the stack that is synthesised exclusively, and no others', async () => {
    await cdk('synth', 'Good', '--exclusively', '--quiet');
    const handlers = readdirSync(join(project, 'cdk.out')).filter((name) => existsSync(join(project, 'cdk.out', name, 'handler')));
    expect(handlers).toHaveLength(1);
    await expect(cdk('synth', 'Broken', '--exclusively', '--quiet')).rejects.toThrow(/cannot bundle "src\/broken\.ts"/);
  });
});
