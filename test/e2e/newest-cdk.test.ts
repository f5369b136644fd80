import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newProject, packLibrary } from './packed-project';
import { devDependencies, peerDependencies } from '../../package.json';
import { repositoryRoot, run } from '../bed';
import { synthesisedExamples, templateText } from '../examples/synthesised';

const MODULES = join(repositoryRoot, 'node_modules');

const TSCONFIG = {
  compilerOptions: {
    target: 'es2022', module: 'node16', rootDir: '.', strict: true, skipLibCheck: true, types: ['node'], typeRoots: [join(MODULES, '@types')],
  },
};

/** Declares a function with each option that the assembly of aws-cdk-lib lists, undefined as spread props may have them. */
const EVERY_OPTION = `
  const { readFileSync } = require('node:fs');
  const { gunzipSync } = require('node:zlib');
  const { App, Stack } = require('aws-cdk-lib');
  const { DuckDbFunction } = require('cdk-duckdb-lambda');
  const { types } = JSON.parse(gunzipSync(readFileSync('node_modules/aws-cdk-lib/.jsii.gz')));
  const optionsOf = (fqn) => [...types[fqn].properties ?? [], ...(types[fqn].interfaces ?? []).flatMap(optionsOf)];
  const options = optionsOf('aws-cdk-lib.aws_lambda.FunctionOptions').map(({ name }) => name);
  const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack');
  new DuckDbFunction(stack, 'Reports', { entry: 'examples/sales/sales.ts', ...Object.fromEntries(options.map((name) => [name, undefined])) });
  console.log(options.length);
`;

describe('the packed library with the newest aws-cdk-lib of its range', () => {
  let project: string;
  let assembly: string;

  beforeAll(async () => {
    project = await newProject(await packLibrary(), { ...peerDependencies, 'cdk-nag': '3.0.2', 'esbuild': devDependencies.esbuild });
    for (const part of ['nag.ts', 'reports', 'sales']) cpSync(join(repositoryRoot, 'examples', part), join(project, 'examples', part), { recursive: true });
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    assembly = join(project, 'cdk.out');
    // ts-node compiles it, types and all, as it would for a user; cdk-nag fails the synthesis for what nobody acknowledged.
    await run(process.execPath, ['-r', join(MODULES, 'ts-node', 'register'), 'examples/nag.ts'],
      { cwd: project, env: { CDK_OUTDIR: assembly }, timeoutMs: 300_000 });
  }, 600_000);

  test('synthesises what it does with the oldest', async () => {
    const { sales, reports } = await synthesisedExamples(['sales', 'reports']);
    expect(templateText(assembly, 'Sales')).toBe(templateText(sales, 'Sales'));
    expect(templateText(assembly, 'Reports')).toBe(templateText(reports, 'Reports'));
  });

  test('takes every option of its Lambda functions', async () => {
    const { stdout } = await run(process.execPath, ['-e', EVERY_OPTION], { cwd: project, timeoutMs: 120_000 });
    expect(Number(stdout)).toBeGreaterThan(40);
  });

  test('has no findings of AwsSolutions but the managed policies of every function, and the prefix of the lake', () => {
    const { pluginReports } = JSON.parse(readFileSync(join(assembly, 'validation-report.json'), 'utf8'));
    const { violations, suppressedViolations } = pluginReports.find(({ pluginName }: any) => pluginName === 'AwsSolutions');
    expect(violations).toEqual([]);
    const findings = (path: string) => suppressedViolations
      .filter(({ acknowledgedAt }: any) => acknowledgedAt === path).map(({ ruleName }: any) => ruleName).sort();
    const managed = 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role';
    const prefix = 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::my-data-lake/orders/*]';
    expect(findings('Sales/Sales')).toEqual([`${managed}/AWSLambdaBasicExecutionRole]`, prefix]);
    expect(findings('Reports/Reports')).toEqual([`${managed}/AWSLambdaBasicExecutionRole]`, `${managed}/AWSLambdaVPCAccessExecutionRole]`, prefix]);
  });
});
