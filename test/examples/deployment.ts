import { join } from 'node:path';
import { docker, repositoryRoot, run, type MiniStackServer } from '../bed';
import { dockerClient } from '../bed/docker/docker-client';
import { cdkCli } from '../bed/process/cdk-cli';
import { boto } from '../lib-runtime/boto';
import { temporaryDirectory } from '../temporary-directory';

const COMMAND = join(repositoryRoot, 'assets/cli/cdk-duckdb-lambda.mjs');
const ACCOUNT = '000000000000';

/** Stacks in MiniStack, deployed as docs/local.md says: by `cdk-duckdb-lambda images` and the CDK's own command line. */
export class Deployment {
  private assembly = '';
  private readonly stacks = new Map<string, Readonly<Record<string, string>>>();

  constructor(private readonly server: MiniStackServer) {}

  /** What a new account needs once. */
  async bootstrap(): Promise<void> {
    await this.cdk('bootstrap', `aws://${ACCOUNT}/${this.server.region}`);
  }

  /** Deploys all stacks of an assembly, for the first time or again. The images that are built may be those of some of its assemblies only. */
  async deploy(assembly: string, imagesOf: readonly string[] = [assembly]): Promise<void> {
    this.assembly = assembly;
    for (const each of imagesOf) await this.run(COMMAND, 'images', each, '--account', ACCOUNT);
    await this.cdk('deploy', '--app', assembly, '**', '--require-approval', 'never', '--concurrency', '4');
    const resources = await boto(this.server, `
cloudformation = boto3.client('cloudformation')
stacks = [stack['StackName'] for stack in cloudformation.describe_stacks()['Stacks']]
def resources(stack): return cloudformation.describe_stack_resources(StackName=stack)['StackResources']
print(json.dumps({stack: {r['LogicalResourceId']: r['PhysicalResourceId'] for r in resources(stack)} for stack in stacks}))`);
    for (const [stack, names] of Object.entries<Record<string, string>>(resources)) this.stacks.set(stack, names);
  }

  async destroy(): Promise<void> {
    await this.cdk('destroy', '--app', this.assembly, '**', '--force');
  }

  /** The name or ARN of a resource, by its path in the stack. */
  resource(stack: string, path: string): string {
    const logicalId = new RegExp(`^${path}[0-9A-F]{8}$`);
    return Object.entries(this.stacks.get(stack)!).find(([id]) => logicalId.test(id))![1];
  }

  /** The answer of a function. */
  async invoke(stack: string, path: string, event: object = {}): Promise<any> {
    return (await fetch(`${this.urlOf(stack, path)}/invocations`, { method: 'POST', body: JSON.stringify(event) })).json();
  }

  /** A function's code and configuration. */
  async describeFunction(stack: string, path: string): Promise<any> {
    return (await fetch(this.urlOf(stack, path))).json();
  }

  private urlOf(stack: string, path: string): string {
    return `${this.server.endpoint}/2015-03-31/functions/${this.resource(stack, path)}`;
  }

  private async cdk(...args: string[]): Promise<void> {
    await this.run(await cdkCli(), ...args, '--no-notices');
  }

  private async run(script: string, ...args: string[]): Promise<void> {
    await docker(['version']);
    const env = {
      CDK_DOCKER: dockerClient(),
      DOCKER_BUILDKIT: '1',
      AWS_ENDPOINT_URL: this.server.endpoint,
      AWS_REGION: this.server.region,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    };
    // Elsewhere than in a CDK project, whose app would be run.
    await run(process.execPath, [script, ...args], { cwd: temporaryDirectory(), env, timeoutMs: 300_000 });
  }
}
