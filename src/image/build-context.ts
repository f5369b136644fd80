import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { DockerBuildSecret } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { DockerImageCode } from 'aws-cdk-lib/aws-lambda';
import { isOfTheNetwork } from './build-args';
import { DockerfileSection, ImageHandler } from './image-handler';
import { ResolvedImage } from './resolved-image';
import { copyTree, readText } from './staged-files';
import { DuckDbImageBuildOptions } from '../image-build-options';
import { makeTemporaryFolder } from '../temporary-folder';

/** A build context on disk and the code that CDK makes from it. */
export interface StagedImage {
  readonly code: DockerImageCode;
  /** Removes the context. CDK has its own copy once the function is created. */
  cleanUp(): void;
}

const PACKAGE_ROOT = path.join(__dirname, '..', '..');

const ASSETS = path.join(PACKAGE_ROOT, 'assets', 'docker');

const STAGED_LOCK_FILE = 'duckdb-lock.json';

/** The build context's second Dockerfile. It builds the same image, with `RUN` steps that see the build secrets. */
const DOCKERFILE_WITH_SECRETS = 'Dockerfile.with-secrets';

/** The build secrets, as the Dockerfile's steps see them. Docker leaves out secrets that a build does not pass. */
const SECRET_MOUNTS = {
  caBundle: { id: 'ca-bundle', target: '/run/secrets/ca-bundle' },
  netrc: { id: 'netrc', target: '/run/secrets/netrc' },
  npmrc: { id: 'npmrc', target: '/run/secrets/npmrc' },
};

/** Node.js's and npm's names for the architectures of DuckDB's platforms. */
const TARGET_ARCHES: { [platform: string]: string } = { linux_amd64: 'x64', linux_arm64: 'arm64' };

/** Stages the build context of a function's image: the Dockerfile, the extension installer, the runtime and the handler. */
export function stageImage(image: ResolvedImage, handler: ImageHandler): StagedImage {
  return stage((context) => {
    const { imageBuild } = image;
    const userArgs = imageBuild.buildArgs ?? {};
    const targetArch = TARGET_ARCHES[image.platform];
    stageDockerfiles(context, Object.keys(userArgs), handler.sections);
    stageInstaller(image, path.join(context, 'installer'));
    stageRuntime(path.join(context, 'runtime'));
    handler.stage(context);

    const imageArgs = {
      BASE_IMAGE: image.baseImage,
      BUILD_IMAGE: image.buildImage,
      DUCKDB_VERSION: image.duckdbVersion,
      DUCKDB_PLATFORM: image.platform,
      TARGET_ARCH: targetArch,
      EXTENSIONS: image.extensions.map(({ name, repository }) => (repository === 'core' ? name : `${repository}:${name}`)).join(' '),
    };
    const secrets = buildSecrets(imageBuild);
    return DockerImageCode.fromImageAsset(context, {
      cmd: [handler.command],
      platform: targetArch === 'arm64' ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
      ...(secrets && { file: DOCKERFILE_WITH_SECRETS, buildSecrets: secrets }),
      networkMode: imageBuild.networkMode,
      buildArgs: {
        ...userArgs,
        ...imageArgs,
        EXTENSION_SOURCE: image.extensionRepository._source,
        INSTALL_OPTIONS: installOptions(image),
        ...(imageBuild.caBundle !== undefined && { NODE_EXTRA_CA_CERTS: SECRET_MOUNTS.caBundle.target }),
      },
      // The hash covers what ends up in the image, not how this machine reaches the network to build it.
      invalidation: { buildArgs: false, buildSecrets: false, file: false, networkMode: false, platform: false },
      extraHash: JSON.stringify([contentHash(context), imageArgs, withoutNetwork(userArgs)]),
    });
  });
}

function installOptions({ lock, extensions, imageBuild }: ResolvedImage): string {
  const allowDownload = extensions.some((extension) => extension.allowDownload);
  return [
    ...(lock ? ['--lock', STAGED_LOCK_FILE] : []),
    ...(allowDownload ? ['--allow-download'] : []),
    ...(imageBuild.buildSecrets?.netrc !== undefined ? ['--credentials', SECRET_MOUNTS.netrc.target] : []),
  ].join(' ');
}

/** The secrets for `docker build`, by id; undefined if there are none, so that the legacy builder works. */
function buildSecrets(imageBuild: DuckDbImageBuildOptions): { [id: string]: string } | undefined {
  const files = { caBundle: imageBuild.caBundle, ...imageBuild.buildSecrets };
  const given = Object.entries(files).filter((entry): entry is [keyof typeof SECRET_MOUNTS, string] => entry[1] !== undefined);
  if (given.length === 0) return undefined;
  given.forEach(([name, file]) => checkSecretFile(name, file));
  return Object.fromEntries(given.map(([name, file]) => [SECRET_MOUNTS[name].id, DockerBuildSecret.fromSrc(path.resolve(file))]));
}

/** Refuses what Docker could not mount, and certificates that Node.js would not read: it only warns of them, and then trusts none. */
function checkSecretFile(name: string, file: string): void {
  const found = fs.statSync(file, { throwIfNoEntry: false });
  if (!found) throw new Error(`cannot find the file of the build secret ${name}: "${file}"; looked for ${path.resolve(file)}`);
  if (found.isDirectory()) throw new Error(`the build secret ${name} is the directory "${file}": expected a file`);
  if (name === 'caBundle' && !/^-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/m.test(fs.readFileSync(file, 'utf8'))) {
    throw new Error(`the file of the build secret caBundle, "${file}", holds no certificate in PEM: expected text with -----BEGIN CERTIFICATE-----; `
      + 'convert DER with: openssl x509 -inform der');
  }
}

/** A placeholder for the image if CDK does not synthesise the stack, so that nothing is bundled for it. */
export function stagePlaceholder(): StagedImage {
  return stage((context) => {
    fs.writeFileSync(path.join(context, 'Dockerfile'), 'FROM scratch\n# Not bundled: this stack was not selected.\n');
    return DockerImageCode.fromImageAsset(context);
  });
}

function stage(fill: (context: string) => DockerImageCode): StagedImage {
  const { folder: context, remove: cleanUp } = makeTemporaryFolder();
  try {
    return { code: fill(context), cleanUp };
  } catch (error) {
    cleanUp();
    throw error;
  }
}

/**
 * Writes the Dockerfile, with an `ARG` for each of the user's build arguments (Docker hides undeclared ones from `RUN` steps), and a
 * second Dockerfile whose steps see build secrets. Both are always staged, so the asset's hash does not depend on which one a build takes.
 */
function stageDockerfiles(context: string, userArgs: string[], sections: DockerfileSection[]): void {
  const declarations = userArgs.filter((name) => !isOfTheNetwork(name)).map((name) => `ARG ${name}\n`).join('');
  const dockerfile = readText(path.join(ASSETS, 'Dockerfile'))
    .replace(/^# (node modules|queries)\n([^]*?)^# end of \1\n/gm, (_, section, lines) => (sections.includes(section) ? lines : ''))
    .replace(/^# user build args\n/gm, declarations);
  const mounts = Object.values(SECRET_MOUNTS).map(({ id, target }) => `--mount=type=secret,id=${id},target=${target} `).join('');
  fs.writeFileSync(path.join(context, 'Dockerfile'), dockerfile);
  fs.writeFileSync(path.join(context, DOCKERFILE_WITH_SECRETS), dockerfile.replace(/^RUN (?=npm |node )/gm, `RUN ${mounts}`));
}

/** Stages the extension installer with its inputs: the client's exact version, the lock file, vendored extensions. */
function stageInstaller({ nodeApiVersion, duckdbVersion, platform, extensionRepository, lock }: ResolvedImage, target: string): void {
  copyTree(ASSETS, target, (name) => name !== 'Dockerfile');
  if (extensionRepository._directory) {
    copyExtensions(extensionRepository._directory, path.join(`v${duckdbVersion}`, platform), path.join(target, 'extensions'));
  }
  if (lock) fs.writeFileSync(path.join(target, STAGED_LOCK_FILE), lock.text);
  // `npm install` takes the packages of a package-lock.json beside it, and refuses those whose integrity differs.
  const client = path.join(target, 'client');
  const manifest = { private: true, dependencies: { '@duckdb/node-api': nodeApiVersion } };
  fs.mkdirSync(client);
  writeJson(path.join(client, 'package.json'), manifest);
  if (lock) writeJson(path.join(client, 'package-lock.json'), lock.npmLockFile(manifest, TARGET_ARCHES[platform]));
}

/** Copies the extensions of one version and platform, and the manifest that describes them. */
function copyExtensions(directory: string, release: string, target: string): void {
  copyTree(path.join(directory, release), path.join(target, release));
  const manifest = path.join(directory, 'manifest.json');
  if (fs.existsSync(manifest)) fs.copyFileSync(manifest, path.join(target, 'manifest.json'));
}

/** What the built runtime has for synthesis alone: types, and the check of query files. */
const NOT_IN_IMAGE = /\.d\.m?ts$|^check-queries\.js$/;

/** Stages the runtime as a separate package, so that `import 'cdk-duckdb-lambda/runtime'` finds it whether the handler's project lists it or not. */
function stageRuntime(target: string): void {
  const built = path.join(PACKAGE_ROOT, 'runtime');
  if (!fs.existsSync(built)) {
    throw new Error(`cannot find the built runtime at ${built}: in a clone of this library, build it first with: npx projen pre-compile`);
  }
  copyTree(built, path.join(target, 'runtime'), (name) => !NOT_IN_IMAGE.test(name));
  const { name, license, exports } = JSON.parse(fs.readFileSync(path.join(PACKAGE_ROOT, 'package.json'), 'utf8'));
  const manifest = { name, license, exports: { './runtime': exports['./runtime'] } };
  writeJson(path.join(target, 'package.json'), manifest);
}

function writeJson(file: string, value: unknown): void {
  fs.writeFileSync(file, JSON.stringify(value, undefined, 2) + '\n');
}

/** SHA-256 over the paths and bytes of a tree. Modes are left out: the Dockerfile sets them. */
function contentHash(directory: string): string {
  const hash = createHash('sha256');
  const add = (folder: string) => {
    for (const item of fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = path.join(folder, item.name);
      if (item.isDirectory()) {
        add(file);
      } else {
        const bytes = fs.readFileSync(file);
        hash.update(`${path.relative(directory, file).split(path.sep).join('/')}\0${bytes.length}\0`).update(bytes);
      }
    }
  };
  add(directory);
  return hash.digest('hex');
}

function withoutNetwork(buildArgs: { [name: string]: string }): string[][] {
  return Object.entries(buildArgs).filter(([name]) => !isOfTheNetwork(name)).sort();
}
