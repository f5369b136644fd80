import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { docker, lambdaBaseImage, startMiniStack, type MiniStackServer } from '..';
import { boto } from '../../lib-runtime/boto';
import { temporaryDirectory } from '../../temporary-directory';
import { isAlive, processIdentity } from '../process/process-identity';
import { describeWith } from '../require';

const HANDLER = `
import { writeFileSync } from 'node:fs';
const write = (file) => { try { writeFileSync(file, ''); return 'written'; } catch ({ code }) { return code; } };
export const handler = async ({ what }) => ({ asked: what, var: write('/var/file'), tmp: write('/tmp/file') });
`;

describeWith(['ministack', 'aws'], 'startMiniStack', () => {
  let server: MiniStackServer;

  beforeAll(async () => { server = await startMiniStack({ waitScale: 0 }); }, 60_000);
  afterAll(() => server?.stop());

  it('runs the image of a function in a read-only container, from a state machine', async () => {
    const image = 'test-bed-ministack';
    const context = temporaryDirectory();
    writeFileSync(join(context, 'index.mjs'), HANDLER);
    writeFileSync(join(context, 'Dockerfile'), `FROM ${(await lambdaBaseImage()).reference}\nCOPY index.mjs /var/task/\n`);
    await docker(['build', '--quiet', '--tag', image, context]);
    expect(await boto(server, `
import time
functions, states = boto3.client('lambda'), boto3.client('stepfunctions')
role = 'arn:aws:iam::000000000000:role/any'
fn = functions.create_function(FunctionName='fn', Role=role, PackageType='Image', Code={'ImageUri': '${image}'}, ImageConfig={'Command': ['index.handler']}, Timeout=30)
definition = {'StartAt': 'Ask', 'States': {'Ask': {'Type': 'Task', 'Resource': 'arn:aws:states:::lambda:invoke', 'End': True, 'OutputPath': '$.Payload',
  'Parameters': {'FunctionName': fn['FunctionArn'], 'Payload.$': '$'}}}}
machine = states.create_state_machine(name='machine', definition=json.dumps(definition), roleArn=role)['stateMachineArn']
execution = states.start_execution(stateMachineArn=machine, input='{"what": "tea"}')['executionArn']
while (described := states.describe_execution(executionArn=execution))['status'] == 'RUNNING': time.sleep(0.2)
print(json.dumps([described['status'], json.loads(described.get('output', 'null'))]))`)).toEqual(['SUCCEEDED', { asked: 'tea', var: 'EROFS', tmp: 'written' }]);
  }, 60_000);

  it('leaves neither a process nor a container', async () => {
    const containers = await server.functionContainers();
    expect(containers).toHaveLength(1);
    const identity = processIdentity(server.pid)!;
    await server.stop();
    expect(isAlive(identity)).toBe(false);
    const { stdout } = await docker(['ps', '--all', '--no-trunc', '--quiet']);
    expect(stdout).not.toContain(containers[0]);
  }, 60_000);
});
