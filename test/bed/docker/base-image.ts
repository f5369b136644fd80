import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { docker } from './docker';
import { bedPath } from '../paths';
import { aptInstall, canInstallPackages } from '../process/apt';
import { run } from '../process/command';
import { withLock } from '../process/lock';
import { digestOf, madeOnce } from '../process/made-once';
import { npmPackages, pythonPackages } from '../process/packages';

export type Architecture = 'x86_64' | 'arm64';

export interface BaseImage {
  readonly reference: string;
  /** Whether it only resembles AWS's image, because that cannot be pulled here. */
  readonly standIn: boolean;
}

export interface BuildNetwork {
  /** The value of `docker build --network`, if the default does not work. */
  readonly network?: string;
  readonly buildArgs: Readonly<Record<string, string>>;
}

export const HOST_ARCHITECTURE: Architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';

const AWS_IMAGE = 'public.ecr.aws/lambda/nodejs:24';
const NODE_VERSION = '24.21.0';
const NPM_VERSION = '11.21.2';
export const RUNTIME_CLIENT_VERSION = '4.0.2';
const SAM_VERSION = '1.170.0';
const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/** Each architecture's name in the sources of the stand-in. */
const NAMES = {
  x86_64: { node: 'x64', debian: 'amd64', triplet: 'x86_64-linux-gnu' },
  arm64: { node: 'arm64', debian: 'arm64', triplet: 'aarch64-linux-gnu' },
};

const images = new Map<Architecture, Promise<BaseImage>>();

/** AWS's own Node.js image for Lambda if it is present or can be pulled, otherwise a stand-in built from packages and this machine's libraries. */
export async function lambdaBaseImage(architecture: Architecture = HOST_ARCHITECTURE): Promise<BaseImage> {
  let image = images.get(architecture);
  if (image === undefined) {
    image = findOrMakeImage(architecture);
    images.set(architecture, image);
    image.catch(() => images.delete(architecture));
  }
  return image;
}

/** What `docker build` needs on this machine so that its RUN steps reach the package registries. */
export async function buildNetwork(): Promise<BuildNetwork> {
  const { standIn } = await lambdaBaseImage();
  return standIn ? { network: 'host', buildArgs: { NODE_EXTRA_CA_CERTS: CA_BUNDLE } } : { buildArgs: {} };
}

async function findOrMakeImage(architecture: Architecture): Promise<BaseImage> {
  // Docker keeps only one architecture under a name. BuildKit pulls other architectures when a build needs them.
  if (architecture === HOST_ARCHITECTURE && await isPresent(AWS_IMAGE)) return { reference: AWS_IMAGE, standIn: false };
  // A bare machine has none. Images that are built here trust the same certificates as this machine.
  if (canInstallPackages()) await aptInstall(['ca-certificates'], () => existsSync(CA_BUNDLE));
  const reference = standInReference(architecture);
  if (reference !== undefined && await isPresent(reference)) return { reference, standIn: true };
  if (await isReachable(AWS_IMAGE)) {
    if (architecture === HOST_ARCHITECTURE) await docker(['pull', '--quiet', AWS_IMAGE], { timeoutMs: 600_000 });
    return { reference: AWS_IMAGE, standIn: false };
  }
  if (reference === undefined) throw new Error(`cannot pull ${AWS_IMAGE}, and its stand-in is made on Debian only: check the network`);
  await withLock(`base-image-${architecture}`, async () => {
    if (!await isPresent(reference)) await buildStandIn(architecture, reference);
  });
  return { reference, standIn: true };
}

async function isPresent(reference: string): Promise<boolean> {
  return docker(['image', 'inspect', reference], { timeoutMs: 20_000 }).then(() => true, () => false);
}

async function isReachable(reference: string): Promise<boolean> {
  const registry = `https://${reference.split('/', 1)[0]}/v2/`;
  return fetch(registry, { signal: AbortSignal.timeout(5_000) }).then(() => true, () => false);
}

/** Names the stand-in after all of its inputs. */
function standInReference(architecture: Architecture): string | undefined {
  if (!existsSync('/etc/debian_version') || !existsSync(CA_BUNDLE)) return undefined;
  const recipe = recipeDirectory();
  const files = readdirSync(recipe).sort().map((name) => readFileSync(join(recipe, name)));
  const versions = [NODE_VERSION, NPM_VERSION, RUNTIME_CLIENT_VERSION, SAM_VERSION].join(' ');
  const digest = digestOf([...files, versions, readFileSync('/etc/debian_version'), readFileSync(CA_BUNDLE)]);
  return `cdk-duckdb-lambda-test-bed/nodejs:24-${architecture}-${digest}`;
}

/** The Node.js that the base image runs, for this machine if it has Linux. */
export async function lambdaNode(architecture: Architecture = HOST_ARCHITECTURE): Promise<string> {
  const { node } = NAMES[architecture];
  const name = `node-linux-${node}`;
  const modules = await npmPackages(name, [`${name}@${NODE_VERSION}`], ['--ignore-scripts', '--force', '--os', 'linux', '--cpu', node]);
  return join(modules, name, 'bin/node');
}

async function buildStandIn(architecture: Architecture, reference: string): Promise<void> {
  const names = NAMES[architecture];
  const modules = await npmPackages('lambda-runtime', [`aws-lambda-ric@${RUNTIME_CLIENT_VERSION}`, `npm@${NPM_VERSION}`], ['--ignore-scripts']);
  const sam = await pythonPackages('aws-sam-cli', [`aws-sam-cli==${SAM_VERSION}`], ['--no-deps', '--target', 'files']);
  const context = bedPath('cache', `base-image-${architecture}`);
  await run(join(recipeDirectory(), 'assemble.sh'), [
    await debianSystem(architecture),
    names.triplet,
    await lambdaNode(architecture),
    modules,
    join(sam, `files/samcli/local/rapid/aws-lambda-rie-${architecture}`),
    context,
  ]);
  await docker(['build', '--quiet', '--platform', `linux/${names.debian}`, '--tag', reference, context]);
}

/** The root of a Debian system: this machine's own or, for another architecture, one that is unpacked and never run. */
async function debianSystem(architecture: Architecture): Promise<string> {
  if (architecture === HOST_ARCHITECTURE) return '/';
  if (!canInstallPackages()) throw new Error(`cannot make the ${architecture} base image: run as root on Debian, or with access to ${AWS_IMAGE}`);
  const { debian } = NAMES[architecture];
  await aptInstall(['debootstrap'], () => existsSync('/usr/sbin/debootstrap'));
  return madeOnce(`debian-${debian}`, ['bookworm'], async (directory) => {
    await run('debootstrap', ['--variant=minbase', '--arch', debian, '--foreign', '--include=libstdc++6', 'bookworm', directory], { timeoutMs: 300_000 });
  });
}

const recipeDirectory = () => join(__dirname, '..', 'base-image');
