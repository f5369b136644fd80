import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fitAssembly } from './fit-assembly';
import { EXAMPLES, synthesisedExample } from './synthesised';
import { docker, npmPackages, repositoryRoot, run, type MiniStackServer } from '../bed';
import { dockerClient } from '../bed/docker/docker-client';
import { newRunDirectory } from '../bed/process/run-directory';
import { boto } from '../lib-runtime/boto';
import { temporaryDirectory } from '../temporary-directory';

export type Example = keyof typeof EXAMPLES;

/** A text in a file of an example, and what stands there instead. */
export type Change = readonly [file: string, text: string, instead: string];

export const CDK_CLI = 'aws-cdk@2.1148.1';
const COMMAND = join(repositoryRoot, 'assets/cli/cdk-duckdb-lambda.mjs');
const ACCOUNT = '000000000000';

/** All examples, deployed into MiniStack as docs/local.md says: by their own apps, `cdk-duckdb-lambda images` and the CDK's own command line. */
export class DeployedExamples {
  private assembly = '';
  private resources: { readonly [stack: string]: { readonly [id: string]: string } } = {};

  /** MiniStack has the records of databases and no servers. The functions reach this server instead of each. */
  constructor(private readonly server: MiniStackServer, private readonly postgres: { readonly port: number }) {}

  /** Deploys the examples as they are, or with changes to them. */
  async deploy(changes: Partial<Record<Example, Change>> = {}): Promise<void> {
    this.assembly = await this.synthesise(changes);
    // The image of the others has an extension that a machine cannot get if it reaches only package registries.
    const built = names().filter((name) => name !== 'reports');
    for (const name of built) await this.run([COMMAND, 'images', join(this.assembly, name), '--account', ACCOUNT]);
    await this.cdk('deploy', '--app', this.assembly, '**', '--require-approval', 'never', '--concurrency', '4');
    this.resources = await boto(this.server, `
cloudformation = boto3.client('cloudformation')
def resources(stack): return cloudformation.describe_stack_resources(StackName=stack)['StackResources']
print(json.dumps({stack: {r['LogicalResourceId']: r['PhysicalResourceId'] for r in resources(stack)} for stack in ${JSON.stringify(Object.values(EXAMPLES).flat())}}))`);
  }

  async destroy(): Promise<void> {
    await this.cdk('destroy', '--app', this.assembly, '**', '--force');
  }

  /** The CDK's command line, with MiniStack in place of AWS. */
  async cdk(...args: string[]): Promise<string> {
    return this.run([join(await npmPackages('aws-cdk', [CDK_CLI]), 'aws-cdk/bin/cdk'), ...args, '--no-notices']);
  }

  /** The name or ARN of a resource, by its path in the stack. */
  resource(stack: string, path: string): string {
    const logicalId = new RegExp(`^${path}[0-9A-F]{8}$`);
    return Object.entries(this.resources[stack]!).find(([id]) => logicalId.test(id))![1];
  }

  /** The answer of a function. */
  async invoke(stack: string, id: string, event: object = {}): Promise<any> {
    const response = await fetch(`${this.server.endpoint}/2015-03-31/functions/${this.resource(stack, id)}/invocations`, { method: 'POST', body: JSON.stringify(event) });
    return response.json();
  }

  private async run(args: readonly string[]): Promise<string> {
    await docker(['version']);
    const env = {
      CDK_DOCKER: dockerClient(),
      DOCKER_BUILDKIT: '1',
      AWS_ENDPOINT_URL: this.server.endpoint,
      AWS_REGION: this.server.region,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    };
    return (await run(process.execPath, args, { cwd: temporaryDirectory(), env, timeoutMs: 300_000 })).stdout;
  }

  /** One assembly, in which each example has its own. */
  private async synthesise(changes: Partial<Record<Example, Change>>): Promise<string> {
    const assembly = temporaryDirectory();
    // Within the repository, so that they find the library and their packages.
    const sources = newRunDirectory('examples');
    cpSync(join(repositoryRoot, 'examples'), join(sources, 'examples'), { recursive: true });
    for (const [name, [file, text, instead]] of Object.entries(changes)) {
      edit(join(sources, 'examples', name, file), (source) => {
        if (!source.includes(text)) throw new Error(`${name}/${file} has no "${text}"`);
        return source.replace(text, instead);
      });
    }
    await Promise.all(names().map(async (name) => synthesisedExample(name, { assembly: join(assembly, name), examples: join(sources, 'examples') })));
    rmSync(sources, { recursive: true });
    for (const name of names()) await fitAssembly(join(assembly, name), this.postgres);
    const { version } = JSON.parse(readFileSync(join(assembly, names()[0]!, 'manifest.json'), 'utf8'));
    const artifacts = Object.fromEntries(names().map((name) => [`assembly-${name}`, { type: 'cdk:cloud-assembly', properties: { directoryName: name } }]));
    writeFileSync(join(assembly, 'manifest.json'), JSON.stringify({ version, artifacts }));
    return assembly;
  }
}

const names = () => Object.keys(EXAMPLES) as Example[];

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}
