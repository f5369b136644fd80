import { CONTAINER_HOST, startMiniStack, type MiniStackServer } from '../bed';
import { Deployment } from '../examples/deployment';
import { boto } from '../lib-runtime/boto';
import { frontOf, type Front } from '../lib-runtime/front';

/** The bucket of the orders. It is empty. */
export const LAKE = 'my-data-lake';

export interface DeployedScaleOut {
  readonly server: MiniStackServer;
  /** Stands between the functions and S3. */
  readonly s3: Front;
  /** The ARNs of the state machines. */
  readonly machines: Readonly<Record<'Totals' | 'Compaction', string>>;
  /** The name of the bucket of the results. */
  readonly results: string;
  /** Starts an execution, and returns its ARN. */
  start(machine: string): Promise<string>;
  ended(execution: string): Promise<Execution>;
  /** Asks S3, with a bucket and a key as path. */
  request(method: string, path: string, body?: string | Uint8Array<ArrayBuffer>): Promise<Response>;
  stop(): Promise<void>;
}

export interface Execution {
  readonly status: string;
  readonly output?: string;
  readonly cause?: string;
}

/** Deploys the synthesised example of many functions into a stand-in of AWS. */
export async function deployScaleOut(assembly: string): Promise<DeployedScaleOut> {
  const server = await startMiniStack({ waitScale: 0.1 });
  const s3 = await frontOf(server.endpoint, '0.0.0.0');
  const deployment = new Deployment(server);
  await deployment.bootstrap();
  await deployment.deploy(assembly);
  await boto(server, `
functions = boto3.client('lambda')
name = '${deployment.resource('ScaleOut', 'Orders')}'
variables = functions.get_function_configuration(FunctionName=name)['Environment']['Variables']
endpoint = {'AWS_ENDPOINT_URL_S3': '${s3.endpoint.replace('127.0.0.1', CONTAINER_HOST)}'}
functions.update_function_configuration(FunctionName=name, Environment={'Variables': {**variables, **endpoint}})
boto3.client('s3', region_name='us-east-1').create_bucket(Bucket='${LAKE}')`);
  const machines = { Totals: deployment.resource('ScaleOut', 'TotalsMachine'), Compaction: deployment.resource('ScaleOut', 'CompactionMachine') };
  const results = deployment.resource('ScaleOut', 'Results');

  const start = async (machine: string): Promise<string> => (
    boto(server, `print(json.dumps(boto3.client('stepfunctions').start_execution(stateMachineArn='${machine}', input='{}')['executionArn']))`)
  );
  const ended = async (execution: string): Promise<Execution> => boto(server, `
import time
client = boto3.client('stepfunctions')
while (described := client.describe_execution(executionArn='${execution}'))['status'] == 'RUNNING': time.sleep(0.2)
print(json.dumps(described, default=str))`, 300_000);
  const request = async (method: string, path: string, body?: string | Uint8Array<ArrayBuffer>) => {
    const response = await fetch(`${server.endpoint}/${path}`, { method, body });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const stop = async () => {
    await server.stop();
    await s3.stop();
  };
  return { server, s3, machines, results, start, ended, request, stop };
}
