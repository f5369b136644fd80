import { join } from 'node:path';
import type { Availability } from '../availability';
import { docker } from '../docker/docker';
import { dockerAvailability } from '../docker/docker-engine';
import { startProcess, type BackgroundProcess } from '../process/background-process';
import { freePort } from '../process/free-port';
import { pythonAvailability, pythonPackages } from '../process/packages';
import { isAlive, processIdentity } from '../process/process-identity';
import { newRunDirectory } from '../process/run-directory';

export interface MiniStackOptions {
  /** How long Step Functions waits, as a share of the time that a definition asks for, between the attempts of a task too. @default 1 */
  readonly waitScale?: number;
  /** Check signatures and IAM policies, those of Iceberg's REST catalogs too. The access key `test` may do everything. @default false */
  readonly iam?: boolean;
}

export interface MiniStackServer extends BackgroundProcess {
  /** Of every service, as this machine sees it; containers use `CONTAINER_HOST` and `port`. */
  readonly endpoint: string;
  readonly port: number;
  readonly region: string;
  /** The ids of the containers in which functions run now. */
  functionContainers(): Promise<string[]>;
}

const REGION = 'eu-west-1';

/** A label of MiniStack's containers. It has the name of the host, for which the bed puts the process that started the server. */
const INSTANCE_LABEL = 'ministack.instance';
const OWNED = /^test-bed (?<owner>.+):\d+$/;

/** It needs Python, and an engine for its containers. */
export function miniStackAvailability(): Availability {
  const engine = dockerAvailability();
  return engine.available ? pythonAvailability() : engine;
}

/** With Docker's client for functions from images, and AWS's for functions in Python, such as those that CDK adds to a stack. */
export const installMiniStack = async () => pythonPackages('ministack', ['ministack==1.5.33', 'docker==7.1.0', 'boto3==1.43.28']);

/**
 * MiniStack, a server of the AWS APIs on all addresses: its CloudFormation deploys stacks, its Step Functions runs state machines with
 * Distributed Maps, and its Lambda runs images in containers. S3 Tables and Glue are Iceberg REST catalogs.
 */
export async function startMiniStack({ waitScale = 1, iam = false }: MiniStackOptions = {}): Promise<MiniStackServer> {
  const environment = await installMiniStack();
  await removeContainers((owner) => !isAlive(owner));
  const directory = newRunDirectory('ministack');
  const port = await freePort();
  const owner = processIdentity(process.pid)!;
  const { pid, stop } = await startProcess({
    directory,
    command: [join(environment, 'bin/python'), '-m', 'ministack'],
    env: {
      GATEWAY_PORT: `${port}`,
      MINISTACK_HOSTNAME: `test-bed ${owner}`,
      MINISTACK_REGION: REGION,
      LAMBDA_DOCKER_FLAGS: '--read-only --tmpfs=/tmp:size=512m,mode=1777',
      SFN_WAIT_SCALE: `${waitScale}`,
      ...iam && { AUTH: 'true' },
      // Listeners on ports of their own, which nobody asks.
      SFTP_ENABLED: '0',
      IOT_MTLS_ENABLED: '0',
      TMPDIR: directory,
    },
    port,
  });
  const instance = `test-bed ${owner}:${port}`;
  return {
    pid,
    endpoint: `http://127.0.0.1:${port}`,
    port,
    region: REGION,
    functionContainers: async () => (await containers(`${INSTANCE_LABEL}=${instance}`)).map(({ id }) => id),
    stop: async () => {
      await stop();
      await removeContainers((_, label) => label === instance);
    },
  };
}

async function removeContainers(isLeftOver: (owner: string, instance: string) => boolean): Promise<void> {
  const left = (await containers(INSTANCE_LABEL, '--all')).filter(({ instance }) => {
    const owner = OWNED.exec(instance)?.groups?.owner;
    return owner !== undefined && isLeftOver(owner, instance);
  });
  if (left.length > 0) await docker(['rm', '--force', '--volumes', ...left.map(({ id }) => id)]);
}

async function containers(label: string, ...options: string[]): Promise<{ id: string; instance: string }[]> {
  const { stdout } = await docker(['ps', '--no-trunc', ...options, '--filter', `label=${label}`, '--format', `{{.ID}} {{.Label "${INSTANCE_LABEL}"}}`]);
  return stdout.split('\n').filter(Boolean).map((line) => line.split(/ (.*)/)).map(([id, instance]) => ({ id, instance }));
}
