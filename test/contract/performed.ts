import type { AddressInfo } from 'net';
import { createServer, IncomingMessage } from 'node:http';
import { makeSteps } from '../../lib-runtime/bootstrap/step-types';
import type { BootstrapStepConfig } from '../../src';

/** What the runtime makes of a step's configuration: the settings that it needs, and its SQL with the values that are bound. No lake exists. */
export async function performed({ type, provides = [], config = {} }: BootstrapStepConfig): Promise<string> {
  const done: unknown[] = [];
  const connection = {
    run: async (sql: string) => {
      done.push(sql);
      if (sql.includes('CREATE_IF_NOT_EXISTS false')) throw new Error('Existing DuckLake at metadata catalog "lake" does not exist');
      return { getRows: async () => [[false]] };
    },
    prepare: async (sql: string) => (
      { bind: (values: object) => done.push(sql, values), run: async () => undefined, destroySync: () => undefined }
    ),
  };
  const execute = async (sql: string, values: unknown) => { done.push(sql, values); };
  const context = { error: undefined, execute, ensureExtension: async () => undefined };
  const declared = { name: 'step', type, provides, config: JSON.parse(JSON.stringify(config)) };
  const [step] = makeSteps([declared], { env: process.env, timeoutSeconds: undefined });
  const maxStalenessMs = step.maxStalenessMsOf?.('s3://lake/x');
  if (maxStalenessMs) done.push(`maxStalenessMs is ${maxStalenessMs}`);
  if (step.prefetch) done.push(`prefetch is ${step.prefetch}`);
  await step.run(connection as any, context).catch(({ message }) => done.push(message));
  return JSON.stringify(done, undefined, 1);
}

export interface AnsweringServer {
  readonly endpoint: string;
  /** The bodies of the requests that came. */
  readonly requests: string[];
  stop(): void;
}

/** SSM, Secrets Manager and STS, which answer with what they are asked for, so that what is done with the answer tells what was asked. */
export async function startAnswering(): Promise<AnsweringServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      requests.push(body);
      response.end(answerTo(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, stop: () => server.close() };
}

function answerTo(body: string): string {
  if (body.includes('Action=AssumeRole')) {
    const keys = { AccessKeyId: new URLSearchParams(body).get('RoleArn'), SecretAccessKey: 's', SessionToken: 't', Expiration: '2100-01-01T00:00:00Z' };
    return Object.entries(keys).map(([name, value]) => `<${name}>${value}</${name}>`).join('');
  }
  const { Name, SecretId } = JSON.parse(body);
  const fields = { host: 'db.example.com', dbname: 'app', username: 'reader', password: `password of ${SecretId}`, other: `other of ${SecretId}` };
  return JSON.stringify(Name === undefined ? { SecretString: JSON.stringify(fields) } : { Parameter: { Value: `value of ${Name}` } });
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
