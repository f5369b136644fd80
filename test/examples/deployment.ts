import { join } from 'node:path';
import { docker, repositoryRoot, run, type MiniStackServer } from '../bed';
import { dockerClient } from '../bed/docker/docker-client';
import { cdkCli, QUICK_POLLS } from '../bed/process/cdk-cli';
import { boto } from '../lib-runtime/boto';
import { temporaryDirectory } from '../temporary-directory';

const COMMAND = join(repositoryRoot, 'assets/cli/cdk-duckdb-lambda.mjs');
const ACCOUNT = '000000000000';

/** Of stacks: all at once. The CDK's command line mostly waits for them. */
const CONCURRENCY = '20';

/** Stacks in MiniStack, deployed as docs/local.md says: by `cdk-duckdb-lambda images` and the CDK's own command line. */
export class Deployment {
  private assembly = '';
  private stacks: Readonly<Record<string, Readonly<Record<'resources' | 'outputs', Readonly<Record<string, string>>>>>> = {};

  constructor(private readonly server: MiniStackServer) {}

  /** What a new account needs once. */
  async bootstrap(): Promise<void> {
    await this.cdk('bootstrap', `aws://${ACCOUNT}/${this.server.region}`);
  }

  /** Deploys all stacks of an assembly, for the first time or again. */
  async deploy(assembly: string): Promise<void> {
    this.assembly = assembly;
    await this.run(COMMAND, 'images', assembly, '--account', ACCOUNT);
    await this.cdk('deploy', '--app', assembly, '**', '--require-approval', 'never', '--concurrency', CONCURRENCY);
    this.stacks = await boto(this.server, `
cloudformation = boto3.client('cloudformation')
def resources(stack): return cloudformation.describe_stack_resources(StackName=stack['StackName'])['StackResources']
print(json.dumps({stack['StackName']: {
  'resources': {r['LogicalResourceId']: r['PhysicalResourceId'] for r in resources(stack)},
  'outputs': {o['OutputKey']: o['OutputValue'] for o in stack.get('Outputs', [])},
} for stack in cloudformation.describe_stacks()['Stacks']}))`);
  }

  async destroy(): Promise<void> {
    await this.cdk('destroy', '--app', this.assembly, '**', '--force', '--concurrency', CONCURRENCY);
  }

  /** The name or ARN of a resource, by its path in the stack. */
  resource(stack: string, path: string): string {
    const logicalId = new RegExp(`^${path}[0-9A-F]{8}$`);
    return Object.entries(this.stacks[stack]!.resources).find(([id]) => logicalId.test(id))![1];
  }

  output(stack: string, name: string): string {
    return this.stacks[stack]!.outputs[name]!;
  }

  /** The answer of a function. */
  async invoke(stack: string, path: string, event: object = {}): Promise<any> {
    const url = `${this.server.endpoint}/2015-03-31/functions/${this.resource(stack, path)}/invocations`;
    return (await fetch(url, { method: 'POST', body: JSON.stringify(event) })).json();
  }

  private async cdk(...args: string[]): Promise<void> {
    await this.run('--require', QUICK_POLLS, await cdkCli(), ...args, '--no-notices');
  }

  private async run(...args: string[]): Promise<void> {
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
    await run(process.execPath, args, { cwd: temporaryDirectory(), env, timeoutMs: 300_000 });
  }
}
