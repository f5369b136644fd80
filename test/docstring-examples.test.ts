import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { App, Stack, aws_ec2 as ec2, aws_rds as rds, aws_s3 as s3, aws_secretsmanager as secretsmanager, aws_sns as sns, aws_ssm as ssm } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import * as ts from 'typescript';
import { temporaryDirectory } from './temporary-directory';
import * as library from '../src';

const ROOT = join(__dirname, '..');
const FIXTURE = readFileSync(join(ROOT, 'rosetta/default.ts-fixture'), 'utf8');

/** The examples of the classes, by the names of the classes. */
function examplesOf(folder: string): Record<string, string> {
  const files = ts.sys.readDirectory(folder, ['.ts']);
  return Object.fromEntries(files.flatMap((file) => ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true).statements
    .filter(ts.isClassDeclaration)
    .flatMap((each) => {
      const tag = ts.getJSDocTags(each).find(({ tagName }) => tagName.text === 'example');
      return tag === undefined ? [] : [[each.name!.text, ts.getTextOfJSDocComment(tag.comment)!]];
    })));
}

/** What an example takes for granted, by its type. */
class Given {
  private readonly buckets = new Map<string, s3.IBucket>();

  constructor(private readonly stack: Stack) {}

  value(name: string, type: string): unknown {
    const id = `Given${name}`;
    const { stack } = this;
    const securityGroups = () => [ec2.SecurityGroup.fromSecurityGroupId(stack, `${id}Group`, 'sg-12345678')];
    const values: Record<string, () => unknown> = {
      'ec2.IVpc': () => new ec2.Vpc(stack, id),
      'rds.IDatabaseInstance': () => rds.DatabaseInstance.fromDatabaseInstanceAttributes(stack, id, {
        instanceIdentifier: id, instanceEndpointAddress: 'db.example.com', port: 5432, securityGroups: securityGroups(), instanceResourceId: 'db-A1',
      }),
      'rds.IDatabaseCluster': () => rds.DatabaseCluster.fromDatabaseClusterAttributes(stack, id, {
        clusterIdentifier: id, readerEndpointAddress: 'reader.example.com', port: 5432, securityGroups: securityGroups(),
      }),
      'rds.IDatabaseProxy': () => rds.DatabaseProxy.fromDatabaseProxyAttributes(stack, id, {
        dbProxyName: id, dbProxyArn: 'arn:aws:rds:eu-west-1:111111111111:db-proxy:prx-A1', endpoint: 'proxy.example.com', securityGroups: securityGroups(),
      }),
      's3.IBucket': () => this.bucket(name),
      'secretsmanager.ISecret': () => new secretsmanager.Secret(stack, id),
      'sns.ITopic': () => new sns.Topic(stack, id),
      'ssm.IParameter': () => ssm.StringParameter.fromSecureStringParameterAttributes(stack, id, { parameterName: `/${name}` }),
      'string': () => 'arn:aws:s3tables:eu-west-1:111111111111:bucket/sales',
      'DuckDbFunction': () => new library.DuckDbFunction(stack, id, { entry: 'src/reports.ts', metrics: true }),
      'DuckDbQueryFunction': () => new library.DuckDbQueryFunction(stack, id, {
        queries: 'queries',
        metrics: true,
        bootstrap: [new library.S3Step({ buckets: [this.bucket('lake')] })],
        results: { bucket: this.bucket('results'), prefix: 'results/' },
      }),
      'DuckLakeMetadata': () => library.DuckLakeMetadata.file(this.bucket('lake'), 'catalogs/2026-01.ducklake'),
    };
    if (!values[type]) throw new Error(`an example declares ${name}: ${type}, which this test cannot give`);
    return values[type]();
  }

  private bucket(name: string): s3.IBucket {
    if (!this.buckets.has(name)) this.buckets.set(name, new s3.Bucket(this.stack, `Given${name}`));
    return this.buckets.get(name)!;
  }
}

const QUERIES = {
  'day-totals': '-- @param file VARCHAR\n-- @param month VARCHAR = \'2026-01\'\nSELECT $month AS month, count(*) AS orders FROM read_parquet($file)\n',
  'all-totals': '-- @param files VARCHAR[]\nSELECT sum(orders) AS orders FROM read_parquet($files)\n',
  'months': 'SELECT \'2026-01\' AS month\n',
};

describe('the examples of the classes', () => {
  const examples = examplesOf(join(ROOT, 'src'));
  const working = process.cwd();
  afterEach(() => process.chdir(working));

  test.each(Object.entries(examples))('%s: it synthesises', (_, code) => {
    const project = temporaryDirectory();
    const write = (name: string, text: string) => {
      mkdirSync(dirname(join(project, name)), { recursive: true });
      writeFileSync(join(project, name), text);
    };
    for (const [, entry] of `entry: 'src/reports.ts'\n${code}`.matchAll(/entry: '(.*?)'/g)) write(entry!, 'export const handler = () => 1;\n');
    for (const [name, sql] of Object.entries(QUERIES)) write(`queries/${name}.sql`, sql);
    process.chdir(project);

    const app = new App({ context: { 'aws:cdk:bundling-stacks': [] }, outdir: join(project, 'cdk.out') });
    const body = code.replace(/^declare const (\w+): (.*);$/gm, (__, name, type) => `const ${name} = given.value('${name}', '${type}') as ${type};`);
    const { outputText } = ts.transpileModule(FIXTURE.replace('/// here', `const given = givenIn(this);\n${body}`).replace('class Fixture', 'export class Fixture'), {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    });
    const exported: { Fixture?: new (scope: Construct, id: string) => Stack } = {};
    const required = (module: string) => (module === 'cdk-duckdb-lambda' ? library : jest.requireActual(module));
    new Function('exports', 'require', 'givenIn', outputText)(exported, required, (stack: Stack) => new Given(stack));
    new exported.Fixture!(app, 'Stack');
    expect(app.synth().getStackByName('Stack').messages.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
